"""Measure a document's complexity and cost in one linear pass."""

from dataclasses import dataclass, fields

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    is_composite_type,
)

from api.documents.cost import NO_COST, Costs, Parts, field_cost, field_of, sum_of

INTROSPECTION_FIELDS = {"__schema", "__type"}
# Sums stop here: a chain of fragments that doubles at each link would make numbers of hundreds of digits.
COUNT_CAP = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Complexity:
    """What a document has written in it, and what a selection amounts to once its fragments are unfolded."""

    written: int = 0
    operations: int = 0
    depth: int = 0
    fields: int = 0
    aliases: int = 0
    fragments: int = 0
    directives: int = 0
    root_fields: int = 0
    introspection: int = 0


# Generous for people: the deepest of the usual introspection queries goes 15 deep and unfolds to about 300 fields. What
# is written decides what validation costs, also where no operation uses it; and each operation is followed through all
# of its fragments again.
LIMITS = Complexity(
    written=400,
    operations=20,
    depth=20,
    fields=500,
    aliases=50,
    fragments=100,
    directives=50,
    root_fields=20,
)
_PHRASES = {
    "written": "definitions and selections, unused ones included",
    "operations": "operations",
    "depth": "levels of nesting",
    "fields": "fields",
    "aliases": "aliases",
    "fragments": "fragments, inline ones included",
    "directives": "directives",
    "root_fields": "fields at the root",
}


@dataclass(frozen=True)
class Measure:
    """The complexity of a document's largest operation, dimension by dimension, and what each operation costs."""

    complexity: Complexity
    costs: Costs

    @property
    def exceeded_limit(self) -> str | None:
        """Return a sentence about the first limit that the document exceeds, if any."""
        for name, phrase in _PHRASES.items():
            limit = getattr(LIMITS, name)
            if getattr(self.complexity, name) > limit:
                return f"The document exceeds the limit of {limit} {phrase}."
        return None


def measure_document(schema: GraphQLSchema, document: DocumentNode) -> Measure:
    """Return the measure of a document, valid or not; one that has too much written in it is not measured any further.

    What the schema does not know costs nothing, and validation refuses it later.
    """
    visitor = _Visitor(schema, document)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    complexities: list[Complexity] = []
    try:
        for node in operations:
            kind = schema.get_root_type(node.operation)
            selection = visitor.selection(node.selection_set, kind, directives=len(node.directives or ()))
            complexities.append(selection.complexity)
            visitor.costs.add_operation(node, selection.cost)
        # What is written in fragments that no operation uses counts too, since validation reads it.
        for definition in document.definitions:
            if isinstance(definition, FragmentDefinitionNode):
                visitor.fragment(definition)
    except _TooMuchWritten:
        return Measure(Complexity(written=visitor.written), visitor.costs)
    complexities.append(Complexity(written=visitor.written, operations=len(operations)))
    names = [field.name for field in fields(Complexity)]
    largest = Complexity(**{name: max(getattr(one, name) for one in complexities) for name in names})
    return Measure(largest, visitor.costs)


class _TooMuchWritten(Exception):
    pass


@dataclass(frozen=True)
class _Selection:
    """What a selection amounts to with its fragments unfolded."""

    complexity: Complexity
    cost: Parts


_NOTHING = _Selection(Complexity(), NO_COST)


class _Visitor:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self.costs = Costs()
        # Definitions and selections that were visited, each once.
        self.written = len(document.definitions)
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._visited: dict[int, _Selection] = {}

    def selection(
        self, selection_set: SelectionSetNode | None, parent: GraphQLCompositeType | None, *, directives: int = 0
    ) -> _Selection:
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
                field = field_of(self._schema, parent, node.name.value)
                inner = self.selection(node.selection_set, field.objects if field else None)
                if parent is not None and field is not None:
                    costs.append(field_cost(self.costs, node, parent, field, inner.cost))
                depth = max(depth, inner.complexity.depth + 1)
                count, root_fields = count + 1, root_fields + 1
                aliases += node.alias is not None
                introspection += node.name.value in INTROSPECTION_FIELDS
            else:
                if isinstance(node, FragmentSpreadNode):
                    fragment = self._fragments.get(node.name.value)
                    inner = self.fragment(fragment) if fragment else _NOTHING
                else:
                    assert isinstance(node, InlineFragmentNode)
                    kind = self._type(node.type_condition.name.value) if node.type_condition else parent
                    inner = self.selection(node.selection_set, kind)
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
        return _Selection(complexity, sum_of(self.costs, costs))

    def fragment(self, node: FragmentDefinitionNode) -> _Selection:
        # Once, however often it is spread: a small document that unfolds into a huge one is cheap to measure.
        if id(node) not in self._visited:
            # A fragment that spreads itself counts as empty here, and validation refuses it.
            self._visited[id(node)] = _NOTHING
            self._visited[id(node)] = self.selection(
                node.selection_set, self._type(node.type_condition.name.value), directives=len(node.directives or ())
            )
        return self._visited[id(node)]

    def _type(self, name: str) -> GraphQLCompositeType | None:
        kind = self._schema.type_map.get(name)
        return kind if is_composite_type(kind) else None
