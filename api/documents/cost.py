"""Price an operation before it is executed.

Each object that the answer can hold is a point: a page has as many as its arguments say, and a plain list a usual
length. Few fields have a weight of their own (``api/documents/cost_table.py``). Once for a document this is compiled
into sums of products; a request's variables then only fill them in. To walk for each request would cost as much as a
third of a small one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLCompositeType,
    OperationDefinitionNode,
    OperationType,
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
# How many objects, once the variables are known.
Size = Callable[[Variables], float]

COUNT_CAP = 1_000_000_000.0
_SCHEMA = schema._schema
_SIZES = frozenset(range(1, MAX_SIZE + 1))


class Costs:
    """The cost of each operation of a valid document, by its variables."""

    def __init__(self, steps: "Steps") -> None:
        self._steps = steps
        self._operations: dict[str | None, tuple[int, Variables]] = {}

    def add(self, node: OperationDefinitionNode, cost: "Parts") -> None:
        """Add an operation whose selection is priced."""
        step = self._steps.add(self._steps.sum([cost.per_object, cost.once]))
        defaults = {
            definition.variable.name.value: value_from_ast_untyped(definition.default_value)
            for definition in node.variable_definitions or ()
            if definition.default_value is not None
        }
        self._operations[node.name.value if node.name else None] = step, defaults

    def of(self, operation_name: str | None, variables: Variables | None) -> int:
        """Return the points of an operation, at least one.

        Variables that do not fit count as the worst that would.
        """
        name = operation_name if operation_name in self._operations else next(iter(self._operations))
        step, defaults = self._operations[name]
        return max(1, ceil(self._steps.value(step, {**defaults, **(variables or {})})))


@dataclass(frozen=True)
class Sum:
    """A constant and multiples of steps."""

    constant: float = 0.0
    multiples: tuple[tuple[float | Size, int], ...] = ()


ZERO = Sum()
ONE = Sum(1)


class Steps:
    """The steps of one document; each uses earlier ones only."""

    def __init__(self) -> None:
        self._steps: list[Sum] = []

    def add(self, total: Sum) -> int:
        """Make a sum a step and return its position."""
        self._steps.append(total)
        return len(self._steps) - 1

    def sum(self, sums: Sequence[Sum]) -> Sum:
        """Return the sum of sums; one of many parts becomes a step, so that using it again costs nothing."""
        constant = min(sum(part.constant for part in sums), COUNT_CAP)
        multiples = tuple(multiple for part in sums for multiple in part.multiples)
        total = Sum(constant, multiples)
        return total if len(multiples) <= 1 else Sum(0.0, ((1.0, self.add(total)),))

    def times(self, total: Sum, size: float | Size) -> Sum:
        """Return a sum so many times."""
        if callable(size):
            return ZERO if total == ZERO else Sum(0.0, ((size, self.add(total)),))
        if not total.multiples:
            return Sum(min(total.constant * size, COUNT_CAP))
        return Sum(0.0, ((float(size), self.add(total)),))

    def value(self, step: int, variables: Variables) -> float:
        """Return what a step comes to with a request's variables."""
        values: list[float] = []
        for total in self._steps[: step + 1]:
            value = total.constant
            for size, used in total.multiples:
                value += (size(variables) if callable(size) else size) * values[used]
            values.append(min(value, COUNT_CAP))
        return values[step]


@dataclass(frozen=True)
class Parts:
    """What a selection costs: per object, once for a list of objects, and per item of a page."""

    per_object: Sum = ZERO
    once: Sum = ZERO
    per_item: Sum = ZERO


NO_COST = Parts()


class Returned(NamedTuple):
    """What a field returns: the type of its objects, if it has any, and whether it is a plain list of them."""

    objects: GraphQLCompositeType | None
    is_list: bool


def sum_of(steps: Steps, parts: Sequence[Parts]) -> Parts:
    """Return the cost of a selection from the costs of its parts."""
    return Parts(
        per_object=steps.sum([part.per_object for part in parts]),
        once=steps.sum([part.once for part in parts]),
        per_item=steps.sum([part.per_item for part in parts]),
    )


def field_cost(
    steps: Steps, node: FieldNode, parent: GraphQLCompositeType, returned: Returned, selection: Parts
) -> Parts:
    """Return what a field adds to the selection that it stands in."""
    name = node.name.value
    coordinate = f"{parent.name}.{name}"
    own = Sum(_weight(parent, name, returned))
    once = Sum(WEIGHTS_OF_LISTS.get(coordinate, 0))
    if returned.objects is None or node.selection_set is None:
        return Parts(per_object=own, once=once)
    objects = steps.sum([selection.per_object, ONE])
    if _is_connection(parent) and name in {"nodes", "edges"}:
        return Parts(per_item=objects, once=steps.sum([selection.once, once]))
    if _is_connection(returned.objects):
        page = steps.times(selection.per_item, _page_size(node))
        return Parts(per_object=steps.sum([own, objects, selection.once, page]), once=once)
    if returned.is_list:
        listed = steps.times(objects, _length(node, coordinate))
        return Parts(per_object=steps.sum([own, listed, selection.once]), once=once)
    return Parts(per_object=steps.sum([own, objects]), once=steps.sum([selection.once, once]))


def returned_by(parent: GraphQLCompositeType | None, name: str) -> Returned | None:
    """Return what a field returns, or nothing where the schema has none of this name."""
    definition = _SCHEMA.get_field(parent, name) if parent else None
    if parent is None or definition is None:
        return None
    kind = get_named_type(definition.type)
    is_list = is_list_type(get_nullable_type(definition.type))
    return Returned(kind if is_composite_type(kind) else None, is_list or f"{parent.name}.{name}" in LENGTHS)


def root_type(operation: OperationType) -> GraphQLCompositeType | None:
    """Return the type on which an operation selects."""
    return _SCHEMA.get_root_type(operation)


def composite_type(name: str) -> GraphQLCompositeType | None:
    """Return the type with a name on which a fragment can select."""
    kind = _SCHEMA.type_map.get(name)
    return kind if is_composite_type(kind) else None


def _weight(parent: GraphQLCompositeType, name: str, returned: Returned) -> float:
    """Return what a field costs beside its objects; each connection is a statement, each mutation a transaction."""
    weight = WEIGHTS.get(f"{parent.name}.{name}")
    if weight is not None:
        return weight
    if parent is _SCHEMA.mutation_type:
        return MUTATION_WEIGHT
    if name == "totalCount" and _is_connection(parent):
        return TOTAL_COUNT_WEIGHT
    return CONNECTION_WEIGHT if returned.objects is not None and _is_connection(returned.objects) else 0


def _is_connection(kind: GraphQLCompositeType) -> bool:
    return kind.name.endswith("Connection") and "pageInfo" in getattr(kind, "fields", {})


def _page_size(node: FieldNode) -> float | Size:
    return _folded(_largest_size, _arguments(node, {"first", "last"}))


def _length(node: FieldNode, coordinate: str) -> float | Size:
    if coordinate in LENGTHS_BY_ARGUMENT:
        return _folded(_longest, _arguments(node, {LENGTHS_BY_ARGUMENT[coordinate]}))
    return LENGTHS.get(coordinate, USUAL_LENGTH)


def _arguments(node: FieldNode, names: set[str]) -> list[ValueNode]:
    return [argument.value for argument in node.arguments or () if argument.name.value in names]


def _folded(size: Callable[[Iterable[object]], float], values: Sequence[ValueNode]) -> float | Size:
    """Return a size of arguments at once where no variable decides it."""

    def of(variables: Variables) -> float:
        return size(value_from_ast_untyped(value, dict(variables)) for value in values)

    return of if any(isinstance(value, VariableNode) for value in values) else of({})


def _largest_size(values: Iterable[object]) -> float:
    """Return the largest page size of the arguments; what the field will refuse counts as the largest there is."""
    sizes = [
        # In JSON a whole number may be written 25.0.
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value in _SIZES else MAX_SIZE
        for value in values
        if value is not None and value is not Undefined
    ]
    return max(sizes, default=DEFAULT_SIZE)


def _longest(values: Iterable[object]) -> float:
    """Return the length of the longest list; a longer one than any that is allowed will be refused."""
    return max((min(max(1, len(value)), MAX_SIZE) for value in values if isinstance(value, list)), default=1)
