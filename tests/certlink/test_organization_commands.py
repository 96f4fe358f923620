"""The operator adds and shows organizations, and changes their issuers, clients and mail domains."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.certlink.conftest import Command

DOMAIN, ISSUER, NEW = "fabrikam.example", "https://login.fabrikam.example", "https://new.fabrikam.example"
TENANT = "https://login.microsoftonline.com/1e7a6f5c-0000-4000-8000-00000000abcd/v2.0"


@pytest.fixture
def command(certlink: Command, contoso: str) -> Command:
    """Run ``certlink organization`` on a database with one organization."""
    return partial(certlink, "organization")


async def add(command: Command, *options: str, issuer: str = ISSUER) -> str:
    """Add a second organization and return what is printed."""
    added = await command("add", DOMAIN, "--name", "Fabrikam", "--issuer", issuer, "--client-id", "certlink", *options)
    assert added.exit_code == 0, added.output
    return str(added.stdout)


async def shown(command: Command, domain: str = DOMAIN) -> dict[str, Any]:
    """Return an organization as it is shown in JSON."""
    answer: dict[str, Any] = json.loads((await command("show", domain, "--json")).stdout)
    return answer


async def redirect_uri(command: Command, issuer: str, domain: str = DOMAIN) -> str:
    """Return the redirect URI that an organization has, or would have, at an issuer."""
    return str(json.loads((await command("show", domain, "--issuer", issuer, "--json")).stdout)["redirectUri"])


async def test_the_redirect_uri_is_printed_and_shown_and_is_nobody_elses(command: Command) -> None:
    printed = await add(command)
    plain = await command("show", DOMAIN)
    organization = await shown(command)

    (issuer,) = organization["issuers"]
    assert issuer["redirectUri"].startswith("http://localhost:8000/sign-in/callback/")
    assert f"redirect URI {issuer['redirectUri']}\n" in printed
    assert f"redirect uri\t{issuer['redirectUri']}\n" in plain.stdout
    assert (organization["domain"], organization["mailDomains"]) == (DOMAIN, [DOMAIN])
    assert (issuer["issuer"], issuer["clientId"], issuer["credentials"]) == (ISSUER, "certlink", [])
    assert (organization["members"], organization["unboundMembers"]) == (0, 0)
    assert issuer["redirectUri"] != await redirect_uri(command, ISSUER, "contoso.example")


async def test_a_preset_says_what_is_trusted_and_each_part_can_be_set_alone(command: Command) -> None:
    await add(command, "--preset", "entra", "--address-claim", "upn", "--front-end", "spa", issuer=TENANT)

    (issuer,) = (await shown(command))["issuers"]

    assert (issuer["preset"], issuer["addressTrust"]) == ("entra", "issuer")
    assert (issuer["addressClaims"], issuer["subjectClaims"]) == (["upn"], ["tid", "oid"])
    assert issuer["accessTokenIssuers"] == [TENANT, "https://sts.windows.net/1e7a6f5c-0000-4000-8000-00000000abcd/"]
    assert issuer["frontEndClientIds"] == ["spa"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--issuer", "https://login.microsoftonline.com/common/v2.0", "--preset", "entra"],
            "people of many companies",
        ),
        (["--issuer", "https://accounts.google.com", "--address-trust", "issuer"], "people of many companies"),
        (["--issuer", "https://accounts.google.com", "--address-trust", "verified"], "people of many companies"),
        (["--issuer", NEW, "--address-claim", "upn"], "no other can hold the address"),
        (["--issuer", NEW, "--subject-claim", "oid"], 'together with "tid"'),
        (["--issuer", NEW, "--api-audience", "certlink"], "must differ from the client id"),
        (["--issuer", "ftp://new.example"], "This is no issuer"),
    ],
)
async def test_what_would_take_one_companys_people_for_anothers_is_refused(
    command: Command, options: list[str], message: str
) -> None:
    refused = await command("add", DOMAIN, "--name", "Fabrikam", "--client-id", "certlink", *options)

    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert message in refused.stderr
    assert (await command("show", DOMAIN)).exit_code == 1


async def test_a_change_of_issuer_says_what_it_ended_and_the_new_redirect_uri(command: Command) -> None:
    await add(command)
    foreseen = await redirect_uri(command, NEW)

    same = await command("issuer", DOMAIN, "--issuer", ISSUER)
    unchanged = await shown(command)
    changed = await command("issuer", DOMAIN, "--issuer", NEW)

    assert "nothing was changed" in same.stdout
    assert [issuer["issuer"] for issuer in unchanged["issuers"]] == [ISSUER]
    assert changed.stdout == f"0 bindings cleared, 0 sessions ended\nredirect URI {foreseen}\n"
    assert [issuer["redirectUri"] for issuer in (await shown(command))["issuers"]] == [foreseen]


async def test_the_same_issuer_gets_other_settings_in_place(command: Command) -> None:
    await add(command, "--api-audience", "api")
    (before,) = (await shown(command))["issuers"]

    changed = await command("issuer", DOMAIN, "--issuer", ISSUER, "--preset", "adfs")
    again = await command("issuer", DOMAIN, "--issuer", ISSUER, "--preset", "adfs")

    (after,) = (await shown(command))["issuers"]
    assert changed.stdout.startswith("0 bindings cleared, 0 sessions ended\n")
    assert "nothing was changed" in again.stdout
    assert (after["preset"], after["addressTrust"], after["addressClaims"]) == (
        "adfs",
        "issuer",
        ["email", "upn", "unique_name"],
    )
    assert (after["redirectUri"], after["apiAudiences"]) == (before["redirectUri"], before["apiAudiences"])


async def test_a_second_issuer_stands_beside_the_first_until_one_is_removed(command: Command) -> None:
    await add(command)

    beside = await command("issuer", DOMAIN, "--issuer", NEW, "--beside")
    both = [issuer["issuer"] for issuer in (await shown(command))["issuers"]]
    removed = await command("issuer", DOMAIN, "--issuer", ISSUER, "--remove")
    again = await command("issuer", DOMAIN, "--issuer", ISSUER, "--remove")

    assert beside.exit_code == removed.exit_code == 0
    assert both == [NEW, ISSUER]
    assert [issuer["issuer"] for issuer in (await shown(command))["issuers"]] == [NEW]
    assert (again.exit_code, again.stderr) == (1, f"certlink: Name one of the organization's issuers: {NEW}.\n")


async def test_one_tenant_may_serve_two_organizations(command: Command) -> None:
    await add(command, issuer="https://login.contoso.example")

    uris = [(await shown(command, domain))["issuers"][0]["redirectUri"] for domain in (DOMAIN, "contoso.example")]

    assert uris[0] != uris[1]


async def test_two_secrets_overlap_and_a_third_or_another_client_ends_the_older_ones(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await add(command, "--client-secret", "first")
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(key)
    monkeypatch.setenv("CERTLINK_CLIENT_SECRET", "second")
    second = await command("client", DOMAIN)
    monkeypatch.delenv("CERTLINK_CLIENT_SECRET")
    third = await command("client", DOMAIN, "--client-key", str(tmp_path / "key.pem"))
    kinds = (await shown(command))["issuers"][0]["credentials"]

    alone = await command("client", DOMAIN, "--end-previous", "--client-secret", "fourth")
    other = await command("client", DOMAIN, "--client-id", "another")

    assert (second.stdout, third.stdout) == ("client certlink with 2 secrets or keys\n",) * 2
    assert kinds == ["private key", "secret"]
    assert alone.stdout == "client certlink with 1 secrets or keys\n"
    assert other.stdout == "client another with 0 secrets or keys\n"


async def test_a_file_without_a_usable_key_changes_nothing(command: Command, tmp_path: Path) -> None:
    await add(command)
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")

    refused = [
        await command("client", DOMAIN, "--client-key", str(tmp_path / name)) for name in ("key.pem", "missing.pem")
    ]
    nothing = await command("client", DOMAIN)

    assert [result.exit_code for result in [*refused, nothing]] == [1, 1, 1]
    assert "holds no private key" in refused[0].stderr
    assert "cannot be read" in refused[1].stderr
    assert (await shown(command))["issuers"][0]["credentials"] == []


async def test_mail_domains_are_added_and_removed_in_one_spelling(command: Command) -> None:
    await add(command)

    added = await command("domain", DOMAIN, "--add", "Bücher.example")
    taken = await command("domain", "contoso.example", "--add", "xn--bcher-kva.example")
    by_another_name = await shown(command, "bücher.example")
    removed = await command("domain", DOMAIN, "--remove", "bücher.example")
    main = await command("domain", DOMAIN, "--remove", DOMAIN)
    nonsense = await command("domain", DOMAIN, "--add", "not a domain")

    assert added.stdout == f"{DOMAIN}\nxn--bcher-kva.example\n"
    assert by_another_name["name"] == "Fabrikam"
    assert removed.stdout == f"{DOMAIN}\n"
    assert [result.exit_code for result in (taken, main, nonsense)] == [1, 1, 1]


async def test_what_another_issuer_would_give_is_marked_and_what_is_no_issuer_refused(command: Command) -> None:
    await add(command)

    foreseen = await command("show", DOMAIN, "--issuer", NEW)
    refused = [await command(name, DOMAIN, "--issuer", "ftp://new.example") for name in ("show", "issuer")]

    assert foreseen.stdout.endswith(f"This is what it would have; it trusts {ISSUER}.\n")
    assert [(result.exit_code, "This is no issuer" in result.stderr) for result in refused] == [(1, True)] * 2


async def test_what_does_not_exist_ends_with_one_line(command: Command) -> None:
    nowhere = [
        await command(*arguments)
        for arguments in (
            ["show", "nowhere.example"],
            ["issuer", "nowhere.example", "--issuer", NEW],
            ["client", "nowhere.example", "--client-id", "x"],
            ["domain", "nowhere.example", "--add", "x.example"],
            ["check", "nowhere.example"],
        )
    ]

    assert {(result.exit_code, result.stderr) for result in nowhere} == {
        (1, "certlink: There is no organization with this mail domain.\n")
    }
