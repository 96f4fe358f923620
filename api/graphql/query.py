"""The schema's queries."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import AsOf, Id, field, none_if_unset
from api.graphql.ids import Kind, decode_id
from api.graphql.nodes import MAX_NODES, nodes_of
from api.graphql.pagination.connections import Connection, PageArguments, connection, connection_field
from api.graphql.types.api_clients import ApiClient, api_client_of
from api.graphql.types.attempts import AssociationAttempt, attempt_of
from api.graphql.types.certifications import Certification, checked_catalog_text
from api.graphql.types.from_row import from_row
from api.graphql.types.limits import Policy, RateLimit, policy_of, rate_limit_of
from api.graphql.types.members import Member, member_of
from api.graphql.types.node import Node
from api.graphql.types.organization_programs import ProgramKindArgument
from api.graphql.types.organizations import Organization, organization_of
from api.graphql.types.programs import Program, program_of
from domain.queries import api_clients, attempts, catalog, members
from domain.rules.editions import programs_at
from domain.rules.visibility import ApiClientViewer
from domain.rules.visibility import Viewer as DomainViewer

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
        wanted = none_if_unset(kind)
        return [program_of(program) for program in programs if wanted in {None, program.kind}]

    @connection_field("The certifications of the catalog, by code; null when nobody is signed in.")
    async def certifications(
        self, info: Info, arguments: PageArguments, query: CatalogText = UNSET
    ) -> Connection[Certification] | None:
        if info.context.viewer is None:
            return None
        request = arguments.request(info, order=catalog.BY_CODE)
        page = await catalog.certifications(text=checked_catalog_text(none_if_unset(query)), page=request.page)
        return connection(page, request, node=lambda row: from_row(Certification, row))
