"""The GraphQL schema; `python -m api.graphql.schema` prints it as it is committed."""

import sys

import strawberry

from api.graphql.mutations.api_clients import ApiClientMutations
from api.graphql.mutations.associations import AssociationMutations
from api.graphql.mutations.invitations import InvitationMutations
from api.graphql.mutations.members import MemberMutations
from api.graphql.query import Query
from api.graphql.refusals import REFUSAL_HANDLERS, TYPES
from api.graphql.scalars import CONFIG
from api.graphql.subscription import Subscription
from api.graphql.types.api_clients import ApiClient
from api.graphql.types.associations import Association, LearningAccount
from api.graphql.types.credits import Credit
from api.graphql.types.invitations import Invitation


@strawberry.type(
    description="Mutations. Each field is one transaction: what is refused has changed nothing, and what is "
    "sent again with the same idempotencyKey is done once. "
    "Accounts are linked and removed by their person alone: no role or key can for somebody else."
)
class Mutation(AssociationMutations, InvitationMutations, MemberMutations, ApiClientMutations):
    pass


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    # Only an interface leads to these.
    types=[ApiClient, Association, Credit, Invitation, LearningAccount, *TYPES.values()],
    config=CONFIG,
    exception_handlers=REFUSAL_HANDLERS,
)


def sdl() -> str:
    return schema.as_str().rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(sdl())
