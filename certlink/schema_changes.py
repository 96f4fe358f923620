"""Check that schema changes keep the last release's promises to clients.

A breaking change needs a note in the changelog, and a deprecation says on which date it is removed.
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

# In a change's description, the first of these that matches is what has changed.
COORDINATES = (r"(@\w+(?:\(\w+:\))?)", r"(\w+\.\w+(?:\(\w+:\))?)", r"union type (\w+)", r"^(\w+)")
REMOVAL = re.compile(r"\bRemoved on (\d{4}-\d{2}-\d{2})\.$")

Deprecable = GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is forbidden, what clients may notice, and what should have been removed by now; all in sentences."""

    problems: tuple[str, ...]
    dangers: tuple[str, ...]
    overdue: tuple[str, ...]


def judge_changes(*, released: str, present: str, changelog: str, now: datetime) -> Verdict:
    """Compare a schema with the last release's, both in the schema definition language."""
    schema = build_schema(present)
    changes = find_schema_changes(build_schema(released), schema)
    breaking_section = _section(_section(changelog, "## Unreleased"), "### Breaking")
    noted = set(re.findall(r"`([^`\n]+)`", breaking_section))
    unnoted = [
        (change.description.removesuffix("."), _coordinate(change))
        for change in changes
        # A scalar of GraphQL's own goes with its last use, and that is a change by itself.
        if isinstance(change, BreakingChange) and not change.description.startswith("Standard scalar ")
        if _coordinate(change) not in noted
    ]
    deprecated = [
        (coordinate, _removal_date(element.deprecation_reason))
        for coordinate, element in _elements(schema)
        if element.deprecation_reason is not None
    ]
    return Verdict(
        problems=(
            *(
                f'breaks clients: {sentence} (keep it, or name `{coordinate}` under "### Breaking" in the changelog)'
                for sentence, coordinate in unnoted
            ),
            *(
                f"{coordinate} is deprecated without a date: "
                'end its reason with "Removed on" and a date, as in 2027-06-01.'
                for coordinate, removal in deprecated
                if removal is None
            ),
        ),
        dangers=tuple(change.description for change in changes if isinstance(change, DangerousChange)),
        overdue=tuple(
            f"{coordinate} was to be removed on {removal}"
            for coordinate, removal in deprecated
            if removal is not None and removal <= now.date()
        ),
    )


def _section(text: str, heading: str) -> str:
    level = heading.partition(" ")[0]
    match = re.search(rf"^{heading}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


def _coordinate(change: SchemaChange) -> str:
    """Return the changed element's coordinate, such as ``Member.credits`` or ``Member.credits(first:)``."""
    matches = (re.search(pattern, change.description) for pattern in COORDINATES)
    return next(match[1] for match in matches if match)


def _removal_date(reason: str) -> date | None:
    match = REMOVAL.search(reason.strip())
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _elements(schema: GraphQLSchema) -> Iterator[tuple[str, Deprecable]]:
    """Yield every element that can be deprecated, with its coordinate."""
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
