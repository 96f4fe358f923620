"""What has an id?"""

import strawberry


@strawberry.interface(description="Something with a global id, which `node` finds again.")
class Node:
    """Anything that can be named."""

    id: strawberry.ID = strawberry.field(description="Its global id: opaque, and the same for ever.")
