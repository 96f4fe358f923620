"""Commands about organizations."""

from dataclasses import asdict
from typing import Annotated

import typer

from certlink.clock import programme_clock
from certlink.commands.runner import DEFAULT_DATA, Data, Domain, Json, print_result, run
from domain.operations.organizations import ChangedIssuer, change_issuer, change_track, create_organization
from domain.queries.organizations import OrganizationSummary, organization_of, organizations
from domain.rules.enums import Track
from domain.rules.sign_in import check_issuer, sign_in_redirect_uri
from domain.settings import Settings

Issuer = Annotated[str, typer.Option(help="Its OpenID Connect issuer.")]

organization_commands = typer.Typer(help="Add, change, show and list organizations.", no_args_is_help=True)


@organization_commands.command("add")
def add_organization(
    domain: Domain,
    name: Annotated[str, typer.Option(help="Its name.")],
    issuer: Issuer,
    client_id: Annotated[str, typer.Option(help="Our client id at the issuer.")],
    client_secret: Annotated[
        str, typer.Option(envvar="CERTLINK_CLIENT_SECRET", help="Our client secret there; better in the environment.")
    ] = "",
    api_audience: Annotated[str, typer.Option(help="The audience of bearer tokens for the API.")] = "certlink-api",
    data: Data = DEFAULT_DATA,
) -> None:
    """Add an organization with its mail domain and identity issuer, and print the redirect URI to enter there."""

    async def work(settings: Settings) -> tuple[int, str]:
        organization_id = await create_organization(
            name=name,
            domain=domain,
            issuer=issuer,
            client_id=client_id,
            client_secret=client_secret or None,
            api_audience=api_audience,
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
def trust_issuer(domain: Domain, issuer: Issuer, data: Data = DEFAULT_DATA) -> None:
    """Let an organization trust another identity issuer: its members sign in again, and are bound to that one."""

    async def work(settings: Settings) -> tuple[ChangedIssuer | None, Settings]:
        now = programme_clock(settings)()
        return await change_issuer(organization_domain=domain, issuer=issuer, now=now), settings

    changed, settings = run(work, data)
    if changed is None:
        print("The organization trusts this issuer already: nothing was changed.")
        return
    redirect_uri = sign_in_redirect_uri(settings.public_url, organization_id=changed.organization_id, issuer=issuer)
    print(f"{changed.bindings_cleared} bindings cleared, {changed.sessions_ended} sessions ended")
    print(f"redirect URI {redirect_uri}")


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
    issuer: Annotated[str, typer.Option(help="Show the redirect URI that it would have at another issuer.")] = "",
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Show an organization's identity issuer and the redirect URI to enter there."""

    async def work(settings: Settings) -> tuple[OrganizationSummary, str]:
        if issuer:
            check_issuer(issuer)
        details = await organization_of(domain)
        return details, sign_in_redirect_uri(
            settings.public_url, organization_id=details.id, issuer=issuer or details.issuer
        )

    details, redirect_uri = run(work, data)
    rows = [
        ("organization", "organization", details.id),
        ("domain", "mail domain", details.domain),
        ("name", "name", details.name),
        ("issuer", "issuer", issuer or details.issuer),
        ("clientId", "client id", details.client_id),
        ("apiAudience", "API audience", details.api_audience),
        ("redirectUri", "redirect URI", redirect_uri),
        ("members", "members", details.members),
        ("unboundMembers", "members to be bound again at the new issuer", details.unbound_members),
    ]
    lines = [f"{label}\t{value}" for _, label, value in rows]
    if issuer and issuer != details.issuer:
        lines.append(f"This is what it would have; its issuer is {details.issuer}.")
    print_result({name: value for name, _, value in rows}, lines, as_json=as_json)


@organization_commands.command("list")
def list_organizations(as_json: Json = False, data: Data = DEFAULT_DATA) -> None:
    """List every organization."""
    rows = run(lambda _: organizations(), data)
    lines = (
        f"{row.domain}\t{row.name}\t{row.members} members\t{row.active_associations} linked\t{row.issuer}"
        for row in rows
    )
    print_result([asdict(row) for row in rows], lines, as_json=as_json)
