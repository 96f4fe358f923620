"""Mutations of people's own learning accounts."""

from datetime import datetime

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.ids import Kind, decode_id_or_raise
from api.graphql.mutations.base import MutationInput, mutation, run_mutation
from api.graphql.types.associations import Association, AssociationAttempt, association_of, attempt_of
from domain.errors import NotFound
from domain.operations.associations import remove_association
from domain.operations.attempts import start_association
from domain.queries.associations import get_association_or_raise
from domain.queries.attempts import get_attempt_or_raise
from domain.rules.association_limits import AlreadyAssociated, CoolOffActive, YearlyLimitReached
from domain.rules.enums import LearningProvider
from domain.rules.sign_in import ProviderUnavailable
from domain.rules.visibility import check_person


@strawberry.input(description="The provider of the caller's account to associate.")
class AssociateLearningAccountInput(MutationInput):
    provider: LearningProvider = strawberry.field(description="The learning provider to sign in at.")
    return_to: str | None = strawberry.field(
        default=UNSET,
        description="Where to send the browser in the end: a path here, or an address at a known front-end's origin. "
        "By default the attempt's own page.",
    )


@strawberry.type(description="The attempt waits for the person to sign in at the provider.")
class AssociationStarted:
    attempt: AssociationAttempt = strawberry.field(description="The attempt, to follow it.")
    authorization_url: str = strawberry.field(
        description="Where to send the person's browser now. It works once, and until the attempt expires."
    )


@strawberry.input(description="Which association to end.")
class RemoveAssociationInput(MutationInput):
    association_id: strawberry.ID = strawberry.field(description="The id of an active association of one's own.")


@strawberry.type(description="The association and its credits have ended; the cool-off keeps running.")
class AssociationRemoved:
    association: Association = strawberry.field(description="The association, with its end.")
    credits_ended: int = strawberry.field(description="How many credits ended with it, pending ones included.")
    next_available_at: datetime = strawberry.field(
        description="The first instant at which the next association with this account may start; another account may "
        "have another one."
    )


# Only the person can do these: no role or key can for somebody else (R1).
@strawberry.type
class AssociationMutations:
    @mutation(
        "Start an attempt to associate an account of one's own at a learning provider.",
        CoolOffActive,
        YearlyLimitReached,
        AlreadyAssociated,
        ProviderUnavailable,
        input_="The provider of the account.",
        result="The attempt, or why there is none: then nothing was changed.",
    )
    async def associate_learning_account(self, info: Info, input_: AssociateLearningAccountInput) -> AssociationStarted:
        context = info.context
        viewer = check_person(context.viewer)
        started = await run_mutation(
            info,
            input_,
            start_association,
            viewer=viewer,
            provider=input_.provider,
            return_to=input_.return_to or None,
            now=context.now,
            settings=context.runtime.settings,
        )
        # Read again: a repeated request shows how far the stored attempt has come.
        attempt = await get_attempt_or_raise(viewer, started.attempt_id)
        return AssociationStarted(attempt=attempt_of(attempt, context), authorization_url=started.authorization_url)

    @mutation(
        "End an active association of one's own now, and its credits with it.",
        NotFound,
        input_="What to end.",
        result="What has ended, or why nothing did: then nothing was changed.",
    )
    async def remove_association(self, info: Info, input_: RemoveAssociationInput) -> AssociationRemoved:
        context = info.context
        viewer = check_person(context.viewer)
        removed = await run_mutation(
            info,
            input_,
            remove_association,
            viewer=viewer,
            association_id=decode_id_or_raise(input_.association_id, Kind.ASSOCIATION),
            now=context.now,
            policy=context.runtime.settings.policy,
        )
        association = await get_association_or_raise(viewer, removed.association_id)
        return AssociationRemoved(
            association=association_of(association, viewer),
            credits_ended=removed.credits_ended,
            next_available_at=removed.next_available_at,
        )
