"""Price an operation in points before it is executed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLCompositeType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
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
from domain.database.pagination import DEFAULT_SIZE, MAX_SIZE

Variables = Mapping[str, Any]
# How many objects, once the variables are known.
Size = Callable[[Variables], float]

COUNT_CAP = 1_000_000_000.0
_SIZES = frozenset(range(1, MAX_SIZE + 1))


@dataclass(frozen=True)
class Sum:
    """A constant and multiples of steps."""

    constant: float = 0.0
    multiples: tuple[tuple[float | Size, int], ...] = ()


ZERO = Sum()
ONE = Sum(1)


class Costs:
    """The cost of each operation of a document, by its variables, in steps of which each uses earlier ones only."""

    # The steps are compiled once for a document, and a request's variables only fill them in: to walk the document for
    # each request would add a third to the cost of a small request.
    def __init__(self) -> None:
        self._steps: list[Sum] = []
        self._operations: dict[str | None, tuple[int, Variables]] = {}

    def add_operation(self, node: OperationDefinitionNode, cost: "Parts") -> None:
        step = self._add_step(self.sum([cost.per_object, cost.once]))
        defaults = {
            definition.variable.name.value: value_from_ast_untyped(definition.default_value)
            for definition in node.variable_definitions or ()
            if definition.default_value is not None
        }
        self._operations[node.name.value if node.name else None] = step, defaults

    def of(self, operation_name: str | None, variables: Variables | None) -> int:
        """Return the points of an operation, at least one; variables that do not fit count as the worst that would."""
        name = operation_name if operation_name in self._operations else next(iter(self._operations))
        last, defaults = self._operations[name]
        filled = {**defaults, **(variables or {})}
        values: list[float] = []
        for step in self._steps[: last + 1]:
            value = step.constant
            for size, used in step.multiples:
                value += (size(filled) if callable(size) else size) * values[used]
            values.append(min(value, COUNT_CAP))
        return max(1, ceil(values[last]))

    def sum(self, sums: Sequence[Sum]) -> Sum:
        constant = min(sum(part.constant for part in sums), COUNT_CAP)
        multiples = tuple(multiple for part in sums for multiple in part.multiples)
        total = Sum(constant, multiples)
        # A sum of many parts becomes a step: in a chain of 60 fragments, each of which spreads the next one twice, the
        # parts would double 60 times.
        return total if len(multiples) <= 1 else Sum(0.0, ((1.0, self._add_step(total)),))

    def times(self, total: Sum, size: float | Size) -> Sum:
        if callable(size):
            return ZERO if total == ZERO else Sum(0.0, ((size, self._add_step(total)),))
        if not total.multiples:
            return Sum(min(total.constant * size, COUNT_CAP))
        return Sum(0.0, ((float(size), self._add_step(total)),))

    def _add_step(self, total: Sum) -> int:
        self._steps.append(total)
        return len(self._steps) - 1


@dataclass(frozen=True)
class Parts:
    """What a selection costs: per object, once for a list of objects, and per item of a page."""

    per_object: Sum = ZERO
    once: Sum = ZERO
    per_item: Sum = ZERO


NO_COST = Parts()


class Field(NamedTuple):
    """What the schema and the table of costs say of a field: the type of its objects, if it has any, and its weight.

    ``length`` is the usual one of a plain list of objects, and nothing for any other field.
    """

    objects: GraphQLCompositeType | None
    length: float | None
    weight: float


def field_of(schema: GraphQLSchema, parent: GraphQLCompositeType | None, name: str) -> Field | None:
    """Return what is known of a field, or nothing where the schema has none of this name."""
    definition = schema.get_field(parent, name) if parent else None
    if parent is None or definition is None:
        return None
    coordinate = f"{parent.name}.{name}"
    kind = get_named_type(definition.type)
    objects = kind if is_composite_type(kind) else None
    # The only list of introspection that grows with the schema.
    if coordinate == "__Schema.types":
        length: float | None = len(schema.type_map)
    else:
        is_list = is_list_type(get_nullable_type(definition.type))
        length = LENGTHS.get(coordinate, USUAL_LENGTH if is_list else None)
    if coordinate in WEIGHTS:
        weight = WEIGHTS[coordinate]
    elif parent is schema.mutation_type:
        weight = MUTATION_WEIGHT
    elif name == "totalCount" and _is_connection(parent):
        weight = TOTAL_COUNT_WEIGHT
    else:
        weight = CONNECTION_WEIGHT if objects is not None and _is_connection(objects) else 0
    return Field(objects, length, weight)


def sum_of(costs: Costs, parts: Sequence[Parts]) -> Parts:
    """Return the cost of a selection from the costs of its parts."""
    return Parts(
        per_object=costs.sum([part.per_object for part in parts]),
        once=costs.sum([part.once for part in parts]),
        per_item=costs.sum([part.per_item for part in parts]),
    )


def field_cost(costs: Costs, node: FieldNode, parent: GraphQLCompositeType, field: Field, selection: Parts) -> Parts:
    """Return what a field adds to the selection that it stands in."""
    name = node.name.value
    coordinate = f"{parent.name}.{name}"
    own = Sum(field.weight)
    once = Sum(WEIGHTS_OF_LISTS.get(coordinate, 0))
    if field.objects is None or node.selection_set is None:
        return Parts(per_object=own, once=once)
    objects = costs.sum([selection.per_object, ONE])
    if _is_connection(parent) and name in {"nodes", "edges"}:
        return Parts(per_item=objects, once=costs.sum([selection.once, once]))
    if _is_connection(field.objects):
        page = costs.times(selection.per_item, _size(_largest_size, node, {"first", "last"}))
        return Parts(per_object=costs.sum([own, objects, selection.once, page]), once=once)
    if field.length is not None:
        argument = LENGTHS_BY_ARGUMENT.get(coordinate)
        listed = costs.times(objects, _size(_longest, node, {argument}) if argument else field.length)
        return Parts(per_object=costs.sum([own, listed, selection.once]), once=once)
    return Parts(per_object=costs.sum([own, objects]), once=costs.sum([selection.once, once]))


def _is_connection(kind: GraphQLCompositeType) -> bool:
    return kind.name.endswith("Connection") and "pageInfo" in getattr(kind, "fields", {})


def _size(size_of: Callable[[Iterable[object]], float], node: FieldNode, names: set[str]) -> float | Size:
    """Return the size that arguments say, at once where no variable decides it."""
    values = [argument.value for argument in node.arguments or () if argument.name.value in names]

    def size(variables: Variables) -> float:
        return size_of(value_from_ast_untyped(value, dict(variables)) for value in values)

    return size if any(isinstance(value, VariableNode) for value in values) else size({})


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
