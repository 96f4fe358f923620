"""Connection pool of PostgreSQL, and reads and writes by SQL."""

from collections.abc import AsyncIterator, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_type_hints
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.connection import get_connection
from tortoise.exceptions import ConfigurationError, OperationalError
from typing_extensions import override

from domain.errors import InvalidInput, NotFound, TryAgain

Row = TypeVar("Row")

CONNECTION = "default"
APP = "domain"
# asyncpg and PostgreSQL wait for ever by default.
COMMAND_TIMEOUT_SECONDS = 30
SERVER_SETTINGS = {
    "application_name": "certlink",
    "timezone": "UTC",
    "statement_timeout": "30s",
    # Shorter than a request's deadline, so that a request that waits for a lock ends as TRY_AGAIN.
    "lock_timeout": "8s",
    "idle_in_transaction_session_timeout": "60s",
}

# PostgreSQL stores neither NUL nor half a surrogate pair: it, or its driver, refuses them when the statement runs.
UNSTORABLE = "The text holds characters that cannot be stored."
UNSTORABLE_TEXT = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError, UnicodeEncodeError)
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    # The database was dropped, or its role may connect no more: a pool learns of both when it reconnects.
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


class PooledConnection(asyncpg.Connection):
    @override
    def get_reset_query(self) -> str:
        # We set no session state, and a reset took 35 % of a round trip through the pool.
        return ""


# One pool serves Tortoise's models and our own SQL; inside a transaction both use its connection.
class PooledClient(AsyncpgDBClient):
    pool: "asyncpg.Pool[Any]"

    @override
    async def create_pool(self, **arguments: Any) -> "asyncpg.Pool[Any]":
        self.pool = await super().create_pool(**arguments)
        return self.pool


class TransactionClient(TransactionWrapper):
    def __init__(self, outer: PooledClient, connection: Any) -> None:
        super().__init__(outer)
        # Tortoise takes no connection but from its own transaction block, which we do not use: see transaction.py.
        self._connection = connection
        self.pool = outer.pool
        self.connection = connection


# Tortoise looks in the module that its configuration names as the engine for a class of this name.
client_class = PooledClient


def connection_arguments(database_url: str) -> dict[str, Any]:
    """Return asyncpg's arguments for a URL; ``?host=/folder`` names a unix socket's folder."""
    parts = urlsplit(database_url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    arguments: dict[str, Any] = {
        "host": query.get("host") or parts.hostname or "localhost",
        "port": parts.port or int(query.get("port", 5432)),
        "user": unquote(parts.username) if parts.username else query.get("user"),
        "password": unquote(parts.password) if parts.password else query.get("password"),
        "database": unquote(parts.path.lstrip("/")),
        "command_timeout": COMMAND_TIMEOUT_SECONDS,
        "server_settings": SERVER_SETTINGS,
    }
    return arguments | ({"ssl": query["sslmode"]} if "sslmode" in query else {})


def tortoise_config(database_url: str, *, pool_size: int) -> dict[str, Any]:
    credentials = connection_arguments(database_url) | {
        "minsize": 1,
        "maxsize": pool_size,
        "connection_class": PooledConnection,
    }
    return {
        "connections": {CONNECTION: {"engine": __name__, "credentials": credentials}},
        "apps": {
            APP: {"models": ["domain.models"], "migrations": "domain.migrations", "default_connection": CONNECTION}
        },
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def open_database(database_url: str, *, pool_size: int = 10) -> AsyncIterator[None]:
    """Connect the process to the database for as long as the block runs.

    Raises:
        ConnectionError: the database does not let us in; OSError where nobody answers.
    """
    # Without the fallback the tasks of requests, which lifespan has not started, would find no connection.
    await Tortoise.init(config=tortoise_config(database_url, pool_size=pool_size), _enable_global_fallback=True)
    try:
        try:
            await get_connection(CONNECTION).create_connection(with_db=True)
        except asyncpg.PostgresError as error:
            raise ConnectionError(str(error)) from error
        yield
    finally:
        await Tortoise.close_connections()


def current_client() -> PooledClient | TransactionClient:
    """Return the process's client, or inside a transaction the one that is bound to its connection.

    Raises:
        TryAgain: the process has not opened its database, or has closed it.
    """
    try:
        client = get_connection(CONNECTION)
    except (ConfigurationError, RuntimeError) as error:
        raise TryAgain from error
    assert isinstance(client, PooledClient | TransactionClient)
    return client


def pool() -> "asyncpg.Pool[Any]":
    return current_client().pool


@asynccontextmanager
async def connection() -> AsyncIterator[Any]:
    """Yield the current transaction's connection, or one of the pool where there is no transaction."""
    client = current_client()
    if isinstance(client, TransactionClient):
        yield client.connection
        return
    with database_refusals():
        async with client.pool.acquire() as pooled:
            yield pooled


@asynccontextmanager
async def snapshot() -> AsyncIterator[Any]:
    """Yield a connection that only reads, and sees one state of the database until the block ends."""
    with database_refusals():
        async with pool().acquire() as pooled, pooled.transaction(isolation="repeatable_read", readonly=True):
            yield pooled


@contextmanager
def database_refusals() -> Iterator[None]:
    """Turn errors of a database that is away, or that cannot store a text, into refusals.

    Raises:
        TryAgain: the database is away, or busy beyond its time limits.
        InvalidInput: a text holds a NUL or half a surrogate pair.
    """
    try:
        yield
    except (asyncpg.DataError, OperationalError) as error:
        if _is_unstorable(error):
            raise InvalidInput(UNSTORABLE) from error
        raise
    except UNAVAILABLE as error:
        # asyncpg's complaints about its configuration are interface errors too, and mistakes of ours.
        if isinstance(error, ValueError):
            raise
        raise TryAgain from error


def _is_unstorable(error: BaseException | None) -> bool:
    """Tell whether a text's characters caused an error; asyncpg and Tortoise wrap the cause."""
    return error is not None and (isinstance(error, UNSTORABLE_TEXT) or _is_unstorable(error.__cause__))


async def fetch_rows(kind: type[Row], sql: str, *arguments: object) -> list[Row]:
    """Run a query whose columns are the fields of a dataclass, in any order, and return its rows as such."""
    async with connection() as current:
        records = await current.fetch(sql, *arguments)
    return [typed_row(kind, record) for record in records]


async def fetch_row(kind: type[Row], sql: str, *arguments: object) -> Row | None:
    """Return the first row of a query as ``fetch_rows`` does, if there is one."""
    async with connection() as current:
        record = await current.fetchrow(sql, *arguments)
    return None if record is None else typed_row(kind, record)


def row_or_raise(row: Row | None) -> Row:
    """Return a row that must be there.

    Raises:
        NotFound: it is not.
    """
    if row is None:
        raise NotFound
    return row


def typed_row(kind: type[Row], columns: Mapping[str, Any]) -> Row:
    """Return columns as a dataclass, with texts as enum members where its fields are enums."""
    values = dict(columns)
    for name, enum in _enum_fields(cast(Hashable, kind)).items():
        if values[name] is not None:
            values[name] = enum(values[name])
    return kind(**values)


# Cached, since reading the hints of a class takes longer than making a row.
@cache
def _enum_fields(kind: Hashable) -> dict[str, type[StrEnum]]:
    return {
        name: enum
        for name, hint in get_type_hints(kind).items()
        for enum in (get_args(hint) or (hint,))
        if isinstance(enum, type) and issubclass(enum, StrEnum)
    }


async def fetch_value(sql: str, *arguments: object) -> Any:
    """Run a query and return the first column of its first row."""
    async with connection() as current:
        return await current.fetchval(sql, *arguments)


async def execute_many(sql: str, rows: Iterable[Sequence[object]]) -> None:
    """Run a statement once for each row of arguments, without waiting for each answer."""
    async with connection() as current:
        await current.executemany(sql, rows)


async def execute(sql: str, *arguments: object) -> int:
    """Run a statement and return how many rows it touched."""
    async with connection() as current:
        tag: str = await current.execute(sql, *arguments)
    # PostgreSQL answers with a tag such as UPDATE 3 or LOCK TABLE.
    count = tag.rsplit(" ", 1)[-1]
    return int(count) if count.isdigit() else 0
