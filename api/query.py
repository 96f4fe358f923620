"""What can be asked?"""

from typing import Annotated

import strawberry
from strawberry import UNSET

from api.connections import After, Before, Connection, First, Last, connection, given, page_as_of
from api.context import Info
from api.fields import field
from api.ids import Kind, kind_and_number, number_of
from api.types.associations import association_of, learning_account_of
from api.types.attempts import AssociationAttempt, attempt_of
from api.types.certifications import Certification, certification_of, checked_catalog_text
from api.types.credit_arguments import AsOf, instant
from api.types.credits import credit_of, details_asked_for
from api.types.invitations import invitation_of
from api.types.members import Member, member_of
from api.types.node import Node
from api.types.organization_programs import WantedKind
from api.types.organizations import Organization, organization_of
from api.types.policies import Policy, policy_of
from api.types.programs import Program, program_of
from domain.queries import associations, attempts, catalog, credits, invitations, members
from domain.rules.editions import programs_at
from domain.rules.visibility import Viewer as DomainViewer

CatalogText = Annotated[
    str | None, strawberry.argument(description="Only those with this in code or title, in any case; all by default.")
]
Id = Annotated[strawberry.ID, strawberry.argument(name="id", description="Its global id.")]


@strawberry.type(description="Who asks.")
class Viewer:
    """A member, known by their browser's session or by a bearer token, or an API client, known by its key."""

    asking: strawberry.Private[DomainViewer]

    @field("The member who asks; null when an API client does.")
    async def member(self) -> Member | None:
        """Look up the member."""
        number = self.asking.member_id
        row = await members.member(self.asking, number) if number else None
        return member_of(row) if row else None

    @field("The organization of the member or API client that asks.")
    async def organization(self) -> Organization | None:
        """Look up the organization."""
        row = await members.organization(self.asking, self.asking.organization_id)
        return organization_of(row) if row else None


@strawberry.type(description="What can be asked. Unknown, foreign and malformed ids answer alike: null.")
class Query:
    """Every field is null where the caller may not see anything."""

    @field("Who asks; null when nobody is signed in.")
    def viewer(self, info: Info) -> Viewer | None:
        """Return the caller."""
        viewer = info.context.viewer
        return Viewer(asking=viewer) if viewer else None

    @field("Anything that has an id and that the caller may see.")
    async def node(self, info: Info, identifier: Id) -> Node | None:
        """Find a thing by its id."""
        found = kind_and_number(identifier)
        viewer = info.context.viewer
        return await _node(viewer, *found, info) if found and viewer else None

    @field("The caller's own organization, by its id.")
    async def organization(self, info: Info, identifier: Id) -> Organization | None:
        """Find an organization by its id."""
        number = number_of(identifier, Kind.ORGANIZATION)
        viewer = info.context.viewer
        row = await members.organization(viewer, number) if number and viewer else None
        return organization_of(row) if row else None

    @field("An association attempt of the caller's own.")
    async def association_attempt(self, info: Info, identifier: Id) -> AssociationAttempt | None:
        """Find an attempt by its id."""
        number = number_of(identifier, Kind.ATTEMPT)
        viewer = info.context.viewer
        row = await attempts.association_attempt(viewer, number) if number and viewer else None
        return attempt_of(row, info.context) if row else None

    @field("The programme's numbers, for everybody.")
    def policy(self, info: Info) -> Policy | None:
        """Return the numbers."""
        return policy_of(info.context)

    @field("The programs in force at an instant, designations first; null when nobody is signed in.")
    async def programs(self, info: Info, as_of: AsOf = UNSET, wanted: WantedKind = UNSET) -> list[Program] | None:
        """Read the catalog."""
        if info.context.viewer is None:
            return None
        found = programs_at(await catalog.editions(), instant(as_of, info.context))
        kind = given(wanted)
        return [program_of(each) for each in found if kind in {None, each.kind}]

    @field("The certifications of the catalog, by code; null when nobody is signed in.")
    async def certifications(
        self,
        info: Info,
        query: CatalogText = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[Certification] | None:
        """Read the catalog."""
        if info.context.viewer is None:
            return None
        order = catalog.BY_CODE
        asked, _ = page_as_of(first, after, last, before, info=info, as_of=None, order=order)
        page = await catalog.certifications(text=checked_catalog_text(given(query)), page=asked)
        return connection(page, node=certification_of, order=order)


async def _node(viewer: DomainViewer, kind: Kind, number: int, info: Info) -> Node | None:
    """Return the thing of a kind and number, where the viewer may see it."""
    context = info.context
    match kind:
        case Kind.ORGANIZATION:
            organization = await members.organization(viewer, number)
            return organization_of(organization) if organization else None
        case Kind.MEMBER:
            member = await members.member(viewer, number)
            return member_of(member) if member else None
        case Kind.LEARNING_ACCOUNT:
            account = await associations.learning_account(viewer, number)
            return learning_account_of(account) if account else None
        case Kind.ASSOCIATION:
            association = await associations.association(viewer, number)
            return association_of(association, viewer) if association else None
        case Kind.ATTEMPT:
            attempt = await attempts.association_attempt(viewer, number)
            return attempt_of(attempt, context) if attempt else None
        case Kind.CREDIT:
            credit = await credits.credit(viewer, number, as_of=context.now)
            return credit_of(credit, await details_asked_for(info, [credit], "")) if credit else None
        case Kind.INVITATION:
            invitation = await invitations.invitation(viewer, number)
            return invitation_of(invitation, context) if invitation else None
