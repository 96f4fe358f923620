"""How many objects does a field return, as its arguments say?

By numbers written in the document, or by variables that are known with each request only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import FieldNode, ListValueNode, ObjectValueNode, Undefined, ValueNode, VariableNode
from graphql.utilities import value_from_ast_untyped

from domain.queries.page import DEFAULT_SIZE, MAX_SIZE

Variables = Mapping[str, Any]


class Size(Protocol):
    """How many objects, once the variables are known."""

    def of(self, variables: Variables) -> float:
        """Return the number."""


@dataclass(frozen=True)
class PageSize:
    """The size of a connection's page, from the values of its arguments."""

    asked: tuple[ValueNode, ...]

    def of(self, variables: Variables) -> float:
        """Return the largest size that is asked for; what the field will refuse counts as the largest there is."""
        given = [value_from_ast_untyped(value, dict(variables)) for value in self.asked]
        return max(
            (_size(value) for value in given if value is not None and value is not Undefined), default=DEFAULT_SIZE
        )


@dataclass(frozen=True)
class ArgumentLength:
    """The length of a list that an argument is, or has within it."""

    value: ValueNode
    path: tuple[str, ...]

    def of(self, variables: Variables) -> float:
        """Return the length; a longer list than any that is allowed will be refused."""
        found = value_from_ast_untyped(self.value, dict(variables))
        for name in self.path:
            found = found.get(name) if isinstance(found, dict) else None
        return min(max(1, len(found)), MAX_SIZE) if isinstance(found, list) else 1


def page_size(node: FieldNode) -> float | Size:
    """Return the size of the page that a connection's field asks for."""
    asked = tuple(each.value for each in node.arguments or () if each.name.value in {"first", "last"})
    return _known(PageSize(asked), asked)


def argument_length(node: FieldNode, path: tuple[str, ...]) -> float | Size:
    """Return the length of a list among a field's arguments."""
    values = [each.value for each in node.arguments or () if each.name.value == path[0]]
    return _known(ArgumentLength(values[0], path[1:]), values) if values else 1


def _known(size: Size, values: tuple[ValueNode, ...] | list[ValueNode]) -> float | Size:
    return size if any(_has_variable(value) for value in values) else size.of({})


def _has_variable(value: ValueNode) -> bool:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case VariableNode():
                return True
            case ListValueNode(values=values):
                waiting.extend(values)
            case ObjectValueNode(fields=fields):
                waiting.extend(field.value for field in fields)
            case _:
                pass
    return False


def _size(value: object) -> float:
    # In JSON a whole number may be written 25.0.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value in _SIZES else MAX_SIZE


_SIZES = frozenset(range(1, MAX_SIZE + 1))
