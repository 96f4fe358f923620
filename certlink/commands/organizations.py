"""Commands about organizations."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.instants import instant_text
from certlink.clock import programme_clock
from certlink.commands.runner import (
    DEFAULT_DATA,
    Data,
    Domain,
    Json,
    enum_words,
    instant_option,
    print_result,
    run,
    stop,
)
from certlink.readiness import FAILED
from domain.operations.organizations import (
    IssuerSettings,
    RemovedIssuer,
    add_mail_domain,
    change_track,
    create_organization,
    remove_issuer,
    remove_mail_domain,
    replace_issuer,
    set_client,
    trust_issuer,
)
from domain.providers.client_authentication import ClientSecret, Credential, read_client_key
from domain.providers.oidc import Finding, Issuers
from domain.queries.issuers import TrustedIssuer, issuer_or_raise, issuers_of_domain
from domain.queries.organizations import OrganizationSummary, organization_of, organizations
from domain.rules.credentials import expiry_to_warn_of
from domain.rules.enums import AddressTrust, IssuerPreset, Track
from domain.rules.sign_in import check_issuer, sign_in_redirect_uri
from domain.settings import Settings

Issuer = Annotated[str, typer.Option(help="Its OpenID Connect issuer, as the issuer's metadata write it.")]
WhichIssuer = Annotated[str, typer.Option("--issuer", help="Which of its issuers, where it has several.")]
Preset = Annotated[
    IssuerPreset, typer.Option(case_sensitive=False, help="The kind of issuer; docs/identity.md says what it sets.")
]
ClientId = Annotated[str, typer.Option(help="Our client id at the issuer.")]
Secret = Annotated[
    str, typer.Option(envvar="CERTLINK_CLIENT_SECRET", help="Our client secret there; better in the environment.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--client-key", help="A file with our private key there in PEM, and its certificate if it has one."),
]
Audiences = Annotated[list[str], typer.Option("--api-audience", help="An audience of bearer tokens for the API.")]
Discovery = Annotated[str, typer.Option(help="Where its metadata are, if not below the issuer.")]
Trust = Annotated[AddressTrust | None, typer.Option(case_sensitive=False, help="Whose word about addresses counts.")]
AddressClaims = Annotated[list[str], typer.Option("--address-claim", help="A claim that holds the address; in order.")]
SubjectClaims = Annotated[list[str], typer.Option("--subject-claim", help="A claim of the subject, such as oid.")]
TokenIssuers = Annotated[
    list[str], typer.Option("--access-token-issuer", help="Another name under which it signs bearer tokens.")
]
FrontEnds = Annotated[
    list[str], typer.Option("--front-end", help="The client id of a front-end whose tokens the API takes.")
]

organization_commands = typer.Typer(help="Add, change, check, show and list organizations.", no_args_is_help=True)


@organization_commands.command("add")
def add_organization(
    domain: Domain,
    name: Annotated[str, typer.Option(help="Its name.")],
    issuer: Issuer,
    client_id: ClientId,
    preset: Preset = IssuerPreset.GENERIC,
    client_secret: Secret = "",
    client_key: KeyFile = None,
    api_audience: Audiences = ["certlink-api"],  # noqa: B006
    discovery_url: Discovery = "",
    address_trust: Trust = None,
    address_claim: AddressClaims = [],  # noqa: B006
    subject_claim: SubjectClaims = [],  # noqa: B006
    access_token_issuer: TokenIssuers = [],  # noqa: B006
    front_end: FrontEnds = [],  # noqa: B006
    data: Data = DEFAULT_DATA,
) -> None:
    """Add an organization with its mail domain and identity issuer, and print the redirect URI to enter there."""

    async def work(settings: Settings) -> tuple[int, str]:
        organization_id = await create_organization(
            name=name,
            domain=domain,
            issuer=IssuerSettings(
                issuer=issuer,
                client_id=client_id,
                credential=_credential(client_secret, client_key),
                preset=preset,
                discovery_url=discovery_url or None,
                address_trust=address_trust,
                address_claims=tuple(address_claim),
                subject_claims=tuple(subject_claim),
                api_audiences=tuple(api_audience),
                access_token_issuers=tuple(access_token_issuer),
                front_end_client_ids=tuple(front_end),
            ),
            now=programme_clock(settings)(),
            settings=settings,
        )
        return organization_id, sign_in_redirect_uri(
            settings.public_url, organization_id=organization_id, issuer=issuer
        )

    organization_id, redirect_uri = run(work, data)
    print(f"organization {organization_id}")
    print(f"redirect URI {redirect_uri}")


@organization_commands.command("issuer")
def change_issuers(
    domain: Domain,
    issuer: Issuer,
    client_id: Annotated[str, typer.Option(help="Our client id at the issuer; the present one's by default.")] = "",
    beside: Annotated[bool, typer.Option("--beside", help="Trust it beside the present ones.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Trust this one no more.")] = False,
    preset: Preset = IssuerPreset.GENERIC,
    client_secret: Secret = "",
    client_key: KeyFile = None,
    api_audience: Audiences = ["certlink-api"],  # noqa: B006
    discovery_url: Discovery = "",
    address_trust: Trust = None,
    address_claim: AddressClaims = [],  # noqa: B006
    subject_claim: SubjectClaims = [],  # noqa: B006
    access_token_issuer: TokenIssuers = [],  # noqa: B006
    front_end: FrontEnds = [],  # noqa: B006
    data: Data = DEFAULT_DATA,
) -> None:
    """Let an organization trust an issuer in place of all before, beside them, or no more.

    Whoever was bound at an issuer that is left signs in again, and is bound by the verified address.
    """

    async def work(settings: Settings) -> tuple[RemovedIssuer | None, str]:
        now = programme_clock(settings)()
        organization = await organization_of(domain)
        redirect_uri = sign_in_redirect_uri(settings.public_url, organization_id=organization.id, issuer=issuer)
        if remove:
            return await remove_issuer(organization_domain=domain, issuer=issuer, now=now), ""
        present = await issuers_of_domain(organization.domain)
        chosen = IssuerSettings(
            issuer=issuer,
            client_id=client_id or (present[0].client_id if present else ""),
            credential=_credential(client_secret, client_key),
            preset=preset,
            discovery_url=discovery_url or None,
            address_trust=address_trust,
            address_claims=tuple(address_claim),
            subject_claims=tuple(subject_claim),
            api_audiences=tuple(api_audience),
            access_token_issuers=tuple(access_token_issuer),
            front_end_client_ids=tuple(front_end),
        )
        if beside:
            await trust_issuer(organization_domain=domain, issuer=chosen, now=now, settings=settings)
            return RemovedIssuer(bindings_cleared=0, sessions_ended=0), redirect_uri
        return (
            await replace_issuer(organization_domain=domain, issuer=chosen, now=now, settings=settings),
            redirect_uri,
        )

    ended, redirect_uri = run(work, data)
    if ended is None:
        print("The organization trusts this issuer already: nothing was changed.")
        return
    print(f"{ended.bindings_cleared} bindings cleared, {ended.sessions_ended} sessions ended")
    if redirect_uri:
        print(f"redirect URI {redirect_uri}")


@organization_commands.command("client")
def change_client(
    domain: Domain,
    issuer: WhichIssuer = "",
    client_id: Annotated[str, typer.Option(help="Our new client id; it ends every secret and key of the old.")] = "",
    client_secret: Secret = "",
    client_key: KeyFile = None,
    expires_at: Annotated[str, typer.Option(help="When the secret or key expires at the issuer, to be warned.")] = "",
    end_previous: Annotated[
        bool, typer.Option("--end-previous", help="Use those before no more, from now on.")
    ] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Set our client's id, secret or key at an issuer; the one before is tried, too, until the next change."""
    expiry = instant_option(expires_at)
    changed = run(
        lambda settings: set_client(
            organization_domain=domain,
            issuer=issuer or None,
            client_id=client_id or None,
            credential=_credential(client_secret, client_key),
            expires_at=expiry,
            end_previous=end_previous,
            now=programme_clock(settings)(),
            settings=settings,
        ),
        data,
    )
    print(f"client {changed.client_id} with {len(changed.credential_kinds)} secrets or keys")


@organization_commands.command("domain")
def change_domains(
    domain: Domain,
    add: Annotated[str, typer.Option(help="A mail domain to add.")] = "",
    remove: Annotated[str, typer.Option(help="A mail domain to remove; who is a member stays one.")] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """Add or remove a mail domain of an organization, and print those that it has."""

    async def work(settings: Settings) -> OrganizationSummary:
        now = programme_clock(settings)()
        if add:
            await add_mail_domain(organization_domain=domain, domain=add, now=now)
        if remove:
            await remove_mail_domain(organization_domain=domain, domain=remove, now=now)
        return await organization_of(domain)

    for mail_domain in run(work, data).mail_domains:
        print(mail_domain)


@organization_commands.command("check")
def check_organization(
    domain: Domain, issuer: WhichIssuer = "", as_json: Json = False, data: Data = DEFAULT_DATA
) -> None:
    """Try discovery, algorithms, keys and our client at an organization's issuer, and say what is wrong."""

    async def work(settings: Settings) -> list[Finding]:
        trusted = await issuer_or_raise(domain, issuer or None)
        async with Issuers(settings=settings) as issuers:
            return await issuers.examine(trusted.client(settings), now=programme_clock(settings)())

    findings = run(work, data)
    lines = [f"{'ok' if finding.is_well else 'WRONG'}\t{finding.step}\t{finding.text}" for finding in findings]
    print_result([asdict(finding) for finding in findings], lines, as_json=as_json)
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(FAILED)


@organization_commands.command("track")
def set_track(
    domain: Domain,
    track: Annotated[
        Track | None, typer.Argument(case_sensitive=False, help="enterprise or smb; every track, unless given.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Say on which track an organization is scored where a program has a choice."""
    run(lambda settings: change_track(organization_domain=domain, track=track, now=programme_clock(settings)()), data)


@organization_commands.command("show")
def show_organization(
    domain: Domain,
    issuer: Annotated[str, typer.Option(help="Show only the redirect URI that it would have at another issuer.")] = "",
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Show an organization's mail domains and issuers, what it trusts of them, and what to enter there."""

    async def work(settings: Settings) -> tuple[OrganizationSummary, list[TrustedIssuer], Settings]:
        if issuer:
            check_issuer(issuer)
        details = await organization_of(domain)
        return details, await issuers_of_domain(details.domain), settings

    details, issuers, settings = run(work, data)
    if issuer:
        redirect_uri = sign_in_redirect_uri(settings.public_url, organization_id=details.id, issuer=issuer)
        lines = [f"redirect URI\t{redirect_uri}"]
        if issuer not in details.issuers:
            lines.append(f"This is what it would have; it trusts {_plain(details.issuers)}.")
        print_result({"redirectUri": redirect_uri}, lines, as_json=as_json)
        return
    shown = {
        "organization": details.id,
        "name": details.name,
        "domain": details.domain,
        "mailDomains": details.mail_domains,
        "members": details.members,
        "unboundMembers": details.unbound_members,
        "issuers": [_shown(row, settings) for row in issuers],
    }
    labels = ("organization", "name", "main mail domain", "mail domains", "members", "members bound to no issuer")
    lines = [f"{label}\t{_plain(value)}" for label, value in zip(labels, shown.values(), strict=False)]
    for row in issuers:
        lines += ["", *(f"{_label(name)}\t{_plain(value)}" for name, value in _shown(row, settings).items())]
    print_result(shown, lines, as_json=as_json)


@organization_commands.command("list")
def list_organizations(as_json: Json = False, data: Data = DEFAULT_DATA) -> None:
    """List every organization."""
    rows = run(lambda _: organizations(), data)
    lines = (
        f"{row.domain}\t{row.name}\t{row.members} members\t{row.active_associations} linked\t{', '.join(row.issuers)}"
        for row in rows
    )
    print_result([asdict(row) for row in rows], lines, as_json=as_json)


def _credential(secret: str, key_file: Path | None) -> Credential | None:
    if key_file is None:
        return ClientSecret(secret=secret) if secret else None
    try:
        return read_client_key(key_file.read_text())
    except (OSError, UnicodeDecodeError):
        stop(f"the file {key_file} cannot be read", FAILED)


def _shown(row: TrustedIssuer, settings: Settings) -> dict[str, Any]:
    redirect_uri = row.client(settings).redirect_uri
    return {
        "issuer": row.issuer,
        "preset": row.preset.value.lower(),
        "discoveryUrl": row.discovery_url,
        "addressTrust": row.address_trust.value.lower(),
        "addressClaims": row.address_claims,
        "subjectClaims": row.subject_claims,
        "clientId": row.client_id,
        "credentials": [
            f"{enum_words(kind)}{f', expires {instant_text(expires_at)}' if expires_at else ''}"
            for kind, expires_at in zip(row.credential_kinds, row.credential_expiries, strict=True)
        ],
        "credentialWarning": _expiry_warning(row, now=programme_clock(settings)()),
        "apiAudiences": row.api_audiences,
        "accessTokenIssuers": row.token_issuers,
        "frontEndClientIds": row.front_end_client_ids,
        "redirectUri": redirect_uri,
    }


def _expiry_warning(row: TrustedIssuer, *, now: datetime) -> str | None:
    expires_at = expiry_to_warn_of(row.credential_expiries, now=now)
    if expires_at is None:
        return None
    verb = "expired" if expires_at <= now else "expires"
    return f"the last secret or key {verb} on {instant_text(expires_at)}: set another by `certlink organization client`"


def _label(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)


def _plain(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)
