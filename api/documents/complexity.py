"""Limit the complexity of a document before it is validated."""

from dataclasses import dataclass, fields

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


def largest(complexities: list[Complexity]) -> Complexity:
    """Return the largest of several, dimension by dimension."""
    names = [field.name for field in fields(Complexity)]
    return Complexity(**{name: max(getattr(complexity, name) for complexity in complexities) for name in names})


def exceeded_limit(complexity: Complexity) -> str | None:
    """Return a sentence about the first limit that a document exceeds, if any."""
    for name, phrase in _PHRASES.items():
        limit = getattr(LIMITS, name)
        if getattr(complexity, name) > limit:
            return f"The document exceeds the limit of {limit} {phrase}."
    return None
