"""How does an admin remove a member (R8)?"""

from datetime import datetime

from domain.database.transaction import Transaction, operation
from domain.operations.administer import Administrator, actor_of, check_other_admin, lock_member
from domain.operations.end_membership import EndedMembership, end_membership, lock_membership
from domain.rules.administration import check_admin


@operation
async def remove_member(
    transaction: Transaction, *, by: Administrator, member_id: int, now: datetime
) -> EndedMembership:
    """Remove an active or invited member: access ends at once, what counts counts on until the refresh date.

    An admin may remove themself.

    Raises:
        Forbidden: they are no admin, or the member's role is higher than theirs.
        NotFound: there is no such member, or it has left.
        LastAdmin: nobody active could administer the organization any more.
    """
    check_admin(by.role)
    await lock_membership(member_id, organization_id=by.organization_id)
    found = await lock_member(by, member_id)
    await check_other_admin(found.member, stays_admin=False)

    return await end_membership(transaction, found.member, actor=actor_of(by), now=now)
