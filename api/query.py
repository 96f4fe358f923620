"""What can be asked?"""

from typing import Annotated

import strawberry

from api.context import Context, Info
from api.fields import field
from api.ids import Kind, kind_and_number, number_of
from api.types.associations import association_of, learning_account_of
from api.types.attempts import AssociationAttempt, attempt_of
from api.types.credits import credit_of
from api.types.members import Member, member_of
from api.types.node import Node
from api.types.organizations import Organization, organization_of
from api.types.policies import Policy, policy_of
from domain.queries import associations, attempts, credits, members
from domain.rules.visibility import Viewer as DomainViewer
from domain.rules.visibility import check_signed_in

Id = Annotated[strawberry.ID, strawberry.argument(name="id", description="Its global id.")]


@strawberry.type(description="Who asks.")
class Viewer:
    """A member, known by their browser's session or by a bearer token."""

    number: strawberry.Private[int]
    organization_number: strawberry.Private[int]

    @field("The member who asks.")
    async def member(self, info: Info) -> Member | None:
        """Look up the member."""
        row = await members.member(check_signed_in(info.context.viewer), self.number)
        return member_of(row) if row else None

    @field("The organization of the member who asks.")
    async def organization(self, info: Info) -> Organization | None:
        """Look up the organization."""
        row = await members.organization(check_signed_in(info.context.viewer), self.organization_number)
        return organization_of(row) if row else None


@strawberry.type(description="What can be asked. Unknown, foreign and malformed ids answer alike: null.")
class Query:
    """Every field is null where the caller may not see anything."""

    @field("Who asks; null when nobody is signed in.")
    def viewer(self, info: Info) -> Viewer | None:
        """Return the caller."""
        viewer = info.context.viewer
        if viewer is None:
            return None
        return Viewer(number=viewer.member_id, organization_number=viewer.organization_id)

    @field("Anything that has an id and that the caller may see.")
    async def node(self, info: Info, identifier: Id) -> Node | None:
        """Find a thing by its id."""
        found = kind_and_number(identifier)
        viewer = info.context.viewer
        return await _node(viewer, *found, info.context) if found and viewer else None

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


async def _node(viewer: DomainViewer, kind: Kind, number: int, context: Context) -> Node | None:
    """Return the thing of a kind and number, where the viewer may see it."""
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
            return credit_of(credit) if credit else None
