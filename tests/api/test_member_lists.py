"""Admins see members and invitations, narrowed and by age (R2)."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from domain.rules.enums import MemberStatus
from tests.api.administration import INVITATION, WAITING, House, make_house
from tests.api.caller import Caller
from tests.clock import START
from tests.factories import make_invitation, make_member

LISTS = f"""query ($organization: ID!, $filter: MemberFilter, $withoutResponse: Boolean) {{
  organization(id: $organization) {{ nextRefreshDate
    members(filter: $filter) {{ totalCount
      nodes {{ name workEmail role status invitation {{ ageDays deliveryProblem }} }} }}
    invitations(withoutResponse: $withoutResponse) {{ totalCount nodes {{ {INVITATION} }} }} }} }}"""


@pytest.fixture
async def house(client: AsyncClient, nobody: Caller) -> House:
    return await make_house(client, nobody)


async def test_an_invitation_tells_what_became_of_it(house: House) -> None:
    data = await house.callers["admin"].ask(
        LISTS, organization=global_id(Kind.ORGANIZATION, house.admin.organization_id), withoutResponse=True
    )

    assert data["organization"]["nextRefreshDate"] == "2026-11-10"
    assert data["organization"]["invitations"] == {
        "totalCount": 1,
        "nodes": [
            {
                "id": global_id(Kind.INVITATION, house.invitation.id),
                "ageDays": 9,
                "isBeingSent": False,
                "sentAt": "2026-10-25T14:30:00Z",
                "sendCount": 1,
                "deliveryProblem": None,
                "resendAvailableAt": "2026-11-03T14:30:00Z",
                "respondedAt": None,
                "canceledAt": None,
                "signInUrl": "http://localhost:8000/sign-in",
                "member": {
                    "id": global_id(Kind.MEMBER, house.invitation.member_id),
                    "workEmail": "amara.osei@contoso.example",
                    "role": "MEMBER",
                    "status": "INVITED",
                },
            }
        ],
    }


FILTERS: list[tuple[dict[str, Any], int]] = [
    ({}, 4),
    ({"statuses": ["INVITED"]}, 1),
    ({"statuses": ["INVITED", "REMOVED"]}, 1),
    ({"statuses": []}, 0),
    ({"roles": ["ACCOUNT_ADMIN", "GLOBAL_ADMIN"]}, 2),
    ({"text": "AMARA.osei"}, 1),
    ({"text": "person"}, 3),
    ({"text": "%"}, 0),
    ({"text": None, "roles": None, "statuses": None}, 4),
    ({"text": "contoso", "roles": ["MEMBER"], "statuses": ["ACTIVE"]}, 1),
]


async def test_filters_narrow_the_members(house: House) -> None:
    organization = global_id(Kind.ORGANIZATION, house.admin.organization_id)

    counts = []
    for wanted, _ in FILTERS:
        data = await house.callers["admin"].ask(LISTS, organization=organization, filter=wanted)
        counts.append(data["organization"]["members"]["totalCount"])

    assert counts == [count for _, count in FILTERS]


async def test_a_text_that_nobody_has_is_refused(house: House) -> None:
    organization = global_id(Kind.ORGANIZATION, house.admin.organization_id)

    for text in ("x" * 321, "a\nb", "a\u2028b"):
        refused = await house.callers["admin"].refused(LISTS, organization=organization, filter={"text": text})

        assert refused == ["INVALID_INPUT"]


async def test_invitations_are_listed_by_age_and_by_whether_somebody_came(house: House) -> None:
    organization = await house.member.organization
    await make_invitation(house.member)
    for days in (20, 3):
        waiting = await make_member(organization, invited_at=START - timedelta(days=days), **WAITING)
        await make_invitation(waiting)
    gone = await make_member(organization, **WAITING | {"status": MemberStatus.REMOVED, "removed_at": START})
    await make_invitation(gone, canceled_at=START)
    ages = {}

    for without_response in (True, False, None):
        data = await house.callers["admin"].ask(
            LISTS, organization=global_id(Kind.ORGANIZATION, organization.id), withoutResponse=without_response
        )
        ages[without_response] = [node["ageDays"] for node in data["organization"]["invitations"]["nodes"]]

    assert ages == {True: [20, 9, 3], False: [1], None: [1, 400, 20, 9, 3]}
