"""Learning accounts, associations, and the attempts to associate."""

from collections.abc import Collection
from datetime import datetime

import strawberry
from strawberry import UNSET

from api.graphql.context import Context, Info
from api.graphql.fields import field
from api.graphql.ids import Kind, Node, global_id
from api.graphql.pagination.connections import Connection, ListAsOf, PageArguments, connection_field
from api.graphql.refusals import Refusal, refusal_of
from api.graphql.types.credits import Credit, CreditFilterArgument, credits_below
from api.graphql.types.from_row import from_row
from api.graphql.types.present import Member, member_of
from domain.queries.associations import AssociationRow, LearningAccountRow, visible_associations
from domain.queries.attempts import AttemptRow
from domain.queries.credits import credits_of_associations
from domain.rules.attempt_refusal import attempt_refusal
from domain.rules.enums import AssociationEndReason, AttemptStatus, LearningProvider, TranscriptProblem
from domain.rules.enums import AttemptStep as StepName
from domain.rules.visibility import Viewer, check_signed_in, masked_for, masked_profile_id


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
        return await credits_below(
            info, credits_of_associations, self.row_id, arguments, filter_, as_of, member_id=self.member_id
        )


@strawberry.type(description="Something that has been done for an association attempt.")
class AttemptStep:
    name: StepName = strawberry.field(description="What was done.")
    at: datetime = strawberry.field(description="When it was done.")


@strawberry.type(description="One try to associate, from the click to its outcome. Only the person sees it.")
class AssociationAttempt(Node):
    provider: LearningProvider = strawberry.field(description="The learning provider that the person chose.")
    status: AttemptStatus = strawberry.field(description="How far it has come.")
    steps: list[AttemptStep] = strawberry.field(description="What has been done so far, in order.")
    expires_at: datetime = strawberry.field(description="Until when, exclusive, it waits for the sign-in.")
    refusal: Refusal | None = strawberry.field(description="Why it was refused or failed; null otherwise.")
    moved_from: str | None = strawberry.field(
        description="The name of the organization whose association it ended; null if there was none."
    )
    association_id: strawberry.Private[int | None]

    @field("The association that it started; null before and without success.")
    async def association(self, info: Info) -> Association | None:
        viewer = check_signed_in(info.context.viewer)
        if self.association_id is None:
            return None
        row = await info.context.loaders.load(visible_or_none, viewer, self.association_id)
        return association_of(row, viewer) if row else None


# A name of its own since a data loader knows its query by identity.
async def visible_or_none(viewer: Viewer, association_ids: Collection[int]) -> dict[int, AssociationRow | None]:
    return dict.fromkeys(association_ids) | await visible_associations(viewer, association_ids)


def learning_account_of(row: LearningAccountRow) -> LearningAccount:
    return from_row(
        LearningAccount,
        row,
        id=global_id(Kind.LEARNING_ACCOUNT, row.id),
        profile_id=masked_for(row.profile_id, owner=row.is_own),
        profile_id_masked=masked_profile_id(row.profile_id),
    )


def association_of(row: AssociationRow, viewer: Viewer) -> Association:
    # An admin sees that an account is associated; which account it is, and what is read from it, is the person's own.
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


def attempt_of(row: AttemptRow, context: Context) -> AssociationAttempt:
    # The sentence is not stored: it is made from the code, the instant and the account, by the policy as it is now.
    refusal = row.refusal_code and attempt_refusal(
        row.refusal_code,
        provider=row.provider,
        next_available_at=row.refusal_available_at,
        account=row.refusal_account,
        policy=context.runtime.settings.policy,
    )
    return from_row(
        AssociationAttempt,
        row,
        id=global_id(Kind.ATTEMPT, row.id),
        status=row.status(at=context.now),
        steps=[AttemptStep(name=step, at=at) for step, at in row.steps],
        refusal=refusal_of(refusal) if refusal else None,
    )
