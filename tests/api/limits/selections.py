"""Hypothesis strategies for documents of every shape the schema allows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from hypothesis import strategies as st

from api.graphql.schema import schema

SCHEMA = schema._schema
DEPTH = 5


@dataclass(frozen=True)
class Selected:
    """A field with its page's size, if it is a connection, and what is selected of it."""

    parent: str
    name: str
    size: int | None
    inner: tuple["Selected", ...]
    is_spread: bool


@dataclass
class Written:
    """A document and its variables."""

    selections: tuple[Selected, ...]
    sizes: dict[str, int] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    aliases: int = 0

    @property
    def plain(self) -> str:
        """Return the document without variables, aliases and named fragments."""
        return _plain(self.selections)

    @property
    def artful(self) -> str:
        """Return the same with as many of them as possible."""
        self.sizes.clear()
        self.fragments.clear()
        body = self._artful(self.selections)
        variables = ", ".join(f"${name}: Int" for name in self.sizes)
        return "\n".join([f"query Artful{f'({variables})' if variables else ''} {body}", *self.fragments])

    def _artful(self, selections: tuple[Selected, ...]) -> str:
        return "{ __typename " + " ".join(self._one(each) for each in selections) + " }"

    def _one(self, selected: Selected) -> str:
        arguments = ""
        if selected.size is not None:
            name = f"v{len(self.sizes)}"
            self.sizes[name] = selected.size
            arguments = f"(first: ${name})"
        inner = self._artful(selected.inner) if selected.inner else ""
        self.aliases += 1
        text = f"a{self.aliases}: {selected.name}{arguments} {inner}"
        if not selected.is_spread:
            return f"... on {selected.parent} {{ {text} }}"
        self.fragments.append(f"fragment F{len(self.fragments)} on {selected.parent} {{ {text} }}")
        return f"...F{len(self.fragments) - 1}"


def _plain(selections: tuple[Selected, ...]) -> str:
    texts = []
    for each in selections:
        size = "" if each.size is None else f"(first: {each.size})"
        inner = _plain(each.inner) if each.inner else ""
        texts.append(f"... on {each.parent} {{ {each.name}{size} {inner} }}")
    return "{ __typename " + " ".join(texts) + " }"


def documents() -> st.SearchStrategy[Written]:
    """Return queries of up to a few dozen fields."""
    assert SCHEMA.query_type is not None
    return _selections(SCHEMA.query_type, DEPTH).map(Written)


@st.composite
def _selections(draw: st.DrawFn, kind: Any, depth: int) -> tuple[Selected, ...]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        parent = draw(st.sampled_from(SCHEMA.get_possible_types(kind))) if is_abstract_type(kind) else kind
        assert isinstance(parent, GraphQLObjectType)
        fields: Mapping[str, Any] = parent.fields
        names = sorted(name for name in fields if depth or not is_composite_type(get_named_type(fields[name].type)))
        if not names:
            continue
        name = draw(st.sampled_from(names))
        inner = get_named_type(fields[name].type)
        is_composite = isinstance(inner, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        size = draw(st.integers(1, 100)) if "first" in fields[name].args else None
        below = draw(_selections(inner, depth - 1)) if is_composite else ()
        found.append(Selected(parent.name, name, size, below, draw(st.booleans())))
    return tuple(found)
