"""The GraphQL schema; `python -m api.graphql.schema` prints it as it is committed."""

import sys

import strawberry

from api.graphql.mutations import Mutation
from api.graphql.query import Query
from api.graphql.refusals import REFUSAL_HANDLERS, TYPES
from api.graphql.scalars import CONFIG
from api.graphql.subscription import Subscription
from api.graphql.types.api_clients import ApiClient
from api.graphql.types.associations import Association, LearningAccount
from api.graphql.types.credits import Credit
from api.graphql.types.invitations import Invitation

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
    """Return the schema in the schema definition language, as `schema.graphql` holds it."""
    return schema.as_str().rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(sdl())
