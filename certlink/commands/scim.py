"""Commands about the tokens of an organization's directory."""

import json
import sys
from typing import Annotated

import typer

from api.instants import instant_text
from api.scim.endpoint import SCIM
from certlink.clock import programme_clock
from certlink.commands.runner import DEFAULT_DATA, Data, Domain, Json, as_plain, instant_option, run
from domain.operations.scim_tokens import NewScimToken, create_scim_token, revoke_scim_tokens
from domain.queries.directory import ScimTokenSummary, scim_tokens_of_operator
from domain.queries.organizations import operator_of
from domain.settings import Settings

scim_commands = typer.Typer(help="Let organizations' directories provision their people.", no_args_is_help=True)
token_commands = typer.Typer(help="Create, list and revoke a directory's tokens.", no_args_is_help=True)
scim_commands.add_typer(token_commands, name="token")


@token_commands.command("create")
def create(
    domain: Domain,
    expires: Annotated[
        str, typer.Option(help="When the token ends, such as 2027-01-31T00:00:00Z; as late as it may unless given.")
    ] = "",
    end_previous: Annotated[bool, typer.Option("--end-previous", help="End all other tokens at once.")] = False,
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Let an organization's directory provision its people; the token is printed this once."""
    expires_at = instant_option(expires)

    async def work(settings: Settings) -> tuple[NewScimToken, str]:
        token = await create_scim_token(
            by=await operator_of(domain),
            expires_at=expires_at,
            end_previous=end_previous,
            now=programme_clock(settings)(),
            settings=settings,
        )
        return token, settings.public_url + SCIM

    token, url = run(work, data)
    if as_json:
        print(json.dumps({**as_plain(token), "url": url}))
        return
    print(
        f"The token {token.prefix}… for {url} expires {instant_text(token.expires_at)}. It is shown this once.",
        file=sys.stderr,
    )
    # On stdout alone, so that it can be piped to where it is kept.
    print(token.secret)


@token_commands.command("list")
def list_tokens(domain: Domain, as_json: Json = False, data: Data = DEFAULT_DATA) -> None:
    """List the latest tokens of an organization's directory, without the secrets."""

    async def work(_: Settings) -> list[ScimTokenSummary]:
        return await scim_tokens_of_operator(await operator_of(domain))

    tokens = run(work, data)
    if as_json:
        print(json.dumps(as_plain(tokens)))
        return
    for token in tokens:
        end = f"ended {instant_text(token.ended_at)}" if token.ended_at else f"expires {instant_text(token.expires_at)}"
        used = instant_text(token.last_used_at) if token.last_used_at else "never"
        print(f"{token.prefix}\t{end}\tlast used {used}")


@token_commands.command("revoke")
def revoke(
    domain: Domain,
    prefix: Annotated[
        str, typer.Argument(metavar="[PREFIX]", help="The beginning of one token, as the list shows it; else all.")
    ] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """End one token of an organization's directory at once, or all of them."""

    async def work(settings: Settings) -> list[str]:
        return await revoke_scim_tokens(
            by=await operator_of(domain), prefix=prefix or None, now=programme_clock(settings)()
        )

    for ended in run(work, data):
        print(f"{ended}\trevoked")
