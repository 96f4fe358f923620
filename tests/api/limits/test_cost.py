"""The cost of an operation."""

from cProfile import Profile

import pytest
from graphql import get_introspection_query, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from api.documents.cost import COUNT_CAP, Costs
from api.documents.cost_table import LENGTHS, LENGTHS_BY_ARGUMENT, WEIGHTS, WEIGHTS_OF_LISTS
from api.documents.visitor import measure_document
from api.graphql.schema import schema
from domain.settings import Settings
from tests.api.limits.selections import Written, documents
from web.documents import DOCUMENTS

MAX_COST = Settings.model_fields["max_cost"].default
CREDITS = "{ viewer { organization { credits(first: 100) { nodes { %s } } } } }"


def costs_of(text: str) -> Costs:
    return measure_document(schema._schema, parse(text)).costs


def cost(text: str, **variables: object) -> int:
    assert validate(schema._schema, parse(text)) == []
    return costs_of(text).of(None, variables)


@given(documents())
@settings(max_examples=30, deadline=None)
def test_fragments_aliases_and_variables_do_not_change_what_a_query_costs(written: Written) -> None:
    artful = costs_of(written.artful)

    assert artful.of("Artful", written.sizes) == costs_of(written.plain).of(None, None)


@given(documents(), st.data())
@settings(max_examples=30, deadline=None)
def test_a_larger_page_never_costs_less(written: Written, data: st.DataObject) -> None:
    costs = costs_of(written.artful)
    larger = {name: data.draw(st.integers(size, 100)) for name, size in written.sizes.items()}

    assert costs.of(None, larger) >= costs.of(None, written.sizes)


@pytest.mark.parametrize("links", [20, 60])
def test_a_chain_of_fragments_that_doubles_is_visited_and_valued_in_linear_time(links: int) -> None:
    chain = [
        f"fragment F{n} on Organization {{ ...F{n + 1} credits(first: $n) {{ nodes {{ id }} }} ...F{n + 1} }}"
        for n in range(links)
    ]
    text = f"query ($n: Int) {{ viewer {{ organization {{ ...F0 }} }} }} {' '.join(chain)}"
    measure = measure_document(
        schema._schema, parse(f"{text} fragment F{links} on Organization {{ creditStatus {{ pending }} }}")
    )
    profile = Profile(subcalls=False, builtins=False)

    points = profile.runcall(measure.costs.of, None, {"n": 10})

    # Each definition and selection was visited once.
    assert measure.complexity.written == 6 * links + 7
    assert sum(entry.callcount for entry in profile.getstats()) < 20 * links
    assert MAX_COST < points <= COUNT_CAP


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ policy { coolOffDays yearDays } }", 1),
        ("{ __typename }", 1),
        ("{ viewer { member { name } } }", 2),
        # The connection and its statement, and each node with its certification.
        (CREDITS % "id certification { code }", 2 + 50 + 1 + 100 * 2),
        ("{ certifications { edges { node { code } } pageInfo { endCursor } } }", 11 + 1 + 25 * 2),
        # Computed once for all the credits of the list, and five of them for each.
        (CREDITS % "contributions { points }", 2 + 50 + 1 + 100 * 6 + 400),
        ('mutation { resendInvitation(input: { invitationId: "x" }) { __typename } }', 61),
    ],
)  # fmt: skip
def test_a_point_is_an_object_of_the_answer_and_few_fields_weigh_more(text: str, points: int) -> None:
    assert cost(text) == points


@pytest.mark.parametrize(
    ("arguments", "variables", "size"),
    [
        ("", {}, 25),
        ("(first: null)", {}, 25),
        ("(first: 7)", {}, 7),
        ("(last: 7)", {}, 7),
        ("(first: 7, last: 9)", {}, 9),
        ("(first: $n)", {}, 3),
        ("(first: $n)", {"n": None}, 25),
        ("(first: $n)", {"n": 7}, 7),
        ("(first: $n)", {"n": 7.0}, 7),
        ("(first: $n)", {"n": 1_000_000}, 100),
        ("(first: $n)", {"n": -5}, 100),
        ("(first: $n)", {"n": "7"}, 100),
        ("(first: $n)", {"n": [{}]}, 100),
        ("(first: $n)", {"n": True}, 100),
    ],
)
def test_a_page_is_as_large_as_is_asked_for_and_what_will_be_refused_is_the_largest(
    arguments: str, variables: dict[str, object], size: int
) -> None:
    text = f"query ($n: Int = 3) {{ certifications{arguments} {{ nodes {{ code }} }} }}"

    assert costs_of(text).of(None, variables) == 11 + size


def test_only_the_operation_that_is_asked_for_is_paid() -> None:
    costs = costs_of(f"query A {{ policy {{ yearDays }} }} query B {CREDITS % 'id'}")

    assert (costs.of("A", None), costs.of("B", None)) == (1, 153)


def test_a_list_by_ids_is_as_long_as_the_ids() -> None:
    text = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Member { organization { name } } } }"

    assert [cost(text, ids=ids) for ids in (["x"], ["x"] * 50, "x", None)] == [2, 100, 2, 2]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_our_own_pages_may_be_asked(name: str) -> None:
    assert cost(DOCUMENTS[name]) < MAX_COST / 10


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(get_introspection_query(), id="introspection"),
        pytest.param(
            CREDITS
            % """id status member { name invitation { id } organization { name } }
            certification { code retirement { rule } } explanation { summary reasons { code contribution { program } } }
            contributions { program } timeline { kind at }""",
            id="all of a hundred credits",
        ),
        pytest.param(
            """{ viewer { organization { skillsReport(first: 100) { totalCount nodes {
            person { name } certification { code } contributions { program points } } } } } }""",
            id="a hundred rows of the report",
        ),
        pytest.param(
            """{ viewer { organization { members(first: 100) { nodes {
            name credits(first: 25) { totalCount nodes { certification { code } } } } } } } }""",
            id="a hundred members with the first of their credits",
        ),
        pytest.param(
            """{ viewer { organization { creditStatus { pending } attainments { points program { title } }
            fragility { attainment { program { title } } requirements { spare } criticalMembers { name } }
            forecast(until: "2027-01-01") { steps { date causes { kind credit { member { name } } }
            changed { points } } } } } }""",
            id="an organization's outlook",
        ),
    ],
)
def test_a_sensible_query_may_be_asked(text: str) -> None:
    assert cost(text) <= MAX_COST


@pytest.mark.parametrize("inner", ["nodes { id }", "edges { node { id } }"])
def test_a_hundred_credits_of_each_of_a_hundred_members_may_not(inner: str) -> None:
    text = "{ viewer { organization { members(first: 100) { nodes { credits(first: 100) { %s } } } } } }"

    assert cost(text % inner) > MAX_COST


def test_everything_that_has_a_weight_or_length_is_in_the_schema() -> None:
    for place in (*WEIGHTS, *WEIGHTS_OF_LISTS, *LENGTHS, *LENGTHS_BY_ARGUMENT):
        kind, _, name = place.partition(".")
        assert name in schema._schema.type_map[kind].fields, place  # type: ignore[attr-defined]
