"""What of a field does the caller ask for?

Looked at once in a list's resolver, so that nothing is computed that nobody asked for.
"""

from collections.abc import Iterable, Mapping

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from api.graphql.context import Info


def selects(info: Info, *path: str) -> bool:
    """Tell whether the field being resolved is asked for what a path of names leads to, through every fragment.

    A field that a directive leaves out is taken as asked for: then something is computed in vain, and nothing wrong.
    """
    raw = info._raw_info
    return _leads_on([node.selection_set for node in raw.field_nodes], path, raw.fragments)


def _leads_on(
    sets: Iterable[SelectionSetNode | None], path: tuple[str, ...], fragments: Mapping[str, FragmentDefinitionNode]
) -> bool:
    if not path:
        return True
    found = [field for each in sets if each is not None for field in _fields(each, fragments)]
    inner = [field.selection_set for field in found if field.name.value == path[0]]
    return bool(inner) and _leads_on(inner, path[1:], fragments)


def _fields(selection_set: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> list[FieldNode]:
    """Return a selection's fields; validation has made sure that no fragment spreads itself."""
    found: list[FieldNode] = []
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            found.append(node)
        elif isinstance(node, FragmentSpreadNode):
            found += _fields(fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, InlineFragmentNode):
            found += _fields(node.selection_set, fragments)
    return found
