"""What is the schema, and what does it look like in writing?

``python -m api.schema`` prints what ``schema.graphql`` must be.
"""

import sys

import strawberry

from api.mutations import Mutation
from api.query import Query
from api.refusals import REFUSAL_HANDLERS, TYPES
from api.scalars import CONFIG
from api.subscriptions.fields import Subscription
from api.types.api_clients import ApiClient
from api.types.associations import Association, LearningAccount
from api.types.credits import Credit
from api.types.invitations import Invitation

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
