"""The next dates of known accounts (R6, R17)."""

from httpx2 import AsyncClient

from domain.rules.enums import MemberRole, Scope
from domain.settings import Settings
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.factories import (
    make_api_client,
    make_association,
    make_credit,
    make_member,
    make_organization,
    make_refused,
)

ALLOWANCE = """associationAllowance(provider: MICROSOFT_LEARN) { allowedNow nextAvailableAt
    knownAccounts { profileIdEnding allowedNow nextAvailableAt refusal { code message
        ... on CoolOffActive { nextAvailableAt profileIdEnding } } } }"""
IN_LIST = f"{{ viewer {{ organization {{ members(first: 50) {{ nodes {{ {ALLOWANCE} }} }} }} }} }}"
OF_CREDITS = f"{{ viewer {{ member {{ credits(first: 5) {{ nodes {{ member {{ {ALLOWANCE} }} }} }} }} }} }}"
MCID = "991204737"


async def test_a_person_is_told_the_date_of_the_account_that_was_refused(client: AsyncClient) -> None:
    member = await make_member(await make_organization())
    await make_refused(member, profile_id=MCID, days=20)
    caller = await sign_in(client, member)

    response = await caller.post(f"{{ viewer {{ member {{ {ALLOWANCE} }} }} }}")

    allowance = response.json()["data"]["viewer"]["member"]["associationAllowance"]
    (account,) = allowance.pop("knownAccounts")
    assert allowance == {"allowedNow": True, "nextAvailableAt": "2026-11-03T14:30:00Z"}
    assert account["refusal"].pop("message").endswith("the account ending in 737; another account may have its own.")
    assert account == {
        "profileIdEnding": "737",
        "allowedNow": False,
        "nextAvailableAt": "2026-11-23T14:30:00Z",
        "refusal": {
            "code": "COOL_OFF_ACTIVE", "nextAvailableAt": "2026-11-23T14:30:00Z", "profileIdEnding": "737"
        },
    }  # fmt: skip
    assert MCID not in response.text


async def test_nobody_else_is_told_of_the_account(client: AsyncClient, nobody: Caller, settings: Settings) -> None:
    """R17: an admin and an API client with every scope see whom they saw, and no date of theirs."""
    organization = await make_organization()
    await make_refused(await make_member(organization), profile_id=MCID, days=20)
    admin = await sign_in(client, await make_member(organization, role=MemberRole.GLOBAL_ADMIN))
    key = await make_api_client(organization, *Scope, settings=settings)

    answers = [await caller.post(IN_LIST) for caller in (admin, Caller(client, bearer=key.secret), nobody)]

    assert all("737" not in answer.text for answer in answers)
    nodes = answers[0].json()["data"]["viewer"]["organization"]["members"]["nodes"]
    assert sorted(node["associationAllowance"] is None for node in nodes) == [False, True]
    of_key = answers[1].json()["data"]["viewer"]["organization"]["members"]["nodes"]
    assert [node["associationAllowance"] for node in of_key] == [None, None]


async def test_a_list_of_many_asks_for_the_dates_once(client: AsyncClient, statements: list[str]) -> None:
    member = await make_member(await make_organization())
    association = await make_association(member)
    await make_credit(association)
    await make_refused(member, profile_id=MCID, days=20)
    caller = await sign_in(client, member)
    statements.clear()
    await caller.ask(OF_CREDITS)
    few = len(statements)
    for code in ("AZ-305", "SC-300", "DP-600"):
        await make_credit(association, certification=code)
    statements.clear()

    data = await caller.ask(OF_CREDITS)

    nodes = data["viewer"]["member"]["credits"]["nodes"]
    assert len(nodes) == 4
    assert all(len(node["member"]["associationAllowance"]["knownAccounts"]) == 2 for node in nodes)
    assert len(statements) == few
