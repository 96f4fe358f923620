"""What does an operation cost, before it is executed?

Each object that the answer can hold is a point; a page has as many as is asked for, a plain list is taken to have a
usual length, and few fields have a weight of their own (``api/limits/cost_table.py``). Once for a document this is
compiled into sums of products, in one linear walk with memory over fragments; a request's variables then only fill
them in. To walk for each request would cost as much as a third of a small one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.utilities import value_from_ast_untyped

from api.limits.cost_sums import ZERO, Steps, Sum
from api.limits.cost_table import (
    CONNECTION_WEIGHT,
    LENGTHS,
    LENGTHS_BY_ARGUMENT,
    MUTATION_WEIGHT,
    TOTAL_COUNT_WEIGHT,
    USUAL_LENGTH,
    WEIGHTS,
    WEIGHTS_OF_LISTS,
)
from api.limits.page_sizes import Size, Variables, argument_length, page_size
from api.schema import schema

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
