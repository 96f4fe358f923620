"""Present a row's member to the types below the member's."""

from functools import singledispatch
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

if TYPE_CHECKING:
    # An import for the type checker alone would make a circle as well.
    Member: TypeAlias = Any
    Organization: TypeAlias = Any
else:
    Member = Annotated["Member", strawberry.lazy("api.graphql.types.members")]
    Organization = Annotated["Organization", strawberry.lazy("api.graphql.types.organizations")]


# A member leads to credits, associations and invitations, and each of them to its member. So that the modules do not
# import each other, ``types/members.py`` registers here how a member is presented.
@singledispatch
def member_of(row: object) -> Member:
    raise TypeError(f"no member belongs to a {type(row).__name__}")
