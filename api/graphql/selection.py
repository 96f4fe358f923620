"""Ask what an operation selects below a field."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode
from strawberry.types.info import Info


def selects(info: Info[Any, Any], *path: str) -> bool:
    """Tell whether a path of field names is selected below the field that is resolved, through every fragment."""
    # Strawberry's own `info.selected_fields` converts the whole selection below, with every argument.
    raw = info._raw_info
    fields = list(raw.field_nodes)
    for name in path:
        fields = [
            field
            for parent in fields
            if parent.selection_set is not None
            for field in _fields(parent.selection_set, raw.fragments)
            # Directives are not read: what `@skip` leaves out is computed in vain, and nothing is wrong.
            if field.name.value == name
        ]
    return bool(fields)


def _fields(selection_set: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    # Validation has made sure that no fragment spreads itself.
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments)
