"""What is behind global ids?

Whatever is of one kind is read at once, so many ids cost as many statements as kinds.
"""

from collections.abc import Collection, Mapping, Sequence

from api.graphql.context import Info
from api.graphql.ids import Kind, kind_and_number
from api.graphql.types.api_clients import api_client_of
from api.graphql.types.associations import association_of, learning_account_of
from api.graphql.types.attempts import attempt_of
from api.graphql.types.credits import credit_of, details_asked_for
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

MAX_NODES = 100


async def nodes_of(viewer: Viewer, identifiers: Sequence[str], info: Info) -> list[Node | None]:
    """Return what the ids name, in their order; nothing where the viewer may not see it, or there is no such thing.

    Raises:
        InvalidInput: these are too many.
    """
    if len(identifiers) > MAX_NODES:
        raise InvalidInput(f"Ask for at most {MAX_NODES} ids at once.")
    named = [kind_and_number(identifier) for identifier in identifiers]
    found: dict[tuple[Kind, int], Node] = {}
    for kind in Kind:
        numbers = {each[1] for each in named if each is not None and each[0] is kind}
        if numbers:
            nodes = await _of_kind(kind, viewer, numbers, info)
            found |= {(kind, number): node for number, node in nodes.items()}
    return [None if each is None else found.get(each) for each in named]


async def _of_kind(kind: Kind, viewer: Viewer, numbers: Collection[int], info: Info) -> Mapping[int, Node]:
    """Return the things of a kind that the viewer may see, by number."""
    context = info.context
    match kind:
        case Kind.ORGANIZATION:
            own = {each: await organization(viewer, each) for each in numbers if each == viewer.organization_id}
            return {number: organization_of(row) for number, row in own.items() if row}
        case Kind.MEMBER:
            return {number: member_of(row) for number, row in (await visible_members(viewer, numbers)).items()}
        case Kind.LEARNING_ACCOUNT:
            accounts = await visible_learning_accounts(viewer, numbers)
            return {number: learning_account_of(row) for number, row in accounts.items()}
        case Kind.ASSOCIATION:
            associations = await visible_associations(viewer, numbers)
            return {number: association_of(row, viewer) for number, row in associations.items()}
        case Kind.ATTEMPT:
            attempts = await visible_attempts(viewer, numbers)
            return {number: attempt_of(row, context) for number, row in attempts.items()}
        case Kind.CREDIT:
            credits = await visible_credits(viewer, numbers, as_of=context.now)
            details = await details_asked_for(info, list(credits.values()), "")
            return {number: credit_of(row, details) for number, row in credits.items()}
        case Kind.INVITATION:
            invitations = await visible_invitations(viewer, numbers)
            return {number: invitation_of(row, context) for number, row in invitations.items()}
        case Kind.API_CLIENT:
            clients = await visible_api_clients(viewer, numbers)
            return {number: api_client_of(row) for number, row in clients.items()}
