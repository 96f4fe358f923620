"""Measure a document's complexity and cost in one linear pass.

A fragment is visited once, however often it is spread, so that a small document that unfolds into a huge one is cheap
to measure. The document may be invalid: what the schema does not know costs nothing, and validation refuses it later.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from api.documents.complexity import COUNT_CAP, INTROSPECTION_FIELDS, LIMITS, Complexity, largest
from api.documents.cost import (
    NO_COST,
    Costs,
    Parts,
    Steps,
    composite_type,
    field_cost,
    returned_by,
    root_type,
    sum_of,
)


@dataclass(frozen=True)
class Measure:
    """The complexity of a document's largest operation, dimension by dimension, and what each operation costs."""

    complexity: Complexity
    costs: Costs


def measure_document(document: DocumentNode) -> Measure:
    """Return the measure of a document; one that has too much written in it is not measured any further."""
    visitor = _Visitor(document)
    try:
        measured = [(node, visitor.operation(node)) for node in visitor.operations]
        visitor.visit_unused_fragments()
    except _TooMuchWritten:
        return Measure(Complexity(written=visitor.written), Costs(visitor.steps))
    complexity = largest(
        [
            Complexity(written=visitor.written, operations=len(measured)),
            *(selection.complexity for _, selection in measured),
        ]
    )
    costs = Costs(visitor.steps)
    for node, selection in measured:
        costs.add(node, selection.cost)
    return Measure(complexity, costs)


class _TooMuchWritten(Exception):
    """More is written in a document than may be."""


@dataclass(frozen=True)
class _Selection:
    """What a selection amounts to with its fragments unfolded."""

    complexity: Complexity
    cost: Parts


_NOTHING = _Selection(Complexity(), NO_COST)


class _Visitor:
    def __init__(self, document: DocumentNode) -> None:
        self.steps = Steps()
        # Definitions and selections that were visited, each once.
        self.written = len(document.definitions)
        self.operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self._fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
        self._by_name: Mapping[str, FragmentDefinitionNode] = {node.name.value: node for node in self._fragments}
        self._visited: dict[int, _Selection] = {}

    def operation(self, node: OperationDefinitionNode) -> _Selection:
        """Visit an operation."""
        return self._selection(node.selection_set, root_type(node.operation), directives=len(node.directives or ()))

    def visit_unused_fragments(self) -> None:
        """Visit the fragments that no operation uses, since what is written in them counts too."""
        for node in self._fragments:
            self._fragment(node)

    def _spread(self, node: SelectionNode, parent: GraphQLCompositeType | None) -> _Selection:
        if isinstance(node, FragmentSpreadNode):
            fragment = self._by_name.get(node.name.value)
            return self._fragment(fragment) if fragment else _NOTHING
        assert isinstance(node, InlineFragmentNode)
        condition = node.type_condition
        kind = composite_type(condition.name.value) if condition else parent
        return self._selection(node.selection_set, kind)

    def _fragment(self, node: FragmentDefinitionNode) -> _Selection:
        if id(node) not in self._visited:
            # A fragment that spreads itself counts as empty here, and validation refuses it.
            self._visited[id(node)] = _NOTHING
            parent = composite_type(node.type_condition.name.value)
            directives = len(node.directives or ())
            self._visited[id(node)] = self._selection(node.selection_set, parent, directives=directives)
        return self._visited[id(node)]

    def _selection(
        self, selection_set: SelectionSetNode | None, parent: GraphQLCompositeType | None, *, directives: int = 0
    ) -> _Selection:
        """Visit a selection; its fields are its root fields."""
        if selection_set is None:
            return _NOTHING
        # Counted before anything below is visited, so that no more of it is ever on the stack.
        self.written += len(selection_set.selections)
        if self.written > LIMITS.written:
            raise _TooMuchWritten
        depth = count = aliases = fragments = root_fields = introspection = 0
        costs: list[Parts] = []
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                returned = returned_by(parent, node.name.value)
                inner = self._selection(node.selection_set, returned.objects if returned else None)
                if parent is not None and returned is not None:
                    costs.append(field_cost(self.steps, node, parent, returned, inner.cost))
                depth = max(depth, inner.complexity.depth + 1)
                count, root_fields = count + 1, root_fields + 1
                aliases += node.alias is not None
                introspection += node.name.value in INTROSPECTION_FIELDS
            else:
                inner = self._spread(node, parent)
                costs.append(inner.cost)
                depth = max(depth, inner.complexity.depth)
                fragments, root_fields = fragments + 1, root_fields + inner.complexity.root_fields
            count += inner.complexity.fields
            aliases += inner.complexity.aliases
            fragments += inner.complexity.fragments
            directives += inner.complexity.directives + len(node.directives or ())
            introspection += inner.complexity.introspection
        complexity = Complexity(
            depth=depth,
            fields=min(count, COUNT_CAP),
            aliases=min(aliases, COUNT_CAP),
            fragments=min(fragments, COUNT_CAP),
            directives=min(directives, COUNT_CAP),
            root_fields=min(root_fields, COUNT_CAP),
            introspection=min(introspection, COUNT_CAP),
        )
        return _Selection(complexity, sum_of(self.steps, costs))
