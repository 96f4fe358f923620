"""The operator invites, lists, changes and removes members."""

import json
from functools import partial

import pytest

from tests.certlink.conftest import Command

DOMAIN, AMARA, NADIA = "contoso.example", "amara.osei@contoso.example", "nadia.novak@contoso.example"


@pytest.fixture
def command(certlink: Command, contoso: str) -> Command:
    """Run ``certlink member`` on a database with one organization."""
    return partial(certlink, "member")


async def test_the_operator_administers_members(command: Command) -> None:
    invited = await command("invite", DOMAIN, AMARA, "nonsense", "--role", "ACCOUNT_ADMIN")
    listed = await command("list", DOMAIN, "--json")
    changed = await command("role", DOMAIN, AMARA, "MEMBER")
    removed = await command("remove", DOMAIN, AMARA)
    afterwards = await command("list", DOMAIN)

    assert (invited.exit_code, changed.exit_code, removed.exit_code, afterwards.exit_code) == (1, 0, 0, 0)
    assert f"{AMARA}\tmember " in invited.stdout
    assert "nonsense\tnot invited: The work e-mail is not an address." in invited.stdout
    assert "tell them to sign in at http://localhost:8000/sign-in" in invited.stdout
    (row,) = json.loads(listed.stdout)
    assert (row["workEmail"], row["role"], row["status"], row["deliveryProblem"]) == (
        AMARA,
        "ACCOUNT_ADMIN",
        "INVITED",
        "NOT_SET_UP",
    )
    assert "removed; 0 credits canceled, 0 count on until " in removed.stdout
    assert afterwards.stdout == ""


async def test_what_cannot_be_done_ends_with_one_line(command: Command) -> None:
    nowhere = await command("invite", "fabrikam.example", "felix.berg@fabrikam.example")
    nobody = await command("remove", DOMAIN, NADIA)
    twice = [await command("invite", DOMAIN, NADIA) for _ in range(2)][1]

    assert (nowhere.exit_code, nobody.exit_code, twice.exit_code) == (1, 1, 1)
    assert nowhere.stderr.count("\n") == nobody.stderr.count("\n") == 1
    assert "is a member already, or is invited" in twice.stdout
