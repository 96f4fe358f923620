"""What can people do with their own learning accounts?"""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.mutations.idempotency import AnyRefusal, MutationInput, run_once
from api.graphql.refusals import (
    AlreadyAssociated,
    CoolOffActive,
    NotFound,
    ProviderUnavailable,
    YearlyLimitReached,
)
from api.graphql.types.associations import Association, association_of
from api.graphql.types.attempts import AssociationAttempt, attempt_of
from domain.operations.associations import remove_association
from domain.operations.attempts import start_association
from domain.queries.associations import get_association_or_raise
from domain.queries.attempts import get_attempt_or_raise
from domain.rules.enums import LearningProvider
from domain.rules.visibility import check_person


@strawberry.input(description="Where to associate an account of one's own.")
class AssociateLearningAccountInput(MutationInput):
    """The account itself is chosen by signing in."""

    provider: LearningProvider = strawberry.field(description="The learning provider to sign in at.")
    return_to: str | None = strawberry.field(
        default=UNSET,
        description="Where to send the browser in the end: a path here, or an address at a known front-end's origin. "
        "By default the attempt's own page.",
    )


@strawberry.type(description="The attempt waits for the person to sign in at the provider.")
class AssociationStarted:
    """What the browser needs next."""

    attempt: AssociationAttempt = strawberry.field(description="The attempt, to follow it.")
    authorization_url: str = strawberry.field(
        description="Where to send the person's browser now. It works once, and until the attempt expires."
    )


AssociateLearningAccountResult = Annotated[
    AssociationStarted | CoolOffActive | YearlyLimitReached | AlreadyAssociated | ProviderUnavailable | AnyRefusal,
    strawberry.union(
        "AssociateLearningAccountResult", description="The attempt, or why there is none: then nothing was changed."
    ),
]


@strawberry.input(description="Which association to end.")
class RemoveAssociationInput(MutationInput):
    """Only the member can end it."""

    association_id: strawberry.ID = strawberry.field(description="The id of an active association of one's own.")


@strawberry.type(description="The association and its credits have ended; the cool-off keeps running.")
class AssociationRemoved:
    """What has changed."""

    association: Association = strawberry.field(description="The association, with its end.")
    credits_ended: int = strawberry.field(description="How many credits ended with it, pending ones included.")
    next_available_at: datetime = strawberry.field(
        description="The first instant at which the next association with this account may start; another account may "
        "have another one."
    )


RemoveAssociationResult = Annotated[
    AssociationRemoved | NotFound | AnyRefusal,
    strawberry.union(
        "RemoveAssociationResult", description="What has ended, or why nothing did: then nothing was changed."
    ),
]


@strawberry.type
class AssociationMutations:
    """Only the person can do it: no role or key can for somebody else (R1)."""

    @field("Start an attempt to associate an account of one's own at a learning provider.")
    async def associate_learning_account(
        self,
        info: Info,
        wanted: Annotated[
            AssociateLearningAccountInput, strawberry.argument(name="input", description="Where to associate.")
        ],
    ) -> AssociateLearningAccountResult | None:
        """Start the attempt."""
        context = info.context
        viewer = check_person(context.viewer)
        started = await run_once(
            info,
            wanted,
            start_association,
            viewer=viewer,
            provider=wanted.provider,
            return_to=wanted.return_to or None,
            now=context.now,
            settings=context.runtime.settings,
        )
        attempt = await get_attempt_or_raise(viewer, started.attempt_id)
        return AssociationStarted(attempt=attempt_of(attempt, context), authorization_url=started.authorization_url)

    @field("End an active association of one's own now, and its credits with it.")
    async def remove_association(
        self,
        info: Info,
        wanted: Annotated[RemoveAssociationInput, strawberry.argument(name="input", description="What to end.")],
    ) -> RemoveAssociationResult | None:
        """End the association."""
        context = info.context
        viewer = check_person(context.viewer)
        removed = await run_once(
            info,
            wanted,
            remove_association,
            viewer=viewer,
            association_id=decode_id_or_raise(wanted.association_id, Kind.ASSOCIATION),
            now=context.now,
            policy=context.runtime.settings.policy,
        )
        association = await get_association_or_raise(viewer, removed.association_id)
        return AssociationRemoved(
            association=association_of(association, viewer),
            credits_ended=removed.credits_ended,
            next_available_at=removed.next_available_at,
        )
