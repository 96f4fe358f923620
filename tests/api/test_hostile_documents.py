"""Hostile documents: the work until they are refused, counted."""

from cProfile import Profile
from functools import cache

import pytest
from graphql import get_introspection_query, parse

from api.documents.reading import MAX_LENGTH, MAX_TOKENS, Document, outcome_of
from api.documents.visitor import LIMITS, measure_document
from api.errors import ErrorCode
from api.graphql.schema import schema
from bench.hostile_documents import documents, nested

SCHEMA = schema._schema
INTROSPECTION = get_introspection_query(
    specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
)
# What ``python -m bench.refusals`` finds to cost the most.
WORST = (
    "an unknown input of 600 fields",
    "an id that is a list of 1,900",
    "a deep fragment and a long list",
    "19 operations over a chain of fragments, with a variable",
    "one name for 380 fields",
)
STOPPED_BY_A_BUDGET = ("one field 380 times", "one name for 380 fields", "inline fragments in a fragment")


def calls_to_read(text: str) -> int:
    """Return how many functions written in Python are called until the outcome of a text is known."""
    profile = Profile(subcalls=False, builtins=False)
    profile.runcall(outcome_of, SCHEMA, text)
    return sum(entry.callcount for entry in profile.getstats())


@cache
def calls_to_read_introspection() -> int:
    return calls_to_read(INTROSPECTION)


def credits_page(fragments: int) -> str:
    """Return a document such as Relay's compiler writes for so many components that show the same credits."""
    fields = "id status certification{code title level} member{id name} completedAt countsFrom countsUntil"
    spreads = " ".join(f"...Component{number}" for number in range(fragments))
    parts = "".join(f"fragment Component{number} on Credit{{{fields}}}" for number in range(fragments))
    return f"query Page{{viewer{{member{{credits{{nodes{{{spreads}}}}}}}}}}}{parts}"


@pytest.mark.parametrize("name", WORST)
def test_what_no_limit_stops_takes_a_few_times_the_work_of_the_usual_introspection(name: str) -> None:
    assert calls_to_read(documents()[name]) < 8 * calls_to_read_introspection()


@pytest.mark.parametrize("name", STOPPED_BY_A_BUDGET)
def test_fields_and_fragments_that_overlap_too_much_are_too_large(name: str) -> None:
    outcome = outcome_of(SCHEMA, documents()[name])

    assert not isinstance(outcome, Document)
    assert (outcome.code, str(outcome.errors[0])) == (
        ErrorCode.DOCUMENT_TOO_LARGE,
        "The document's fields and fragments overlap too much.",
    )


def test_parsing_stops_at_the_limit_of_tokens() -> None:
    just_too_many = "{" + "a " * MAX_TOKENS

    # The collector of garbage may call a few functions of its own at any moment.
    assert calls_to_read(just_too_many + "a " * MAX_TOKENS) < 1.1 * calls_to_read(just_too_many)


def test_a_text_beyond_the_limit_of_characters_is_not_even_parsed() -> None:
    assert calls_to_read("#" * (MAX_LENGTH + 1)) < 10


@pytest.mark.parametrize("after", ["", "fragment F on Policy{coolOffDays}"])
def test_what_is_written_counts_wherever_it_stands(after: str) -> None:
    unused = "{policy{coolOffDays}}fragment F on Policy{" + "coolOffDays " * LIMITS.written + "}"

    assert measure_document(SCHEMA, parse(unused + after)).complexity.written > LIMITS.written


def test_what_the_schema_does_not_know_is_measured_and_left_to_validation() -> None:
    unknown = "{nothing{a:b @c ...F} ...Nowhere ...on Nothing{d}}fragment F on Nothing{e{f}}mutation{nothing}"

    complexity = measure_document(SCHEMA, parse(unknown)).complexity

    assert (complexity.written, complexity.fields, complexity.fragments, complexity.depth) == (12, 5, 3, 3)


def test_no_hostile_document_is_a_fault() -> None:
    refusals = {ErrorCode.SYNTAX_ERROR, ErrorCode.DOCUMENT_INVALID, ErrorCode.DOCUMENT_TOO_LARGE}

    outcomes = {name: outcome_of(SCHEMA, text) for name, text in documents().items()}

    odd = {name for name, one in outcomes.items() if not isinstance(one, Document) and one.code not in refusals}
    assert odd == set()


def test_fragments_that_double_are_measured_once_each() -> None:
    chain = "".join(f"fragment F{number} on Query{{...F{number + 1} ...F{number + 1}}}" for number in range(60))

    complexity = measure_document(SCHEMA, parse("{...F0}" + chain)).complexity

    assert complexity.written == 1 + 1 + 60 * 3
    assert complexity.fragments > LIMITS.fragments


@pytest.mark.parametrize("fragments", [5, 15])
def test_a_page_of_many_components_is_accepted(fragments: int) -> None:
    assert isinstance(outcome_of(SCHEMA, credits_page(fragments)), Document)


def test_nesting_beyond_any_stack_is_refused_as_too_large() -> None:
    outcome = outcome_of(SCHEMA, "{" + nested(3_000) + "}")

    assert not isinstance(outcome, Document)
    assert outcome.code is ErrorCode.DOCUMENT_TOO_LARGE
