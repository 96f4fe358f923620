"""Which commands bring organizations?"""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from certlink.clock import programme_clock
from certlink.commands.surroundings import DEFAULT_DATA, Data, Json, run
from domain.operations.change_issuer import change_issuer
from domain.operations.change_track import change_track
from domain.operations.create_organization import create_organization
from domain.queries.organizations import OrganizationSummary, organizations
from domain.rules.words import Track
from domain.settings import Settings

Domain = Annotated[str, typer.Argument(help="The organization's mail domain, such as contoso.example.")]
Issuer = Annotated[str, typer.Option(help="Its OpenID Connect issuer.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands about organizations."""
    organization = typer.Typer(help="Add, change and list organizations.", no_args_is_help=True)
    organization.command("add")(add_organization)
    organization.command("issuer")(trust_issuer)
    organization.command("track")(set_track)
    organization.command("list")(list_organizations)
    app.add_typer(organization, name="organization")


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
    """Add an organization with its mail domain and identity issuer."""

    async def work(settings: Settings) -> int:
        return await create_organization(
            name=name,
            domain=domain,
            issuer=issuer,
            client_id=client_id,
            client_secret=client_secret or None,
            api_audience=api_audience,
            now=programme_clock(settings)(),
            settings=settings,
        )

    print(f"organization {run(work, data)}")


def trust_issuer(domain: Domain, issuer: Issuer, data: Data = DEFAULT_DATA) -> None:
    """Let an organization trust another identity issuer."""

    async def work(settings: Settings) -> None:
        await change_issuer(organization_domain=domain, issuer=issuer, now=programme_clock(settings)())

    run(work, data)


def set_track(
    domain: Domain,
    track: Annotated[
        Track | None, typer.Argument(case_sensitive=False, help="enterprise or smb; every track, unless given.")
    ] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Say on which track an organization is scored where a program has a choice."""

    async def work(settings: Settings) -> None:
        await change_track(organization_domain=domain, track=track, now=programme_clock(settings)())

    run(work, data)


def list_organizations(as_json: Json = False, data: Data = DEFAULT_DATA) -> None:
    """List every organization."""

    async def work(_: Settings) -> list[OrganizationSummary]:
        return await organizations()

    rows = run(work, data)
    if as_json:
        print(json.dumps([asdict(row) for row in rows]))
        return
    for row in rows:
        print(f"{row.domain}\t{row.name}\t{row.members} members\t{row.active_associations} linked\t{row.issuer}")
