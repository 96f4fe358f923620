"""The schema's mutations.

Each calls one operation. What the operation refuses becomes a member of the result's union by itself.
"""

import strawberry

from api.graphql.mutations.api_clients import ApiClientMutations
from api.graphql.mutations.associations import AssociationMutations
from api.graphql.mutations.invitations import InvitationMutations
from api.graphql.mutations.members import MemberMutations


@strawberry.type(
    description="Mutations. Each field is one transaction: what is refused has changed nothing, and what is "
    "sent again with the same idempotencyKey is done once. "
    "Accounts are linked and removed by their person alone: no role or key can for somebody else."
)
class Mutation(AssociationMutations, InvitationMutations, MemberMutations, ApiClientMutations):
    pass
