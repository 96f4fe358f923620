"""The statements of every field below a list, for any rows."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument
from httpx2 import AsyncClient

from api.graphql.ids import Kind, global_id
from api.graphql.schema import schema
from domain.database.pool import execute
from domain.models import (
    ApiClient,
    Association,
    AssociationAttempt,
    Credit,
    Invitation,
    LearningAccount,
    Member,
    Organization,
)
from domain.operations.api_clients import create_api_client
from domain.rules.enums import AssociationEndReason, LearningProvider, MemberRole, Scope, Track
from domain.settings import Settings
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.clock import START
from tests.factories import (
    make_association,
    make_credit,
    make_invitation,
    make_member,
    make_new_account,
    make_organization,
    viewer_of,
)

# What can be asked for by ids, and by which ids.
MODELS: dict[str, tuple[Any, Kind]] = {
    "ApiClient": (ApiClient, Kind.API_CLIENT),
    "Association": (Association, Kind.ASSOCIATION),
    "AssociationAttempt": (AssociationAttempt, Kind.ATTEMPT),
    "Credit": (Credit, Kind.CREDIT),
    "Invitation": (Invitation, Kind.INVITATION),
    "LearningAccount": (LearningAccount, Kind.LEARNING_ACCOUNT),
    "Member": (Member, Kind.MEMBER),
}
# The lists of which one row or three can be asked for: by ids, and pages of what has no id.
LISTS = {
    **{name: f"nodes(ids: [ROWS]) {{ ... on {name} {{ BELOW }} }}" for name in MODELS},
    "Certification": "certifications(first: ROWS) { nodes { BELOW } }",
    "SkillsReportRow": "viewer { organization { skillsReport(first: ROWS) { nodes { BELOW } } } }",
}
EARLIER = START - timedelta(days=2 * 366)
ARGUMENTS = {"provider": "MICROSOFT_LEARN", "until": '"2027-11-30"'}
# What the rows of this test do not have. Everything else comes to something, or its cost would say nothing.
EMPTY = {"AssociationAttempt.refusal", "CreditReason.contribution"}


@dataclass(frozen=True)
class Path:
    """How a document gets from a list to a type."""

    root: str
    kind: str
    steps: tuple[str, ...] = ()

    def document(self, rows: str, selection: str) -> str:
        for step in (*reversed(self.steps), LISTS[self.root]):
            selection = step.replace("BELOW", selection)
        return f"{{ {selection.replace('ROWS', rows)} }}"

    def further(self, name: str, field: GraphQLField) -> "Path":
        """Return the path to what a field leads to: through a connection to its items."""
        kind = object_type(field)
        step = f"{called(name, field)} {{ BELOW }}"
        if kind.name.endswith("Connection"):
            kind = object_type(kind.fields["nodes"])
            step = step.replace("BELOW", "nodes { BELOW }")
        return Path(self.root, kind.name, (*self.steps, step))


def paths() -> Iterator[Path]:
    """Yield from each list the shortest path to every type that can stand below it."""
    for root in LISTS:
        seen, waiting = {root}, deque([Path(root, root)])
        while waiting:
            path = waiting.popleft()
            yield path
            for name, field in fields_of(path.kind).items():
                if isinstance(get_named_type(field.type), GraphQLObjectType):
                    further = path.further(name, field)
                    if further.kind not in seen:
                        seen.add(further.kind)
                        waiting.append(further)


def selections(kind: str) -> dict[str, str]:
    """Return what can be asked of a type, one by one: all its plain values, and each other field with its values."""
    found = {"its values": plain_values(kind)}
    for name, field in fields_of(kind).items():
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLObjectType):
            values = plain_values(Path(kind, kind).further(name, field).kind)
            is_connection = inner.name.endswith("Connection")
            below = f"totalCount nodes {{ {values} }} edges {{ node {{ {values} }} }}" if is_connection else values
            found[name] = f"{called(name, field)} {{ {below} }}"
        elif not is_leaf_type(inner):
            found[name] = f"{called(name, field)} {{ __typename }}"
    return found


def plain_values(kind: str) -> str:
    plain = (called(name, field) for name, field in fields_of(kind).items() if is_leaf_type(get_named_type(field.type)))
    return " ".join(("__typename", *plain))


def called(name: str, field: GraphQLField) -> str:
    """Return a field with its arguments: those that it needs, and of a connection the size of a page."""
    values = {"first": "2"} if "first" in field.args else {}
    values |= {name: ARGUMENTS[name] for name, argument in field.args.items() if is_required_argument(argument)}
    return f"{name}({', '.join(f'{name}: {value}' for name, value in values.items())})" if values else name


def fields_of(kind: str) -> dict[str, GraphQLField]:
    found = schema._schema.type_map[kind]
    assert isinstance(found, GraphQLObjectType)
    fields: dict[str, GraphQLField] = found.fields
    return fields


def object_type(field: GraphQLField) -> GraphQLObjectType:
    kind = get_named_type(field.type)
    assert isinstance(kind, GraphQLObjectType)
    return kind


def values_of(answer: object, name: str) -> Iterator[object]:
    """Yield what stands under a name, anywhere in an answer, and is something."""
    if isinstance(answer, list):
        for item in answer:
            yield from values_of(item, name)
    elif isinstance(answer, dict):
        if answer.get(name):
            yield answer[name]
        for value in answer.values():
            yield from values_of(value, name)


@pytest.fixture
async def admin(client: AsyncClient, settings: Settings) -> Caller:
    """The first of three admins, each with an invitation, an API client and three associations."""
    organization = await make_organization(track=Track.SMB)
    people = [await make_member(organization, role=MemberRole.ACCOUNT_ADMIN) for _ in range(3)]
    for person in people:
        await make_invitation(person)
        await make_new_account(person, f"made-anew-{person.id}")
        await create_api_client(
            by=viewer_of(person), name="Report reader", scopes=[Scope.REPORT_READ], now=START, settings=settings
        )
        for provider in LearningProvider:
            await make_credit(await make_association(person, provider=provider))
        await make_association(
            person, started_at=EARLIER, ended_at=EARLIER + timedelta(days=1), end_reason=AssociationEndReason.REMOVED
        )
    await AssociationAttempt.all().update(signed_in_at=START)
    await execute("UPDATE certification SET retires_on = '2030-06-30'")
    await attain_a_program(organization)
    return await sign_in(client, people[0])


async def attain_a_program(organization: Organization) -> None:
    """Let somebody have what Business Applications asks for on the SMB track, long enough ago that it counts."""
    association = await make_association(await make_member(organization), started_at=START - timedelta(days=60))
    for certification in ("MB-310", "MB-820"):
        await make_credit(association, certification=certification)


async def test_a_field_below_a_list_costs_the_same_number_of_statements_however_many_rows_the_list_has(
    admin: Caller, statements: list[str]
) -> None:
    ids = {
        name: [json.dumps(global_id(kind, row.id)) for row in await model.all().order_by("id").limit(3)]
        for name, (model, kind) in MODELS.items()
    }
    costs: dict[str, list[int]] = defaultdict(list)
    fields, filled = set(), set()

    for path in paths():
        for name, selection in selections(path.kind).items():
            field = f"{path.kind}.{name}"
            fields.add(field)
            for size in (1, 3):
                rows = ", ".join(ids[path.root][:size]) if path.root in ids else str(size)
                statements.clear()
                answer = await admin.ask(path.document(rows, selection))
                costs[f"{field} by {path.document('...', '')}"].append(len(statements))
                if any(values_of(answer, name if " " not in name else "__typename")):
                    filled.add(field)

    assert {path: sizes for path, sizes in costs.items() if sizes[0] != sizes[1]} == {}
    assert fields - filled == EMPTY
