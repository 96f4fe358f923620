"""Association attempts, which only their person sees."""

from collections.abc import Collection
from datetime import datetime

import strawberry

from api.graphql.context import Context, Info
from api.graphql.fields import field
from api.graphql.ids import Kind, global_id
from api.graphql.refusals import Refusal, refusal_of
from api.graphql.types.associations import Association, association_of
from api.graphql.types.from_row import from_row
from api.graphql.types.node import Node
from domain.queries.associations import AssociationRow, visible_associations
from domain.queries.attempts import AttemptRow
from domain.rules.attempt_refusal import attempt_refusal
from domain.rules.enums import AttemptStatus, LearningProvider
from domain.rules.enums import AttemptStep as StepName
from domain.rules.visibility import Viewer, check_signed_in


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
        row = await info.context.loaders.load(_associations, viewer, self.association_id)
        return association_of(row, viewer) if row else None


async def _associations(viewer: Viewer, association_ids: Collection[int]) -> dict[int, AssociationRow | None]:
    return dict.fromkeys(association_ids) | await visible_associations(viewer, association_ids)


def attempt_of(row: AttemptRow, context: Context) -> AssociationAttempt:
    """Return an attempt as of the operation's instant."""
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
