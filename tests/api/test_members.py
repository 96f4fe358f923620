"""Mutations on members and invitations (R1, R2, R8)."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from domain.models import Invitation, Member
from domain.operations.credits import propagate_credits
from domain.rules.enums import MemberRole
from tests.api.administration import CALLERS, MUTATIONS, SUCCESSES, House, make_house
from tests.api.caller import Caller
from tests.clock import START, FrozenClock
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import make_association, make_credit, make_invitation, make_member, make_new_account


@pytest.fixture
async def house(client: AsyncClient, nobody: Caller) -> House:
    return await make_house(client, nobody)


@pytest.mark.parametrize("caller", ["admin", "global_admin"])
async def test_the_organization_s_admins_administer_it(house: House, caller: str) -> None:
    outcomes = {mutation: (await house.do(caller, mutation))["__typename"] for mutation in MUTATIONS}

    assert outcomes == SUCCESSES


@pytest.mark.parametrize("caller", ["nobody", "member", "foreign_admin"])
async def test_nobody_else_administers_it(house: House, caller: str) -> None:
    async with leaving_no_trace():
        results = {mutation: await house.do(caller, mutation) for mutation in MUTATIONS}

    if caller == "foreign_admin":
        # They may invite to their own organization, whose mail domain is another.
        (outcome,) = results.pop("inviteMembers")["outcomes"]
        assert outcome["refusal"]["__typename"] == "InvalidInput"
    expected = "NotFound" if caller == "foreign_admin" else "Forbidden"
    assert {result["__typename"] for result in results.values()} == {expected}


@pytest.mark.parametrize("caller", CALLERS)
async def test_unknown_and_malformed_ids_answer_alike(house: House, caller: str) -> None:
    answers = set()
    for mutation, wanted in house.inputs.items():
        argument = next((name for name in wanted if name.endswith("Id")), None)
        for kind in (Kind.MEMBER, Kind.INVITATION, Kind.CREDIT) if argument else ():
            for text in (global_id(kind, 2**62), global_id(Kind.CREDIT, 1), "x", ""):
                answers.add((await house.do(caller, mutation, **{str(argument): text}))["__typename"])

    assert answers == {"NotFound" if "admin" in caller else "Forbidden"}


async def test_each_address_has_an_outcome_of_its_own(house: House) -> None:
    members: list[dict[str, Any]] = [
        {"workEmail": "New.Person@Contoso.Example", "role": "ACCOUNT_ADMIN"},
        {"workEmail": "amara.osei@contoso.example"},
        {"workEmail": "mei.tanaka@fabrikam.example", "role": None},
        {"workEmail": "other@contoso.example", "role": "GLOBAL_ADMIN"},
    ]

    result = await house.do("admin", "inviteMembers", members=members)

    outcomes = result["outcomes"]
    assert [outcome["workEmail"] for outcome in outcomes] == [member["workEmail"] for member in members]
    assert [outcome["refusal"] and outcome["refusal"]["code"] for outcome in outcomes] == [
        None, "ALREADY_MEMBER", "INVALID_INPUT", "FORBIDDEN"
    ]  # fmt: skip
    assert outcomes[2]["refusal"]["message"] == "The work e-mail must be one of contoso.example."
    invited = outcomes[0]["invitation"]
    assert (invited["member"]["workEmail"], invited["member"]["role"]) == (
        "new.person@contoso.example",
        "ACCOUNT_ADMIN",
    )
    # No mail server is set up here: the admin is told, and what to pass on.
    assert (invited["deliveryProblem"], invited["isBeingSent"]) == ("NOT_SET_UP", False)


@pytest.mark.parametrize("number", [0, 101])
async def test_nobody_or_too_many_cannot_be_invited(house: House, number: int) -> None:
    result = await house.do("admin", "inviteMembers", members=[{"workEmail": "x"}] * number)

    assert result["__typename"] == "InvalidInput"


async def test_an_invitation_is_resent_not_earlier_than_it_says(house: House, clock: FrozenClock) -> None:
    await Invitation.all().update(requested_at=START)

    refused = await house.do("admin", "resendInvitation")
    clock.advance(timedelta(hours=24))

    assert (refused["__typename"], refused["nextAvailableAt"]) == ("ResentTooSoon", "2026-11-04T14:30:00Z")
    assert (await house.do("admin", "resendInvitation"))["__typename"] == "InvitationResent"


async def test_who_has_come_is_no_invitation_any_more(house: House) -> None:
    answered = await make_invitation(house.member)
    identifier = global_id(Kind.INVITATION, answered.id)

    results = [
        (await house.do("admin", mutation, invitationId=identifier))["__typename"]
        for mutation in ("correctInvitation", "resendInvitation", "cancelInvitation")
    ]

    assert results == ["InvitationAnswered"] * 3


async def test_removing_tells_what_counts_on_and_until_when(house: House) -> None:
    association = await make_association(house.member, started_at=START - timedelta(days=20))
    await make_credit(association)
    await make_credit(association, completed_at=START)
    await propagate_credits(now=START)

    result = await house.do("admin", "removeMember")

    assert result == {
        "__typename": "MemberRemoved",
        "member": {"id": global_id(Kind.MEMBER, house.member.id), "status": "REMOVED"},
        "associationsEnded": 1,
        "creditsCanceled": 1,
        "creditsCountingOn": 1,
        "refreshDate": "2026-12-10",
    }
    data = await house.callers["admin"].ask(
        """query ($id: ID!) { organization(id: $id) { credits { nodes { status countsUntil endReason explanation {
             summary } } } } }""",
        id=global_id(Kind.ORGANIZATION, house.admin.organization_id),
    )
    assert [(node["status"], node["endReason"]) for node in data["organization"]["credits"]["nodes"]] == [
        ("ENDED", "MEMBER_REMOVED"),
        ("COUNTING", "MEMBER_REMOVED"),
    ]


async def test_the_last_admin_is_told_that_they_are(house: House) -> None:
    own = global_id(Kind.MEMBER, house.admin.id)
    await Member.filter(role=MemberRole.GLOBAL_ADMIN, organization_id=house.admin.organization_id).update(
        role=MemberRole.MEMBER
    )

    removed = await house.do("admin", "removeMember", memberId=own)
    demoted = await house.do("admin", "changeMemberRole", memberId=own, role="MEMBER")

    assert [removed["code"], demoted["code"]] == ["LAST_ADMIN", "LAST_ADMIN"]


async def test_an_admin_sees_since_when_a_new_account_waits_and_decides(house: House) -> None:
    """R2."""
    query = "query ($id: ID!) { node(id: $id) { ... on Member { newAccountSince status } } }"
    person = global_id(Kind.MEMBER, house.member.id)
    await make_new_account(house.member, "made-later", requested_at=START + timedelta(hours=1))

    waiting = [await house.callers[name].ask(query, id=person) for name in ("admin", "member")]
    refused = await house.do("admin", "confirmWorkAccount", isSamePerson=False)
    again = await house.do("global_admin", "confirmWorkAccount")

    assert [data["node"]["newAccountSince"] for data in waiting] == ["2026-11-03T15:30:00Z", None]
    assert refused == {"__typename": "WorkAccountDecided", "member": {"id": person, "newAccountSince": None}}
    assert again["code"] == "NOT_FOUND"


@pytest.mark.parametrize("answer", [True, False])
async def test_an_admin_does_not_decide_on_their_own_account(house: House, answer: bool) -> None:
    """Else whoever has two accounts could become the other person."""
    await make_new_account(house.admin, "second-account")
    own = global_id(Kind.MEMBER, house.admin.id)

    async with leaving_no_trace():
        result = await house.do("admin", "confirmWorkAccount", memberId=own, isSamePerson=answer)

    assert result["code"] == "FORBIDDEN"
    assert result["message"] == "Another admin, or the operator, has to confirm your new work account."


async def test_an_account_admin_does_not_decide_on_a_global_admin_s_account(house: House) -> None:
    globally = await Member.get(role=MemberRole.GLOBAL_ADMIN, organization_id=house.admin.organization_id)
    await make_new_account(globally, "second-account")

    async with leaving_no_trace():
        result = await house.do("admin", "confirmWorkAccount", memberId=global_id(Kind.MEMBER, globally.id))

    assert result["code"] == "FORBIDDEN"


async def test_a_new_account_that_is_another_member_s_by_now_is_not_told_whose(house: House) -> None:
    other = await make_member(await house.admin.organization, subject="made-anew")

    async with leaving_no_trace():
        result = await house.do("admin", "confirmWorkAccount")

    assert result["code"] == "BOUND_ELSEWHERE"
    assert "another member's already" in result["message"]
    assert other.work_email not in result["message"]


@pytest.mark.parametrize("members", [[{"workEmail": 1}], [{}], "x", [{"workEmail": "x", "role": "OWNER"}]])
async def test_an_input_of_another_shape_is_a_request_error(house: House, members: Any) -> None:
    query = "mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { __typename } }"
    wanted = members if members != "x" else None

    assert await house.callers["admin"].refused(query, input={"members": wanted}) == ["VARIABLES_INVALID"]


async def test_inviting_many_costs_no_more_statements_than_inviting_one(house: House, statements: list[str]) -> None:
    counts = []
    for number in (1, 50):
        statements.clear()
        members = [{"workEmail": f"person-{number}-{each}@contoso.example"} for each in range(number)]
        await house.do("admin", "inviteMembers", members=members)
        counts.append(len(statements))

    assert counts[0] == counts[1]
