"""May the API's schema be as it is, given what the last release promised its clients?

A breaking change needs a note in the changelog, and whatever is deprecated tells from when on it may be gone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)
from graphql.utilities.find_schema_changes import BreakingChange, DangerousChange, SchemaChange, find_schema_changes

# In a change's description, the first of these that is found tells what has changed.
COORDINATES = (r"(@\w+(?:\(\w+:\))?)", r"(\w+\.\w+(?:\(\w+:\))?)", r"union type (\w+)", r"^(\w+)")
REMOVAL = re.compile(r"\bRemoved on (\d{4}-\d{2}-\d{2})\.$")

Deprecable = GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What must not be, what clients may notice, and what was promised to be gone by now; all in sentences."""

    problems: tuple[str, ...]
    dangers: tuple[str, ...]
    overdue: tuple[str, ...]


def judge_changes(*, released: str, present: str, changelog: str, now: datetime) -> Verdict:
    """Compare a schema with the last release's, both in GraphQL's own language."""
    schema = build_schema(present)
    changes = find_schema_changes(build_schema(released), schema)
    noted = _noted_coordinates(changelog)
    return Verdict(
        problems=(
            *(_unnoted(change) for change in changes if _is_breaking(change) and _coordinate(change) not in noted),
            *(_dateless(coordinate) for coordinate, removal in _deprecated(schema) if removal is None),
        ),
        dangers=tuple(change.description for change in changes if isinstance(change, DangerousChange)),
        overdue=tuple(
            f"{coordinate} was to be removed on {removal}"
            for coordinate, removal in _deprecated(schema)
            if removal is not None and removal <= now.date()
        ),
    )


def _noted_coordinates(changelog: str) -> set[str]:
    """Return what the breaking changes of the version that is not released yet put between backticks."""
    unreleased = _section(changelog, "## Unreleased")
    return set(re.findall(r"`([^`\n]+)`", _section(unreleased, "### Breaking")))


def _section(text: str, heading: str) -> str:
    level = heading.partition(" ")[0]
    found = re.search(rf"^{heading}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def _is_breaking(change: SchemaChange) -> bool:
    # A scalar of GraphQL's own goes with its last use, and that is a change by itself.
    return isinstance(change, BreakingChange) and not change.description.startswith("Standard scalar ")


def _coordinate(change: SchemaChange) -> str:
    """Return what has changed as a schema coordinate, such as ``Member.credits`` or ``Member.credits(first:)``."""
    found = (re.search(pattern, change.description) for pattern in COORDINATES)
    return next(match[1] for match in found if match)


def _unnoted(change: SchemaChange) -> str:
    sentence, coordinate = change.description.removesuffix("."), _coordinate(change)
    return f'breaks clients: {sentence} (keep it, or name `{coordinate}` under "### Breaking" in the changelog)'


def _dateless(coordinate: str) -> str:
    return f'{coordinate} is deprecated without a date: end its reason with "Removed on" and a date, as in 2027-06-01.'


def _deprecated(schema: GraphQLSchema) -> Iterator[tuple[str, date | None]]:
    """Yield the coordinate of whatever is deprecated, with the date on which it is to be removed."""
    for coordinate, element in _elements(schema):
        if element.deprecation_reason is not None:
            yield coordinate, _removal_date(element.deprecation_reason)


def _removal_date(reason: str) -> date | None:
    found = REMOVAL.search(reason.strip())
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _elements(schema: GraphQLSchema) -> Iterator[tuple[str, Deprecable]]:
    """Yield whatever can be deprecated, with its schema coordinate."""
    for directive in schema.directives:
        for name, argument in directive.args.items():
            yield f"@{directive.name}({name}:)", argument
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{kind}.{name}", value) for name, value in kind.values.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{kind}.{name}", field) for name, field in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield f"{kind}.{name}", field
                yield from ((f"{kind}.{name}({key}:)", argument) for key, argument in field.args.items())
