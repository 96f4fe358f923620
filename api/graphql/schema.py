"""What is the schema, and what does it look like in writing?

``python -m api.graphql.schema`` prints what ``schema.graphql`` must be.
"""

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
    # What only an interface leads to.
    types=[ApiClient, Association, Credit, Invitation, LearningAccount, *TYPES.values()],
    config=CONFIG,
    exception_handlers=REFUSAL_HANDLERS,
)


def sdl() -> str:
    """Return the schema in the schema definition language, as it is committed."""
    return schema.as_str().rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(sdl())
