"""Commands about API clients and their keys."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from api.instants import instant_text
from certlink.clock import programme_clock
from certlink.commands.runner import DEFAULT_DATA, Data, Domain, Json, as_plain, instant_option, run
from domain.errors import NotFound
from domain.operations.api_clients import NewApiKey, create_api_client, revoke_api_client, rotate_api_client_secret
from domain.queries.api_clients import ApiClientRow, ApiKeySummary, api_clients_of_operator, keys_of_api_clients
from domain.queries.organizations import operator_of
from domain.rules.enums import Scope
from domain.settings import Settings

Keys = dict[int, list[ApiKeySummary]]
Client = Annotated[int, typer.Argument(metavar="CLIENT", min=1, max=2**63 - 1, help="The API client's number.")]
Expires = Annotated[
    str, typer.Option(help="When the key ends, such as 2027-01-31T00:00:00Z; as late as it may unless given.")
]

api_key_commands = typer.Typer(help="Create, list, rotate and revoke API clients' keys.", no_args_is_help=True)


@api_key_commands.command("create")
def create(
    domain: Domain,
    name: Annotated[str, typer.Option(help="What to call the API client.")],
    scopes: Annotated[list[Scope], typer.Option("--scope", help="What it may read; may be given several times.")],
    expires: Expires = "",
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Let a program read; its key is printed this once."""
    expires_at = instant_option(expires)

    async def work(settings: Settings) -> NewApiKey:
        return await create_api_client(
            by=await operator_of(domain),
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            now=programme_clock(settings)(),
            settings=settings,
        )

    _show_once(run(work, data), as_json=as_json)


@api_key_commands.command("list")
def list_keys(domain: Domain, as_json: Json = False, data: Data = DEFAULT_DATA) -> None:
    """List an organization's API clients and their latest keys, without the secrets."""

    async def work(_: Settings) -> tuple[list[ApiClientRow], Keys]:
        operator = await operator_of(domain)
        clients = await api_clients_of_operator(operator)
        return clients, await keys_of_api_clients(operator, [client.id for client in clients])

    clients, keys = run(work, data)
    if as_json:
        shown = as_plain(clients)
        for client in shown:
            client["scopes"] = client.pop("scopeValues")
            client["keys"] = as_plain(keys[client["id"]])
            for key in client["keys"]:
                del key["id"], key["apiClientId"]
        print(json.dumps(shown))
        return
    for row in clients:
        revoked = f"\trevoked {instant_text(row.revoked_at)}" if row.revoked_at else ""
        print(f"{row.id}\t{row.name}\t{','.join(row.scope_values)}{revoked}")
        for key in keys[row.id]:
            end = f"ended {instant_text(key.ended_at)}" if key.ended_at else f"expires {instant_text(key.expires_at)}"
            used = instant_text(key.last_used_at) if key.last_used_at else "never"
            print(f"\t{key.prefix}\t{end}\tlast used {used}")


@api_key_commands.command("rotate")
def rotate(
    domain: Domain,
    client: Client,
    expires: Expires = "",
    end_previous: Annotated[bool, typer.Option("--end-previous", help="End all other keys at once.")] = False,
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Give an API client a new key, printed this once; the newest other goes on until the next rotation."""
    expires_at = instant_option(expires)

    async def work(settings: Settings) -> NewApiKey:
        operator = await operator_of(domain)
        with _named(client):
            return await rotate_api_client_secret(
                by=operator,
                api_client_id=client,
                expires_at=expires_at,
                end_previous=end_previous,
                now=programme_clock(settings)(),
                settings=settings,
            )

    _show_once(run(work, data), as_json=as_json)


@api_key_commands.command("revoke")
def revoke(domain: Domain, client: Client, data: Data = DEFAULT_DATA) -> None:
    """Revoke an API client: all its keys end at once, for good."""

    async def work(settings: Settings) -> None:
        operator = await operator_of(domain)
        with _named(client):
            await revoke_api_client(by=operator, api_client_id=client, now=programme_clock(settings)())

    run(work, data)
    print(f"{client}\trevoked")


@contextmanager
def _named(client: int) -> Iterator[None]:
    try:
        yield
    except NotFound:
        raise NotFound(
            f"The organization has no API client {client}, or it is revoked: `certlink api-key list` shows them."
        ) from None


def _show_once(key: NewApiKey, *, as_json: bool) -> None:
    if as_json:
        shown = {"apiClient": key.api_client_id, "prefix": key.prefix, "expiresAt": instant_text(key.expires_at)}
        print(json.dumps(shown | {"secret": key.secret}))
        return
    # The secret is alone on stdout, so that it can be piped to where it is kept.
    print(
        f"API client {key.api_client_id}: the key {key.prefix}… expires {instant_text(key.expires_at)}. "
        "It is shown this once.",
        file=sys.stderr,
    )
    print(key.secret)
