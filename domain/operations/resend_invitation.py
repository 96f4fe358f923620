"""How is an invitation sent again (R2)?"""

from datetime import datetime

from domain.database.transaction import Transaction, operation
from domain.operations.administer import Administrator, actor_of
from domain.operations.audit import record_audit
from domain.operations.invitation_delivery import request_delivery
from domain.operations.invitation_lock import lock_invitation
from domain.rules.invitations import check_may_resend
from domain.settings import Settings


@operation
async def resend_invitation(
    transaction: Transaction, *, by: Administrator, invitation_id: int, now: datetime, settings: Settings
) -> None:
    """Let an invitation without response be sent once more, a day after the last time at the earliest.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
        ResentTooSoon: the day is not over.
    """
    invitation, found = await lock_invitation(by, invitation_id)
    check_may_resend(invitation.requested_at, invitation.delivery_problem, now=now)

    await request_delivery(transaction, invitation.id, to_another_address=False, now=now, settings=settings)
    await record_audit(
        found.organization.id,
        actor=actor_of(by),
        action="invitation_resent",
        subject=f"member:{found.member.id}",
        details={},
        now=now,
    )
