"""The operator creates, lists and revokes the tokens of a directory."""

import json
from functools import partial

import pytest

from domain.rules.api_clients import prefix_of
from domain.rules.directory import SCIM_MARK
from tests.certlink.conftest import Command

DOMAIN = "contoso.example"


@pytest.fixture
def command(certlink: Command, contoso: str) -> Command:
    """Run ``certlink scim token`` on a database with one organization."""
    return partial(certlink, "scim", "token")


async def test_the_operator_creates_lists_and_revokes(command: Command) -> None:
    created = await command("create", DOMAIN)
    second = await command("create", DOMAIN, "--json")
    listed = await command("list", DOMAIN, "--json")
    one = await command("revoke", DOMAIN, json.loads(second.stdout)["prefix"])
    afterwards = await command("list", DOMAIN)
    rest = await command("revoke", DOMAIN)
    nothing = await command("revoke", DOMAIN)

    assert {result.exit_code for result in (created, second, listed, one, afterwards, rest, nothing)} == {0}
    # The token alone is on stdout.
    secret = created.stdout.removesuffix("\n")
    prefix = prefix_of(secret, mark=SCIM_MARK)
    assert prefix is not None
    assert secret not in created.stderr
    assert "/scim/v2 expires" in created.stderr
    assert json.loads(second.stdout)["url"].endswith("/scim/v2")
    assert [(row["prefix"], row["endedAt"]) for row in json.loads(listed.stdout)] == [
        (json.loads(second.stdout)["prefix"], None),
        (prefix, None),
    ]
    assert one.stdout == f"{json.loads(second.stdout)['prefix']}\trevoked\n"
    assert afterwards.stdout.splitlines()[0].startswith(f"{prefix}\texpires ")
    assert "\tended " in afterwards.stdout
    assert (rest.stdout, nothing.stdout) == (f"{prefix}\trevoked\n", "")


async def test_what_cannot_be_is_told_in_one_line(command: Command) -> None:
    unknown = await command("create", "nobody.example")
    ended = await command("revoke", DOMAIN, "certlink_scim_00000000")
    wrong = await command("create", DOMAIN, "--expires", "tomorrow")

    assert (unknown.exit_code, ended.exit_code, wrong.exit_code) == (1, 1, 2)
    assert "scim token list" in ended.stderr
    assert all(result.stderr.count("\n") == 1 for result in (unknown, ended, wrong))
