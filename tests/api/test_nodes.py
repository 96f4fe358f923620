"""Many global ids at once."""

from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from api.graphql.query import MAX_NODES
from domain.rules.enums import MemberRole
from tests.api.conftest import sign_in
from tests.factories import make_association, make_credit, make_member, make_organization

NODES = """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id
  ... on Member { name associations { totalCount } }
  ... on Association { credits { totalCount } }
  ... on Credit { certification { code retirement { retiresOn } } explanation { reasons { code } }
    contributions { program } timeline { kind } } } }"""


async def test_things_come_in_the_order_asked_for_at_a_constant_number_of_statements(
    client: AsyncClient, database: str, statements: list[str]
) -> None:
    organization = await make_organization()
    people = [await make_member(organization, role=MemberRole.ACCOUNT_ADMIN) for _ in range(3)]
    associations = [await make_association(person) for person in people]
    credits = [await make_credit(association) for association in associations]
    caller = await sign_in(client, people[0])
    triples = [
        [
            global_id(Kind.CREDIT, credit.id),
            global_id(Kind.MEMBER, credit.member_id),
            global_id(Kind.ASSOCIATION, credit.association_id),
        ]
        for credit in credits
    ]
    answers, costs = [], []

    for ids in (triples[0], [*triples[2], "nothing", *triples[0], *triples[1], *triples[2]]):
        statements.clear()
        answers.append((await caller.ask(NODES, ids=ids))["nodes"])
        costs.append(len(statements))

    few, many = answers
    assert [node and node["id"] for node in many] == [*triples[2], None, *triples[0], *triples[1], *triples[2]]
    assert many[4:7] == few
    assert many[:3] == many[-3:]
    assert few[0]["contributions"]
    assert few[0]["timeline"]
    # The session, three kinds, four of contributions, the certifications, and the lists of members and of associations.
    assert costs == [11, 11]


async def test_more_ids_than_allowed_are_refused_by_code(client: AsyncClient, database: str) -> None:
    caller = await sign_in(client, await make_member(await make_organization()))

    most = await caller.ask(NODES, ids=["nothing"] * MAX_NODES)

    assert most["nodes"] == [None] * MAX_NODES
    assert (await caller.ask(NODES, ids=[]))["nodes"] == []
    assert await caller.refused(NODES, ids=["nothing"] * (MAX_NODES + 1)) == ["INVALID_INPUT"]
