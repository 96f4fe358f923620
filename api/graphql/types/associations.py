"""Associations and learning accounts."""

from datetime import datetime

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.ids import Kind, global_id
from api.graphql.pagination.connections import Connection, ListAsOf, PageArguments, connection_field
from api.graphql.types.credits import Credit, CreditFilterArgument, checked_credit_filter, credits_connection
from api.graphql.types.from_row import from_row
from api.graphql.types.node import Node
from api.graphql.types.present import Member, member_of
from domain.queries.associations import AssociationRow, LearningAccountRow
from domain.queries.credits import credits_of_associations
from domain.rules.enums import AssociationEndReason, LearningProvider, Scope, TranscriptProblem
from domain.rules.visibility import Viewer, check_signed_in, masked_for, masked_profile_id, may_see_of


@strawberry.type(description="A person's own account at a provider; at Microsoft Learn its id is the MCID.")
class LearningAccount(Node):
    provider: LearningProvider = strawberry.field(description="Where the account is.")
    profile_id: str | None = strawberry.field(
        description="The account's id there, at Microsoft Learn the MCID; null unless the person asks."
    )
    profile_id_masked: str = strawberry.field(
        description="The last three characters of the id: all that anybody else sees."
    )


@strawberry.type(
    description="The period in which a member's organization is credited with a learning account's completions."
)
class Association(Node):
    row_id: strawberry.Private[int]
    member_id: strawberry.Private[int]
    member: Member = strawberry.field(description="The member who associated the account.")
    learning_account: LearningAccount = strawberry.field(description="The account that is or was associated.")
    started_at: datetime = strawberry.field(description="When it started.")
    ended_at: datetime | None = strawberry.field(description="When it ended, exclusive; null while it is active.")
    end_reason: AssociationEndReason | None = strawberry.field(description="Why it ended; null while it is active.")
    transcript_read_at: datetime | None = strawberry.field(
        description="When its transcript was last read; null unless the person asks."
    )
    transcript_problem: TranscriptProblem | None = strawberry.field(
        description="Why its transcript is not read every night; null where it is, and unless the person asks."
    )

    @connection_field(
        "The credits for this association's completions, the latest recorded first; null unless the person, an admin "
        "or an API client with the scope CREDITS_READ asks."
    )
    async def credits(
        self, info: Info, arguments: PageArguments, filter_: CreditFilterArgument = UNSET, as_of: ListAsOf = UNSET
    ) -> Connection[Credit] | None:
        viewer = check_signed_in(info.context.viewer)
        if not may_see_of(viewer, self.member_id, Scope.CREDITS_READ):
            return None
        request, at = arguments.request_as_of(info, as_of, of=self.row_id)
        page = await info.context.loaders.load(
            credits_of_associations,
            viewer,
            self.row_id,
            matching=checked_credit_filter(filter_),
            as_of=at,
            page=request.page,
        )
        return await credits_connection(page, request, info)


def learning_account_of(row: LearningAccountRow) -> LearningAccount:
    """Return an account as its viewer may see it."""
    return from_row(
        LearningAccount,
        row,
        id=global_id(Kind.LEARNING_ACCOUNT, row.id),
        profile_id=masked_for(row.profile_id, owner=row.is_own),
        profile_id_masked=masked_profile_id(row.profile_id),
    )


def association_of(row: AssociationRow, viewer: Viewer) -> Association:
    """Return an association as a viewer may see it."""
    is_own = row.member_id == viewer.member_id
    account = LearningAccountRow(
        id=row.learning_account_id, provider=row.provider, profile_id=row.profile_id, is_own=is_own
    )
    return from_row(
        Association,
        row,
        id=global_id(Kind.ASSOCIATION, row.id),
        row_id=row.id,
        member=member_of(row),
        learning_account=learning_account_of(account),
        transcript_read_at=row.transcript_read_at if is_own else None,
        transcript_problem=row.transcript_problem if is_own else None,
    )
