"""The operator creates, lists, rotates and revokes API keys."""

import json
from functools import partial

import pytest

from domain.rules.api_clients import prefix_of
from tests.certlink.conftest import Command

DOMAIN = "contoso.example"
CREATE = ("create", DOMAIN, "--name", "Power BI", "--scope", "report:read", "--scope", "credits:read")


@pytest.fixture
def command(certlink: Command, contoso: str) -> Command:
    """Run ``certlink api-key`` on a database with one organization."""
    return partial(certlink, "api-key")


async def test_the_operator_creates_lists_rotates_and_revokes(command: Command) -> None:
    created = await command(*CREATE)
    rotated = await command("rotate", DOMAIN, "1", "--end-previous", "--json")
    listed = await command("list", DOMAIN, "--json")
    revoked = await command("revoke", DOMAIN, "1")
    afterwards = await command("list", DOMAIN)

    assert {result.exit_code for result in (created, rotated, listed, revoked, afterwards)} == {0}
    # The key alone is on stdout.
    first, second = created.stdout.removesuffix("\n"), json.loads(rotated.stdout)["secret"]
    assert None not in (prefix_of(first), prefix_of(second))
    assert "API client 1: the key" in created.stderr
    assert first not in created.stderr
    (client,) = json.loads(listed.stdout)
    assert (client["name"], client["scopes"]) == ("Power BI", ["credits:read", "report:read"])
    assert [(key["prefix"], key["endedAt"] is None) for key in client["keys"]] == [
        (prefix_of(second), True),
        (prefix_of(first), False),
    ]
    assert revoked.stdout == "1\trevoked\n"
    assert afterwards.stdout.count("ended") == afterwards.stdout.count("never") == 2
    assert second not in listed.stdout + afterwards.stdout


async def test_what_cannot_be_done_ends_with_one_line(command: Command) -> None:
    nowhere = await command("list", "fabrikam.example")
    nobody = await command("rotate", DOMAIN, "1")
    late = await command(*CREATE, "--expires", "2999-01-01T00:00:00Z")
    nonsense = await command(*CREATE, "--expires", "tomorrow")
    unknown = await command("create", DOMAIN, "--name", "Power BI", "--scope", "credits:write")

    assert [result.exit_code for result in (nowhere, nobody, late, nonsense, unknown)] == [1, 1, 1, 2, 2]
    assert [result.stderr.count("\n") for result in (nowhere, nobody, late, nonsense)] == [1, 1, 1, 1]
    assert "no organization with this mail domain" in nowhere.stderr
    assert "no API client 1" in nobody.stderr
