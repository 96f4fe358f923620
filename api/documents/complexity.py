"""How large is a document, before anything is spent on validating it?

What is written is counted first, wherever it stands. Then one linear walk with memory over fragments: a fragment is
measured once, however often it is spread, so that the measure of a small document that unfolds into a huge one is
cheap to take.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

INTROSPECTION_FIELDS = {"__schema", "__type"}
# Sums stop here: a chain of fragments that doubles at each link would make numbers of hundreds of digits.
COUNT_CAP = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Measure:
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


EMPTY = Measure()

# Generous for people: the deepest of the usual introspection queries goes 15 deep and unfolds to about 300 fields. What
# is written decides what validation costs, also where no operation uses it; and each operation is followed through all
# of its fragments again.
LIMITS = Measure(
    written=400,
    operations=20,
    depth=20,
    fields=500,
    aliases=50,
    fragments=100,
    directives=50,
    root_fields=20,
    introspection=COUNT_CAP,
)


def measure_document(document: DocumentNode) -> Measure:
    """Return the measure of a document's largest operation, taken dimension by dimension.

    A document that has too much written in it is not measured any further.
    """
    written = _written(document)
    if written > LIMITS.written:
        return Measure(written=written)
    walk = _Walk(document)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    measures = [
        Measure(written=written, operations=len(operations)),
        *(walk.definition(operation) for operation in operations),
    ]
    return Measure(**{each.name: max(getattr(m, each.name) for m in measures) for each in fields(Measure)})


def exceeded_limit(measure: Measure) -> str | None:
    """Return a sentence about the first limit that a document exceeds, if any."""
    for each in fields(Measure):
        limit = getattr(LIMITS, each.name)
        if getattr(measure, each.name) > limit:
            return f"The document exceeds the limit of {limit} {_PHRASES[each.name]}."
    return None


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


def _written(document: DocumentNode) -> int:
    """Count definitions, fields, spreads and inline fragments, but not far beyond the limit."""
    written = len(document.definitions)
    waiting = [getattr(node, "selection_set", None) for node in document.definitions]
    while waiting and written <= LIMITS.written:
        selection_set = waiting.pop()
        if selection_set is not None:
            written += len(selection_set.selections)
            waiting.extend(getattr(node, "selection_set", None) for node in selection_set.selections)
    return written


class _Walk:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}

    def definition(self, node: OperationDefinitionNode | FragmentDefinitionNode) -> Measure:
        """Return the measure of an operation or a fragment."""
        return self._selection(node.selection_set, directives=len(node.directives or ()))

    def _selection(self, selection_set: SelectionSetNode | None, *, directives: int) -> Measure:
        """Return the measure of a selection; its fields are its root fields."""
        if selection_set is None:
            return EMPTY
        depth = count = aliases = fragments = root_fields = introspection = 0
        for node in selection_set.selections:
            own_directives = len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                inner = self._fragment(node.name.value)
            else:
                inner = self._selection(getattr(node, "selection_set", None), directives=0)
            if isinstance(node, FieldNode):
                depth = max(depth, inner.depth + 1)
                count, root_fields = count + 1, root_fields + 1
                aliases += node.alias is not None
                introspection += node.name.value in INTROSPECTION_FIELDS
            else:
                depth = max(depth, inner.depth)
                fragments, root_fields = fragments + 1, root_fields + inner.root_fields
            count += inner.fields
            aliases += inner.aliases
            fragments += inner.fragments
            directives += inner.directives + own_directives
            introspection += inner.introspection
        return Measure(
            depth=depth,
            fields=min(count, COUNT_CAP),
            aliases=min(aliases, COUNT_CAP),
            fragments=min(fragments, COUNT_CAP),
            directives=min(directives, COUNT_CAP),
            root_fields=min(root_fields, COUNT_CAP),
            introspection=min(introspection, COUNT_CAP),
        )

    def _fragment(self, name: str) -> Measure:
        if name not in self._measured:
            # A fragment that spreads itself counts as empty here, and validation refuses it.
            self._measured[name] = EMPTY
            if name in self._fragments:
                self._measured[name] = self.definition(self._fragments[name])
        return self._measured[name]
