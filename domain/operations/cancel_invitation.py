"""How is an invitation taken back (R2)?"""

from datetime import datetime

from domain.database.pool import execute
from domain.database.transaction import Transaction, operation
from domain.operations.administer import Administrator, actor_of
from domain.operations.audit import record_audit
from domain.operations.invitation_lock import close_invitation, lock_invitation


@operation
async def cancel_invitation(transaction: Transaction, *, by: Administrator, invitation_id: int, now: datetime) -> None:
    """Cancel an invitation without response: a sign-in with its address is nobody's from now on.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
    """
    _, found = await lock_invitation(by, invitation_id)

    await execute("UPDATE member SET status = 'REMOVED', removed_at = $2 WHERE id = $1", found.member.id, now)
    await close_invitation(found.member.id, now=now)
    await record_audit(
        found.organization.id,
        actor=actor_of(by),
        action="invitation_canceled",
        subject=f"member:{found.member.id}",
        details={},
        now=now,
    )
