"""A connection's arguments have one meaning each, or are refused by code."""

import json
import re
from typing import Any

import pytest
from httpx2 import AsyncClient

from domain.models import Member
from domain.rules.enums import MemberRole
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.factories import make_association, make_credit, make_invitation, make_member, make_organization

LISTS = """query ($first: Int, $after: String, $last: Int, $before: String, $asOf: DateTime, $orderBy: CreditOrder) {
  viewer { organization { credits(first: $first, after: $after, last: $last, before: $before, asOf: $asOf,
    orderBy: $orderBy) { edges { cursor } } } } }"""
OTHER_LISTS = """{ viewer {
  organization { credits(orderBy: {field: STATUS}) { CURSOR } members { CURSOR } invitations { CURSOR }
    skillsReport { CURSOR } }
  member { credits { CURSOR } associations { CURSOR nodes { credits { CURSOR } } } } }
  certifications { CURSOR } }""".replace("CURSOR", "pageInfo { endCursor }")
# What is asked for with the cursors of rows 0 to 4, and which of the rows that is.
MEANINGS: list[tuple[dict[str, Any], slice]] = [
    ({}, slice(0, 5)),
    ({"first": None, "after": None, "last": None, "before": None, "asOf": None, "orderBy": None}, slice(0, 5)),
    ({"first": 1}, slice(0, 1)),
    ({"first": 100}, slice(0, 5)),
    ({"last": 1}, slice(4, 5)),
    ({"first": None, "last": 2}, slice(3, 5)),
    ({"after": 1}, slice(2, 5)),
    ({"before": 3}, slice(0, 3)),
    ({"first": 2, "after": 1}, slice(2, 4)),
    ({"first": 2, "before": 3}, slice(0, 2)),
    ({"last": 2, "after": 0}, slice(3, 5)),
    ({"last": 2, "before": 3}, slice(1, 3)),
    ({"first": 5, "after": 0, "before": 4}, slice(1, 4)),
    ({"last": 1, "after": 0, "before": 4}, slice(3, 4)),
    ({"after": 3, "before": 1}, slice(0, 0)),
    ({"after": 2, "before": 2}, slice(0, 0)),
    ({"after": 4}, slice(0, 0)),
    ({"before": 0}, slice(0, 0)),
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"first": 0}, "INVALID_INPUT"),
    ({"first": -1}, "INVALID_INPUT"),
    ({"first": 101}, "INVALID_INPUT"),
    ({"first": 2**31 - 1}, "INVALID_INPUT"),
    ({"first": 2**31}, "VARIABLES_INVALID"),
    ({"first": 1.5}, "VARIABLES_INVALID"),
    ({"first": "1"}, "VARIABLES_INVALID"),
    ({"last": 0}, "INVALID_INPUT"),
    ({"last": -(2**31)}, "INVALID_INPUT"),
    ({"last": 101}, "INVALID_INPUT"),
    ({"first": 1, "last": 1}, "INVALID_INPUT"),
    ({"after": ""}, "INVALID_INPUT"),
    ({"before": "x"}, "INVALID_INPUT"),
    ({"after": "\x00"}, "BAD_REQUEST"),
    ({"after": 7.5}, "VARIABLES_INVALID"),
    ({"after": 0, "orderBy": {"field": "STATUS"}}, "INVALID_INPUT"),
    ({"after": 0, "asOf": "2026-01-01T00:00:00Z"}, "INVALID_INPUT"),
    ({"asOf": "2026-01-01"}, "VARIABLES_INVALID"),
]


@pytest.fixture
async def admin(client: AsyncClient, database: str) -> Member:
    admin = await make_member(await make_organization(), role=MemberRole.ACCOUNT_ADMIN)
    await make_invitation(admin)
    association = await make_association(admin)
    for _ in range(5):
        await make_credit(association)
    return admin


@pytest.fixture
async def caller(client: AsyncClient, admin: Member) -> Caller:
    return await sign_in(client, admin)


async def cursors_of(caller: Caller, **arguments: Any) -> list[str]:
    edges = (await caller.ask(LISTS, **arguments))["viewer"]["organization"]["credits"]["edges"]
    return [edge["cursor"] for edge in edges]


def with_cursors(arguments: dict[str, Any], cursors: list[str]) -> dict[str, Any]:
    """Return arguments with the cursors of the rows that they name by place."""
    named = {name for name in ("after", "before") if isinstance(arguments.get(name), int)}
    return arguments | {name: cursors[arguments[name]] for name in named}


async def test_each_argument_narrows_the_list_to_what_it_says(caller: Caller) -> None:
    whole = await cursors_of(caller)

    for arguments, rows in MEANINGS:
        assert await cursors_of(caller, **with_cursors(arguments, whole)) == whole[rows], arguments


async def test_bad_arguments_are_refused_by_code(caller: Caller) -> None:
    whole = await cursors_of(caller)

    for arguments, code in REFUSED:
        assert await caller.refused(LISTS, **with_cursors(arguments, whole)) == [code], arguments


async def test_a_cursor_of_another_list_or_another_instant_is_refused(caller: Caller) -> None:
    found = json.dumps(await caller.ask(OTHER_LISTS))
    cursors = re.findall(r'"endCursor": "([^"]+)"', found)
    now, later = await cursors_of(caller), await cursors_of(caller, asOf="2027-01-01T00:00:00Z")

    refusals = [await caller.refused(LISTS, after=cursor) for cursor in cursors]

    assert len(set(cursors)) == 8
    assert refusals == [["INVALID_INPUT"]] * 8
    assert await caller.refused(LISTS, after=now[0], before=later[3]) == ["INVALID_INPUT"]
