"""What does an operation cost, before it is executed?

Each object that the answer can hold is a point; a page has as many as is asked for, a plain list is taken to have a
usual length, and few fields have a weight of their own (``api/documents/cost_table.py``). Once for a document this is
compiled into sums of products, in one linear walk with memory over fragments; a request's variables then only fill
them in. To walk for each request would cost as much as a third of a small one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.utilities import value_from_ast_untyped

from api.documents.cost_table import (
    CONNECTION_WEIGHT,
    LENGTHS,
    LENGTHS_BY_ARGUMENT,
    MUTATION_WEIGHT,
    TOTAL_COUNT_WEIGHT,
    USUAL_LENGTH,
    WEIGHTS,
    WEIGHTS_OF_LISTS,
)
from api.graphql.schema import schema
from domain.database.pagination import DEFAULT_SIZE, MAX_SIZE

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

COUNT_CAP = 1_000_000_000.0


@dataclass(frozen=True)
class Sum:
    """A constant and multiples of steps."""

    constant: float = 0.0
    multiples: tuple[tuple[float | Size, int], ...] = ()


ZERO = Sum()


class Steps:
    """The steps of one document; each uses earlier ones only."""

    def __init__(self) -> None:
        self._steps: list[Sum] = []

    def __len__(self) -> int:
        """Return how many steps there are."""
        return len(self._steps)

    def add(self, total: Sum) -> int:
        """Make a sum a step and return its number."""
        self._steps.append(total)
        return len(self._steps) - 1

    def sum(self, sums: Sequence[Sum]) -> Sum:
        """Return the sum of sums; one of many parts becomes a step, so that using it again costs nothing."""
        constant = min(sum(each.constant for each in sums), COUNT_CAP)
        multiples = tuple(part for each in sums for part in each.multiples)
        total = Sum(constant, multiples)
        return total if len(multiples) <= 1 else Sum(0.0, ((1.0, self.add(total)),))

    def times(self, total: Sum, size: float | Size) -> Sum:
        """Return a sum so many times."""
        if not isinstance(size, float | int):
            return ZERO if total == ZERO else Sum(0.0, ((size, self.add(total)),))
        if not total.multiples:
            return Sum(min(total.constant * size, COUNT_CAP))
        return Sum(0.0, ((float(size), self.add(total)),))

    def value(self, number: int, variables: Variables) -> float:
        """Return what a step comes to with a request's variables."""
        values: list[float] = []
        for step in self._steps[: number + 1]:
            value = step.constant
            for size, used in step.multiples:
                value += (size if isinstance(size, float) else size.of(variables)) * values[used]
            values.append(min(value, COUNT_CAP))
        return values[number]


_SCHEMA = schema._schema
ONE = Sum(1)


class Costs:
    """What each operation of a valid document costs, as its variables decide."""

    def __init__(self, document: DocumentNode) -> None:
        walk = CostWalk(document)
        self._steps = walk.steps
        self._operations = {
            node.name.value if node.name else None: (walk.operation(node), _defaults(node))
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }

    def of(self, operation_name: str | None, variables: Variables | None) -> int:
        """Return the points of the operation that is meant, at least one.

        Variables that do not fit count as the worst that would.
        """
        name = operation_name if operation_name in self._operations else next(iter(self._operations))
        step, defaults = self._operations[name]
        return max(1, ceil(self._steps.value(step, {**defaults, **(variables or {})})))


def _defaults(node: OperationDefinitionNode) -> Variables:
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in node.variable_definitions or ()
        if each.default_value is not None
    }


@dataclass(frozen=True)
class _Parts:
    """What a selection costs for each object it is made on, once for a list of them, and for each item of a page."""

    each: Sum = ZERO
    once: Sum = ZERO
    item: Sum = ZERO


class CostWalk:
    """The one walk over a document; ``visited`` counts its steps."""

    def __init__(self, document: DocumentNode) -> None:
        self.steps = Steps()
        self.visited = 0
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, _Parts] = {}

    def operation(self, node: OperationDefinitionNode) -> int:
        """Return the number of the step that is an operation's cost."""
        root = _SCHEMA.get_root_type(node.operation)
        assert root is not None
        parts = self._selection(node.selection_set, root)
        return self.steps.add(self.steps.sum([parts.each, parts.once]))

    def _selection(self, selection_set: SelectionSetNode, parent: GraphQLCompositeType) -> _Parts:
        found = [self._selected(node, parent) for node in selection_set.selections]
        return _Parts(
            each=self.steps.sum([parts.each for parts in found]),
            once=self.steps.sum([parts.once for parts in found]),
            item=self.steps.sum([parts.item for parts in found]),
        )

    def _selected(self, node: object, parent: GraphQLCompositeType) -> _Parts:
        self.visited += 1
        match node:
            case FieldNode():
                return self._field(node, parent)
            case FragmentSpreadNode():
                return self._fragment(node.name.value)
            case InlineFragmentNode(type_condition=condition):
                inner = _type(condition.name.value) if condition else parent
                return self._selection(node.selection_set, inner)
        raise AssertionError(node)

    def _fragment(self, name: str) -> _Parts:
        if name not in self._known:
            fragment = self._fragments[name]
            self._known[name] = self._selection(fragment.selection_set, _type(fragment.type_condition.name.value))
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLCompositeType) -> _Parts:
        """Return what a field adds to the selection that it stands in."""
        place = f"{parent.name}.{node.name.value}"
        once = Sum(WEIGHTS_OF_LISTS.get(place, 0))
        kind, is_list = _returned(parent, node.name.value)
        if kind is None or node.selection_set is None:
            return _Parts(each=Sum(_weight(parent, node.name.value)), once=once)
        inner = self._selection(node.selection_set, kind)
        each = self.steps.sum([inner.each, ONE])
        if _is_connection(parent) and node.name.value in {"nodes", "edges"}:
            return _Parts(item=each, once=self.steps.sum([inner.once, once]))
        own = Sum(_weight(parent, node.name.value))
        if _is_connection(kind):
            page = self.steps.times(inner.item, page_size(node))
            return _Parts(each=self.steps.sum([own, each, inner.once, page]), once=once)
        if is_list:
            listed = self.steps.times(each, _length(node, place))
            return _Parts(each=self.steps.sum([own, listed, inner.once]), once=once)
        return _Parts(each=self.steps.sum([own, each]), once=self.steps.sum([inner.once, once]))


def _returned(parent: GraphQLCompositeType, name: str) -> tuple[GraphQLCompositeType | None, bool]:
    """Return the type of the objects that a field returns, if it does, and whether it is a plain list of them."""
    definition = _SCHEMA.get_field(parent, name)
    assert definition is not None
    kind = get_named_type(definition.type)
    is_list = is_list_type(get_nullable_type(definition.type))
    return (kind if is_composite_type(kind) else None), is_list or f"{parent.name}.{name}" in LENGTHS


def _length(node: FieldNode, place: str) -> float | Size:
    if place in LENGTHS_BY_ARGUMENT:
        return argument_length(node, LENGTHS_BY_ARGUMENT[place])
    return LENGTHS.get(place, USUAL_LENGTH)


def _weight(parent: GraphQLCompositeType, name: str) -> float:
    """Return what a field costs beside its objects; each connection is a statement, each mutation a transaction."""
    weight = WEIGHTS.get(f"{parent.name}.{name}")
    if weight is not None:
        return weight
    if parent is _SCHEMA.mutation_type:
        return MUTATION_WEIGHT
    if name == "totalCount" and _is_connection(parent):
        return TOTAL_COUNT_WEIGHT
    kind, _ = _returned(parent, name)
    return CONNECTION_WEIGHT if kind is not None and _is_connection(kind) else 0


def _is_connection(kind: GraphQLCompositeType) -> bool:
    return kind.name.endswith("Connection") and "pageInfo" in getattr(kind, "fields", {})


def _type(name: str) -> GraphQLCompositeType:
    kind = _SCHEMA.type_map[name]
    assert is_composite_type(kind)
    return kind
