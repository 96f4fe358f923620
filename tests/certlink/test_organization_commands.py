"""The operator adds and shows organizations, and changes their issuers."""

import json
from functools import partial

import pytest

from tests.certlink.conftest import Command

DOMAIN, ISSUER, NEW = "fabrikam.example", "https://login.fabrikam.example", "https://new.fabrikam.example"


@pytest.fixture
def command(certlink: Command, contoso: str) -> Command:
    """Run ``certlink organization`` on a database with one organization."""
    return partial(certlink, "organization")


async def add(command: Command) -> str:
    """Add a second organization and return what is printed."""
    added = await command("add", DOMAIN, "--name", "Fabrikam", "--issuer", ISSUER, "--client-id", "certlink")
    assert added.exit_code == 0, added.output
    return str(added.stdout)


async def redirect_uri(command: Command, domain: str = DOMAIN, *options: str) -> str:
    """Return the redirect URI that is shown."""
    shown = await command("show", domain, *options, "--json")
    return str(json.loads(shown.stdout)["redirectUri"])


async def test_the_redirect_uri_is_printed_and_shown_and_is_nobody_elses(command: Command) -> None:
    printed = await add(command)
    shown = await command("show", DOMAIN)
    as_json = json.loads((await command("show", DOMAIN, "--json")).stdout)

    uri = as_json["redirectUri"]
    assert uri.startswith("http://localhost:8000/sign-in/callback/")
    assert f"redirect URI {uri}\n" in printed
    assert f"redirect URI\t{uri}\n" in shown.stdout
    assert (as_json["domain"], as_json["issuer"], as_json["clientId"]) == (DOMAIN, ISSUER, "certlink")
    assert (as_json["members"], as_json["unboundMembers"]) == (0, 0)
    assert uri != await redirect_uri(command, "contoso.example")


async def test_a_change_of_issuer_says_what_it_ended_and_the_new_redirect_uri(command: Command) -> None:
    await add(command)
    before, foreseen = await redirect_uri(command), await redirect_uri(command, DOMAIN, "--issuer", NEW)

    same = await command("issuer", DOMAIN, "--issuer", ISSUER)
    unchanged = await redirect_uri(command)
    changed = await command("issuer", DOMAIN, "--issuer", NEW)

    assert "nothing was changed" in same.stdout
    assert before == unchanged != foreseen
    assert changed.stdout == f"0 bindings cleared, 0 sessions ended\nredirect URI {foreseen}\n"
    assert await redirect_uri(command) == foreseen


async def test_what_another_issuer_would_give_is_marked_and_what_is_no_issuer_refused(command: Command) -> None:
    await add(command)

    foreseen = await command("show", DOMAIN, "--issuer", NEW)
    refused = [await command(name, DOMAIN, "--issuer", "ftp://new.example") for name in ("show", "issuer")]

    assert foreseen.stdout.endswith(f"This is what it would have; its issuer is {ISSUER}.\n")
    assert [(result.exit_code, "This is no issuer" in result.stderr) for result in refused] == [(1, True)] * 2


async def test_what_does_not_exist_or_is_taken_ends_with_one_line(command: Command) -> None:
    await add(command)
    nowhere = [await command("show", "nowhere.example"), await command("issuer", "nowhere.example", "--issuer", NEW)]
    taken = await command("issuer", "contoso.example", "--issuer", ISSUER)

    assert [result.exit_code for result in [*nowhere, taken]] == [1, 1, 1]
    assert {result.stderr.count("\n") for result in [*nowhere, taken]} == {1}
    assert "Another organization has this issuer." in taken.stderr
