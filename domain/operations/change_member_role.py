"""How does a member become an admin, or cease to be one?"""

from datetime import datetime

from domain.database.pool import execute
from domain.database.transaction import Transaction, operation
from domain.notifications import ACCESS_CHANNEL, member_access
from domain.operations.administer import Administrator, actor_of, check_other_admin, lock_member
from domain.operations.audit import record_audit
from domain.rules.administration import check_may_administer
from domain.rules.words import MemberRole


@operation
async def change_member_role(
    transaction: Transaction, *, by: Administrator, member_id: int, role: MemberRole, now: datetime
) -> None:
    """Give an active or invited member a role; the one that they have already changes nothing.

    Raises:
        Forbidden: they are no admin, or one of the roles is higher than theirs.
        NotFound: there is no such member, or it has left.
        LastAdmin: nobody active could administer the organization any more.
    """
    found = await lock_member(by, member_id)
    member = found.member
    check_may_administer(found.own_role, role)
    await check_other_admin(member, stays_admin=role.is_admin)
    if member.role is role:
        return

    await execute("UPDATE member SET role = $2 WHERE id = $1", member.id, role)
    await transaction.notify(ACCESS_CHANNEL, member_access(member.id))
    await record_audit(
        member.organization_id,
        actor=actor_of(by),
        action="member_role_changed",
        subject=f"member:{member.id}",
        details={"from": member.role.value, "to": role.value},
        now=now,
    )
