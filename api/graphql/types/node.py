"""Node: the interface of what has a global id."""

import strawberry


@strawberry.interface(description="Something with a global id, which `node` finds again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Its global id: opaque, and the same for ever.")
