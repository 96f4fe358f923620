"""What ``certlink organization check`` says of issuers that work, and of those that do not."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from domain.operations.organizations import set_client
from domain.providers.client_authentication import ClientSecret
from domain.settings import Settings
from tests.identity.environment import Certlink, mail_domain_of
from tests.identity.outside import OutsideProvider
from tests.identity.profiles import B2C, EDDSA, ENTRA, ES256_POST, ID_TOKEN, PRIVATE_KEY_JWT, PS256_PUBLIC, Profile

DOMAIN = mail_domain_of("Contoso")


@dataclass(frozen=True)
class Check:
    """Runs the command in a process of its own, as an operator does, and reads what it found."""

    environment: Mapping[str, str]

    async def findings(self, *, is_well: bool) -> list[str]:
        """Return the sentences about what is well, or wrong; the exit code tells whether anything is."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "certlink", "organization", "check", DOMAIN, "--json"),
            env=os.environ | self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        stdout, stderr = await process.communicate()
        assert process.returncode in {0, 1}, stderr.decode()
        found: list[Mapping[str, object]] = json.loads(stdout)
        assert process.returncode == (0 if all(finding["is_well"] for finding in found) else 1), found
        return [f"{finding['step']}: {finding['text']}" for finding in found if finding["is_well"] is is_well]


@pytest.fixture
def check(database: str, settings: Settings) -> Check:
    """The command on this database, with issuers that speak plain HTTP."""
    return Check(
        {
            "DATABASE_URL": database,
            "REDIS_URL": settings.redis_url,
            "CERTLINK_SECRET_KEY": settings.secret_key.get_secret_value(),
            "CERTLINK_SANDBOX": "true",
        }
    )


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

    (wrong,) = await check.findings(is_well=False)

    assert wrong.startswith("keys: ")
    assert "gives no public keys" in wrong


async def test_algorithms_of_which_we_take_none_are_told(
    outside: OutsideProvider, certlink: Certlink, check: Check
) -> None:
    issuer = await outside.issuer(ID_TOKEN, metadata={"id_token_signing_alg_values_supported": ["HS256", "none"]})
    await certlink.add_organization(issuer)

    (wrong,) = await check.findings(is_well=False)

    assert wrong.startswith("algorithms: Its identity tokens are signed by none of ")
