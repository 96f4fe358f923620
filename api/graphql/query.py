"""The schema's queries."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, TypeVar

import strawberry
from strawberry import UNSET

from api.filters import checked_text
from api.graphql.context import Info
from api.graphql.fields import AsOf, Id, field, none_if_unset
from api.graphql.ids import Kind, Node, decode_any_id, decode_id
from api.graphql.pagination.connections import Connection, PageArguments, connection, connection_field
from api.graphql.types.api_clients import ApiClient, api_client_of
from api.graphql.types.associations import AssociationAttempt, association_of, attempt_of, learning_account_of
from api.graphql.types.attainments import Program, program_of
from api.graphql.types.certifications import Certification
from api.graphql.types.credits import credit_of, selected_details
from api.graphql.types.from_row import from_row
from api.graphql.types.invitations import invitation_of
from api.graphql.types.limits import Policy, RateLimit, policy_of, rate_limit_of
from api.graphql.types.members import Member, member_of
from api.graphql.types.organizations import Organization, ProgramKindArgument, organization_of
from domain.errors import InvalidInput
from domain.queries import api_clients, associations, attempts, catalog, credits, invitations, members
from domain.rules.editions import programs_at
from domain.rules.visibility import ApiClientViewer
from domain.rules.visibility import Viewer as DomainViewer

Row = TypeVar("Row")

# As many as a page has at most; Strawberry's own `nodes` takes any number, such as 20,000 in one document.
MAX_NODES = 100
MAX_CATALOG_TEXT_LENGTH = 200
CatalogText = Annotated[
    str | None, strawberry.argument(description="Only those with this in code or title, in any case; all by default.")
]
Ids = Annotated[
    list[strawberry.ID], strawberry.argument(name="ids", description=f"At most {MAX_NODES} global ids, in any order.")
]


@strawberry.type(description="The caller.")
class Viewer:
    viewer: strawberry.Private[DomainViewer]

    @field("The member who calls; null when an API client does.")
    async def member(self) -> Member | None:
        member_id = self.viewer.member_id
        row = await members.member(self.viewer, member_id) if member_id else None
        return member_of(row) if row else None

    @field("The API client that calls; null when a member does.")
    async def api_client(self) -> ApiClient | None:
        if not isinstance(self.viewer, ApiClientViewer):
            return None
        return api_client_of(await api_clients.get_api_client_or_raise(self.viewer, self.viewer.api_client_id))

    @field("The caller's organization.")
    async def organization(self) -> Organization | None:
        row = await members.organization(self.viewer, self.viewer.organization_id)
        return organization_of(row) if row else None


@strawberry.type(description="Queries. Unknown, foreign and malformed ids answer alike: null.")
class Query:
    @field("The caller; null when nobody is signed in.")
    def viewer(self, info: Info) -> Viewer | None:
        viewer = info.context.viewer
        return Viewer(viewer=viewer) if viewer else None

    @field("An object by its global id; null where the caller may not see it.")
    async def node(self, info: Info, identifier: Id) -> Node | None:
        viewer = info.context.viewer
        return (await nodes_of(viewer, [identifier], info))[0] if viewer else None

    @field("Objects by their global ids, in the same order; null for each that the caller may not see.")
    async def nodes(self, info: Info, identifiers: Ids) -> list[Node | None] | None:
        viewer = info.context.viewer
        return await nodes_of(viewer, identifiers, info) if viewer else None

    @field("The caller's own organization, by its id.")
    async def organization(self, info: Info, identifier: Id) -> Organization | None:
        organization_id = decode_id(identifier, Kind.ORGANIZATION)
        viewer = info.context.viewer
        row = await members.organization(viewer, organization_id) if organization_id and viewer else None
        return organization_of(row) if row else None

    @field("An association attempt of the caller's own.")
    async def association_attempt(self, info: Info, identifier: Id) -> AssociationAttempt | None:
        attempt_id = decode_id(identifier, Kind.ATTEMPT)
        viewer = info.context.viewer
        row = await attempts.association_attempt(viewer, attempt_id) if attempt_id and viewer else None
        return attempt_of(row, info.context) if row else None

    @field("The programme's policy, for everybody.")
    def policy(self, info: Info) -> Policy | None:
        return policy_of(info.context)

    @field("The caller's points of this minute; null while they are not counted.")
    def rate_limit(self, info: Info) -> RateLimit | None:
        return rate_limit_of(info.context.charge)

    @field("The programs in force at an instant, designations first; null when nobody is signed in.")
    async def programs(
        self, info: Info, as_of: AsOf = UNSET, kind: ProgramKindArgument = UNSET
    ) -> list[Program] | None:
        if info.context.viewer is None:
            return None
        programs = programs_at(await catalog.editions(), as_of or info.context.now)
        requested = none_if_unset(kind)
        return [program_of(program) for program in programs if requested in {None, program.kind}]

    @connection_field("The certifications of the catalog, by code; null when nobody is signed in.")
    async def certifications(
        self, info: Info, arguments: PageArguments, query: CatalogText = UNSET
    ) -> Connection[Certification] | None:
        if info.context.viewer is None:
            return None
        request = arguments.request(info, order=catalog.BY_CODE)
        text = checked_text(
            (none_if_unset(query) or "").strip(),
            max_length=MAX_CATALOG_TEXT_LENGTH,
            refusal="This is no part of a certification's code or title.",
        )
        page = await catalog.certifications(text=text, page=request.page)
        return connection(page, request, node=lambda row: from_row(Certification, row))


async def nodes_of(viewer: DomainViewer, identifiers: Sequence[str], info: Info) -> list[Node | None]:
    """Return what ids name, in their order; nothing in the position of what the viewer may not see.

    Raises:
        InvalidInput: there are too many ids.
    """
    if len(identifiers) > MAX_NODES:
        raise InvalidInput(f"Ask for at most {MAX_NODES} ids at once.")
    # One statement for each kind that occurs, and not one for each id.
    decoded = [decode_any_id(identifier) for identifier in identifiers]
    nodes: dict[tuple[Kind, int], Node] = {}
    for kind in Kind:
        row_ids = {row_id for decoded_kind, row_id in filter(None, decoded) if decoded_kind is kind}
        if row_ids:
            nodes |= {(kind, row_id): node for row_id, node in (await _nodes(kind, viewer, row_ids, info)).items()}
    return [nodes.get(key) if key else None for key in decoded]


async def _nodes(kind: Kind, viewer: DomainViewer, ids: Collection[int], info: Info) -> Mapping[int, Node]:
    context = info.context
    match kind:
        case Kind.ORGANIZATION:
            row = await members.organization(viewer, viewer.organization_id) if viewer.organization_id in ids else None
            return {row.id: organization_of(row)} if row else {}
        case Kind.MEMBER:
            return _present(await members.visible_members(viewer, ids), member_of)
        case Kind.LEARNING_ACCOUNT:
            return _present(await associations.visible_learning_accounts(viewer, ids), learning_account_of)
        case Kind.ASSOCIATION:
            rows = await associations.visible_associations(viewer, ids)
            return _present(rows, lambda row: association_of(row, viewer))
        case Kind.ATTEMPT:
            return _present(await attempts.visible_attempts(viewer, ids), lambda row: attempt_of(row, context))
        case Kind.CREDIT:
            credit_rows = await credits.visible_credits(viewer, ids, as_of=context.now)
            details = await selected_details(info, list(credit_rows.values()), ())
            return _present(credit_rows, lambda row: credit_of(row, details))
        case Kind.INVITATION:
            return _present(await invitations.visible_invitations(viewer, ids), lambda row: invitation_of(row, context))
        case Kind.API_CLIENT:
            return _present(await api_clients.visible_api_clients(viewer, ids), api_client_of)


def _present(rows: Mapping[int, Row], node: Callable[[Row], Node]) -> dict[int, Node]:
    return {row_id: node(row) for row_id, row in rows.items()}
