"""What ``certlink organization check`` says of issuers that work, and of those that do not."""

import json
from collections.abc import Mapping

import pytest

from domain.operations.organizations import set_client
from domain.providers.client_authentication import ClientSecret
from domain.settings import Settings
from tests.certlink.conftest import Command, command_on, logs
from tests.identity.environment import Certlink, mail_domain_of
from tests.identity.outside import OutsideProvider
from tests.identity.profiles import B2C, EDDSA, ENTRA, ES256_POST, ID_TOKEN, PRIVATE_KEY_JWT, PS256_PUBLIC, Profile

__all__ = ["logs"]

DOMAIN = mail_domain_of("Contoso")


class Check:
    """Runs the command, and reads what it found."""

    def __init__(self, command: Command) -> None:
        self._command = command

    async def findings(self, *, is_well: bool) -> list[str]:
        """Return the sentences about what is well, or wrong; the exit code tells whether anything is."""
        result = await self._command("organization", "check", DOMAIN, "--json")
        found: list[Mapping[str, object]] = json.loads(result.stdout)
        assert result.exit_code == (0 if all(finding["is_well"] for finding in found) else 1), result.output
        return [f"{finding['step']}: {finding['text']}" for finding in found if finding["is_well"] is is_well]


@pytest.fixture
def check(database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Check:
    """The command, run by an operator on this database; issuers of tests speak plain HTTP."""
    monkeypatch.setenv("CERTLINK_SANDBOX", "true")
    return Check(command_on(database, settings, monkeypatch))


@pytest.mark.parametrize(
    "profile",
    [ID_TOKEN, ENTRA, B2C, ES256_POST, EDDSA, PRIVATE_KEY_JWT, PS256_PUBLIC],
    ids=["generic", "Entra ID", "B2C", "ES256", "EdDSA", "private_key_jwt", "public"],
)
async def test_nothing_is_wrong_with_an_issuer_where_people_can_sign_in(
    profile: Profile, outside: OutsideProvider, certlink: Certlink, check: Check
) -> None:
    # A command has the machine's clock.
    await certlink.add_organization(await outside.issuer(profile, now=None))

    assert await check.findings(is_well=False) == []
    well = await check.findings(is_well=True)
    assert [finding.partition(":")[0] for finding in well] == [
        *("discovery", "algorithms", "keys", "client", "sessions", "sign-out")
    ]
    assert f"Its identity tokens are signed by {profile.algorithm}" in well[1]


async def test_a_secret_that_the_issuer_does_not_know_is_told(
    outside: OutsideProvider, certlink: Certlink, check: Check
) -> None:
    await certlink.add_organization(await outside.issuer(ID_TOKEN), secret="another-secret")

    assert await check.findings(is_well=False) == ["client: The newest secret or key is refused (invalid_client)."]


async def test_each_of_two_secrets_is_tried(outside: OutsideProvider, certlink: Certlink, check: Check) -> None:
    await certlink.add_organization(await outside.issuer(ID_TOKEN))
    await set_client(
        organization_domain=DOMAIN,
        issuer=None,
        client_id=None,
        credential=ClientSecret(secret="not yet known there"),
        now=certlink.clock(),
        settings=certlink.settings,
    )

    assert await check.findings(is_well=False) == ["client: The newest secret or key is refused (invalid_client)."]
    assert "client: The one before is accepted." in await check.findings(is_well=True)


async def test_metadata_of_another_issuer_are_told(outside: OutsideProvider, certlink: Certlink, check: Check) -> None:
    issuer = await outside.issuer(ID_TOKEN, metadata={"issuer": "https://login.fabrikam.example"})
    await certlink.add_organization(issuer)

    (wrong,) = await check.findings(is_well=False)

    assert wrong.startswith("discovery: ")
    assert "'https://login.fabrikam.example'" in wrong
    assert repr(issuer.issuer) in wrong


@pytest.mark.parametrize(
    ("down", "step"), [("/", "discovery"), ("/jwks", "keys"), ("/token", "client")], ids=["all", "keys", "tokens"]
)
async def test_what_does_not_answer_is_told(
    down: str, step: str, outside: OutsideProvider, certlink: Certlink, check: Check
) -> None:
    await certlink.add_organization(await outside.issuer(ID_TOKEN, down=[down]))

    (wrong,) = await check.findings(is_well=False)

    assert wrong.startswith(f"{step}: ")


async def test_an_issuer_without_keys_is_told(outside: OutsideProvider, certlink: Certlink, check: Check) -> None:
    await certlink.add_organization(await outside.issuer(ID_TOKEN, publishesKeys=False))

    assert await check.findings(is_well=False) == ["keys: The list of its public keys is empty."]


async def test_algorithms_of_which_we_take_none_are_told(
    outside: OutsideProvider, certlink: Certlink, check: Check
) -> None:
    issuer = await outside.issuer(ID_TOKEN, metadata={"id_token_signing_alg_values_supported": ["HS256", "none"]})
    await certlink.add_organization(issuer)

    (wrong,) = await check.findings(is_well=False)

    assert wrong.startswith("algorithms: Its identity tokens are signed by none of ")
