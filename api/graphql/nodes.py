"""Find objects by global ids, each kind by one statement."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from api.graphql.context import Info
from api.graphql.ids import Kind, decode_any_id
from api.graphql.types.api_clients import api_client_of
from api.graphql.types.associations import association_of, learning_account_of
from api.graphql.types.attempts import attempt_of
from api.graphql.types.credits import credit_of, selected_details
from api.graphql.types.invitations import invitation_of
from api.graphql.types.members import member_of
from api.graphql.types.node import Node
from api.graphql.types.organizations import organization_of
from domain.errors import InvalidInput
from domain.queries.api_clients import visible_api_clients
from domain.queries.associations import visible_associations, visible_learning_accounts
from domain.queries.attempts import visible_attempts
from domain.queries.credits import visible_credits
from domain.queries.invitations import visible_invitations
from domain.queries.members import organization, visible_members
from domain.rules.visibility import Viewer

Row = TypeVar("Row")

MAX_NODES = 100


async def nodes_of(viewer: Viewer, identifiers: Sequence[str], info: Info) -> list[Node | None]:
    """Return what ids name, in their order; nothing in the position of what the viewer may not see.

    Raises:
        InvalidInput: there are too many ids.
    """
    if len(identifiers) > MAX_NODES:
        raise InvalidInput(f"Ask for at most {MAX_NODES} ids at once.")
    decoded = [decode_any_id(identifier) for identifier in identifiers]
    nodes: dict[tuple[Kind, int], Node] = {}
    for kind in Kind:
        row_ids = {row_id for decoded_kind, row_id in filter(None, decoded) if decoded_kind is kind}
        if row_ids:
            nodes |= {(kind, row_id): node for row_id, node in (await _nodes(kind, viewer, row_ids, info)).items()}
    return [nodes.get(key) if key else None for key in decoded]


async def _nodes(kind: Kind, viewer: Viewer, row_ids: Collection[int], info: Info) -> Mapping[int, Node]:
    context = info.context
    match kind:
        case Kind.ORGANIZATION:
            row = await organization(viewer, viewer.organization_id) if viewer.organization_id in row_ids else None
            return {row.id: organization_of(row)} if row else {}
        case Kind.MEMBER:
            return _present(await visible_members(viewer, row_ids), member_of)
        case Kind.LEARNING_ACCOUNT:
            return _present(await visible_learning_accounts(viewer, row_ids), learning_account_of)
        case Kind.ASSOCIATION:
            return _present(await visible_associations(viewer, row_ids), lambda row: association_of(row, viewer))
        case Kind.ATTEMPT:
            return _present(await visible_attempts(viewer, row_ids), lambda row: attempt_of(row, context))
        case Kind.CREDIT:
            credits = await visible_credits(viewer, row_ids, as_of=context.now)
            details = await selected_details(info, list(credits.values()), ())
            return _present(credits, lambda row: credit_of(row, details))
        case Kind.INVITATION:
            return _present(await visible_invitations(viewer, row_ids), lambda row: invitation_of(row, context))
        case Kind.API_CLIENT:
            return _present(await visible_api_clients(viewer, row_ids), api_client_of)


def _present(rows: Mapping[int, Row], node: Callable[[Row], Node]) -> dict[int, Node]:
    return {row_id: node(row) for row_id, row in rows.items()}
