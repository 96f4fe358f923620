"""The state of a transcript, and who may see it (R9, R17)."""

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from domain.rules.enums import MemberRole
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.clock import START
from tests.factories import make_association, make_member, make_organization

QUERY = """query ($id: ID!) { node(id: $id) { ... on Association { transcriptReadAt transcriptProblem } } }"""
READ = {"grant_sealed": b"token", "next_read_at": START, "transcript_read_at": START}
NOTHING = {"transcriptReadAt": None, "transcriptProblem": None}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (READ, None),
        (READ | {"read_error": "PROVIDER_UNAVAILABLE"}, "PROVIDER_UNAVAILABLE"),
        ({"transcript_read_at": START, "grant_refused_at": START}, "SIGN_IN_AGAIN"),
        ({"transcript_read_at": START}, "NO_PERMISSION"),
    ],
)
async def test_a_person_sees_when_their_transcript_was_read_and_what_stands_in_the_way(
    client: AsyncClient, values: dict[str, object], problem: str | None
) -> None:
    member = await make_member(await make_organization())
    association = await make_association(member, **values)  # type: ignore[arg-type]
    caller = await sign_in(client, member)

    data = await caller.ask(QUERY, id=global_id(Kind.ASSOCIATION, association.id))

    assert data["node"] == {"transcriptReadAt": "2026-11-03T14:30:00Z", "transcriptProblem": problem}


async def test_nobody_else_sees_it(client: AsyncClient, nobody: Caller) -> None:
    """R17."""
    contoso, fabrikam = await make_organization("Contoso"), await make_organization("Fabrikam")
    association = await make_association(await make_member(contoso), transcript_read_at=START, grant_refused_at=START)
    callers = [
        nobody,
        await sign_in(client, await make_member(contoso)),
        await sign_in(client, await make_member(contoso, role=MemberRole.ACCOUNT_ADMIN)),
        await sign_in(client, await make_member(fabrikam, role=MemberRole.GLOBAL_ADMIN)),
    ]

    answers = [
        (await caller.post(QUERY, id=global_id(Kind.ASSOCIATION, association.id))).json()["data"] for caller in callers
    ]

    assert [answer and answer["node"] for answer in answers] == [None, None, NOTHING, None]
