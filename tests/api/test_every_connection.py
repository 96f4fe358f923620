"""Every connection of the schema: its statements and its pages."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from api.graphql.schema import schema
from domain.database.pool import execute
from domain.models import Association, Member
from domain.rules.enums import AssociationEndReason, LearningProvider, MemberRole
from domain.settings import Settings
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.clock import START
from tests.factories import (
    make_api_client,
    make_association,
    make_credit,
    make_invitation,
    make_member,
    make_organization,
)

TYPES = schema._schema.type_map
# How a document gets to a type that has a connection.
WAYS = {
    "Query": "%s",
    "Organization": "viewer { organization { %s } }",
    "Member": "viewer { member { %s } }",
    "Association": "node(id: $association) { ... on Association { %s } }",
}


def is_connection(field: GraphQLField) -> bool:
    return get_named_type(field.type).name.endswith("Connection")


def found() -> Iterator[tuple[str, str]]:
    """Yield the type and the name of every field that is a connection."""
    for kind in TYPES.values():
        if isinstance(kind, GraphQLObjectType):
            yield from ((kind.name, name) for name, field in kind.fields.items() if is_connection(field))


CONNECTIONS = sorted(found())


def selection(kind: object, *, levels: int) -> str:
    """Return every field of a type that can be asked for without arguments, objects down to some levels.

    Of a connection inside the list a page of its own is asked for.
    """
    assert isinstance(kind, GraphQLObjectType)
    parts = ["__typename"]
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if is_connection(field) and levels:
            parts.append(f"{name}(first: 2) {{ totalCount nodes {{ {selection(node_of(field), levels=0)} }} }}")
        elif is_leaf_type(inner) and not any(map(is_required_argument, field.args.values())):
            parts.append(name)
        elif isinstance(inner, GraphQLObjectType) and not field.args and levels:
            parts.append(f"{name} {{ {selection(inner, levels=levels - 1)} }}")
    return " ".join(parts)


def node_of(connection: GraphQLField) -> object:
    kind = get_named_type(connection.type)
    assert isinstance(kind, GraphQLObjectType)
    return get_named_type(kind.fields["nodes"].type)


def document(kind: str, name: str, selected: str) -> str:
    """Return a document that asks for a page of a connection."""
    listed = f"list: {name}(first: $first, after: $after, last: $last, before: $before) {{ {selected} }}"
    return f"""query ($association: ID!, $first: Int, $after: String, $last: Int, $before: String) {{
        unused: node(id: $association) {{ id }} {WAYS[kind] % listed} }}"""


def list_in(data: dict[str, Any]) -> dict[str, Any]:
    """Return the page, wherever it is in the answer."""
    (inner,) = [value for name, value in data.items() if name not in {"unused", "__typename"}]
    page: dict[str, Any] = inner if "list" in data else list_in(inner)
    return page


@pytest.fixture
async def admin(client: AsyncClient, settings: Settings) -> Member:
    """One of three admins, each with an invitation and three associations, two of which have credits; API clients."""
    organization = await make_organization()
    people = [await make_member(organization, role=MemberRole.ACCOUNT_ADMIN) for _ in range(3)]
    for person in people:
        await make_invitation(person)
        await make_api_client(organization, settings=settings)
        await write_ended_association(person, years_ago=2)
        for provider in LearningProvider:
            await make_credit(await make_association(person, provider=provider))
    return people[0]


@pytest.fixture
async def association(admin: Member) -> Association:
    """An association with three credits."""
    association = await Association.filter(member=admin).order_by("-id").first()
    assert association is not None
    for code in ("AZ-305", "SC-300"):
        await make_credit(association, certification=code)
    return association


@pytest.fixture
async def caller(client: AsyncClient, admin: Member) -> Caller:
    return await sign_in(client, admin)


async def write_ended_association(person: Member, *, years_ago: int) -> None:
    started_at = START - timedelta(days=366 * years_ago)
    await make_association(
        person, started_at=started_at, ended_at=started_at + timedelta(days=1), end_reason=AssociationEndReason.REMOVED
    )


async def test_a_connection_costs_the_same_number_of_statements_whatever_its_size(
    caller: Caller, association: Association, statements: list[str]
) -> None:
    costs = {}
    for kind, name in CONNECTIONS:
        field = TYPES[kind].fields[name]  # type: ignore[attr-defined]
        query = document(kind, name, f"totalCount nodes {{ {selection(node_of(field), levels=1)} }}")
        sizes = []
        for first in (1, 3):
            statements.clear()
            data = await caller.ask(query, association=global_id(Kind.ASSOCIATION, association.id), first=first)
            sizes.append((len(list_in(data)["nodes"]), len(statements)))
        costs[f"{kind}.{name}"] = sizes

    assert {name: [rows for rows, _ in sizes] for name, sizes in costs.items()} == {name: [1, 3] for name in costs}
    assert {name: sizes for name, sizes in costs.items() if len({cost for _, cost in sizes}) > 1} == {}


async def test_whatever_stays_in_a_list_is_seen_once_on_a_walk_while_rows_come_and_change(
    caller: Caller, association: Association, admin: Member, settings: Settings
) -> None:
    walks = [_Walk(caller, association, *each, backward=backward) for each in CONNECTIONS for backward in (False, True)]
    for walk in walks:
        await walk.begin()

    for number in range(3):
        for walk in walks:
            await walk.go_on()
        await disturb(admin, association, number)
        await make_api_client(await admin.organization, settings=settings)
    for walk in walks:
        await walk.finish()

    assert [walk.name for walk in walks if [each for each in walk.seen if each in walk.before] != walk.before] == []


async def disturb(admin: Member, association: Association, number: int) -> None:
    """Let a row come at one end or in the midst of every list, and change others."""
    newcomer = await make_member(await admin.organization, name="Amara Osei", invited_at=START - timedelta(days=number))
    await make_invitation(newcomer)
    await write_ended_association(admin, years_ago=4 + number)
    await make_credit(association, certification=f"SC-{number}00")
    await execute("UPDATE member SET role = 'GLOBAL_ADMIN' WHERE id = $1", newcomer.id - 1)
    await execute(
        """INSERT INTO certification (code, title, level, provider)
           SELECT code || '-' || $1::int, title, level, provider FROM certification WHERE code = 'AZ-104'""",
        number,
    )


class _Walk:
    """A walk over a connection, in three pages or more."""

    def __init__(self, caller: Caller, association: Association, kind: str, name: str, *, backward: bool) -> None:
        field = TYPES[kind].fields[name]  # type: ignore[attr-defined]
        key = next(each for each in ("id", "creditId", "code") if each in node_of(field).fields)  # type: ignore[attr-defined]
        info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        self.name = f"{kind}.{name}, {'backward' if backward else 'forward'}"
        self.before: list[str] = []
        self.seen: list[str] = []
        self._document = document(kind, name, f"nodes {{ key: {key} }} {info}")
        self._association = global_id(Kind.ASSOCIATION, association.id)
        self._caller = caller
        self._backward = backward
        self._size = 1
        self._place: dict[str, str] | None = {}

    async def begin(self) -> None:
        """Read the whole list."""
        self.before = [node["key"] for node in (await self._page(first=100))["nodes"]]
        assert len(self.before) >= 3, self.name
        self._size = -(-len(self.before) // 3)

    async def go_on(self) -> None:
        """Read the next page, if there is one."""
        if self._place is None:
            return
        page = await self._page(**{"last" if self._backward else "first": self._size}, **self._place)
        found, info = [node["key"] for node in page["nodes"]], page["pageInfo"]
        self.seen = found + self.seen if self._backward else self.seen + found
        if self._backward:
            self._place = {"before": info["startCursor"]} if info["hasPreviousPage"] else None
        else:
            self._place = {"after": info["endCursor"]} if info["hasNextPage"] else None

    async def finish(self) -> None:
        """Read all pages that are left."""
        while self._place is not None:
            await self.go_on()

    async def _page(self, **variables: Any) -> dict[str, Any]:
        return list_in(await self._caller.ask(self._document, association=self._association, **variables))
