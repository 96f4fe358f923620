"""How large is a document, before anything is spent on validating it?

One linear walk with memory over fragments: a fragment is measured once, however often it is spread, so that the
measure of a small document that unfolds into a huge one is cheap to take.
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
# Sums stop here: a chain of fragments that doubles at each link would make numbers of thousands of digits.
PLENTY = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What a selection amounts to once its fragments are unfolded."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    fragments: int = 0
    directives: int = 0
    root_fields: int = 0
    introspection: int = 0


# Generous for people: the deepest of the usual introspection queries goes 15 deep and unfolds to about 300 fields.
LIMITS = Measure(depth=20, fields=500, aliases=50, fragments=100, directives=50, root_fields=20, introspection=PLENTY)


def measure_document(document: DocumentNode) -> Measure:
    """Return the measure of a document's largest operation, taken dimension by dimension."""
    walk = _Walk(document)
    measures = [
        _plus(walk.selection(node.selection_set), directives=len(node.directives or ()))
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    ]
    return Measure(**{each.name: max((getattr(m, each.name) for m in measures), default=0) for each in fields(Measure)})


def exceeded_limit(measure: Measure) -> str | None:
    """Return a sentence about the first limit that a document exceeds, if any."""
    for each in fields(Measure):
        limit = getattr(LIMITS, each.name)
        if getattr(measure, each.name) > limit:
            return f"The document exceeds the limit of {limit} {_PHRASES[each.name]}."
    return None


_PHRASES = {
    "depth": "levels of nesting",
    "fields": "fields",
    "aliases": "aliases",
    "fragments": "fragments, inline ones included",
    "directives": "directives",
    "root_fields": "fields at the root",
}


class _Walk:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}

    def selection(self, selection_set: SelectionSetNode | None) -> Measure:
        """Return the measure of a selection; its fields are its root fields."""
        total = Measure()
        for node in selection_set.selections if selection_set else ():
            if isinstance(node, FieldNode):
                total = _sum(total, self._field(node))
            elif isinstance(node, FragmentSpreadNode):
                inner = self._fragment(node.name.value)
                total = _sum(total, _plus(inner, fragments=1, directives=len(node.directives or ())))
            else:
                inner = self.selection(getattr(node, "selection_set", None))
                total = _sum(total, _plus(inner, fragments=1, directives=len(node.directives or ())))
        return total

    def _field(self, node: FieldNode) -> Measure:
        inner = self.selection(node.selection_set)
        return Measure(
            depth=inner.depth + 1,
            fields=inner.fields + 1,
            aliases=inner.aliases + (node.alias is not None),
            fragments=inner.fragments,
            directives=inner.directives + len(node.directives or ()),
            root_fields=1,
            introspection=inner.introspection + (node.name.value in INTROSPECTION_FIELDS),
        )

    def _fragment(self, name: str) -> Measure:
        if name not in self._measured:
            # A fragment that spreads itself counts as empty here, and validation refuses it.
            self._measured[name] = Measure()
            if name in self._fragments:
                fragment = self._fragments[name]
                inner = self.selection(fragment.selection_set)
                self._measured[name] = _plus(inner, directives=len(fragment.directives or ()))
        return self._measured[name]


def _sum(one: Measure, other: Measure) -> Measure:
    return Measure(
        depth=max(one.depth, other.depth),
        fields=min(one.fields + other.fields, PLENTY),
        aliases=min(one.aliases + other.aliases, PLENTY),
        fragments=min(one.fragments + other.fragments, PLENTY),
        directives=min(one.directives + other.directives, PLENTY),
        root_fields=min(one.root_fields + other.root_fields, PLENTY),
        introspection=min(one.introspection + other.introspection, PLENTY),
    )


def _plus(measure: Measure, *, directives: int, fragments: int = 0) -> Measure:
    return _sum(measure, Measure(directives=directives, fragments=fragments))
