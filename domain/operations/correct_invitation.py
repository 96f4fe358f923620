"""How is the address of an invitation corrected (R2)?"""

from datetime import datetime

from domain.database.pool import execute, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import InvalidInput
from domain.operations.administer import Administrator, actor_of
from domain.operations.audit import record_audit
from domain.operations.invitation_delivery import request_delivery
from domain.operations.invitation_lock import lock_invitation
from domain.rules.invitations import AlreadyMember, work_address
from domain.settings import Settings


@operation
async def correct_invitation(
    transaction: Transaction,
    *,
    by: Administrator,
    invitation_id: int,
    work_email: str,
    now: datetime,
    settings: Settings,
) -> None:
    """Change the address of an invitation without response, and let it be sent there at once.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
        InvalidInput: the address is none, is one of another domain, or is what it was.
        AlreadyMember: somebody else has the address.
    """
    invitation, found = await lock_invitation(by, invitation_id)
    address = work_address(work_email, domain=found.organization.domain)
    if address == found.member.work_email:
        raise InvalidInput("The invitation has this address already.")
    taken = await fetch_value(
        "SELECT id FROM member WHERE organization_id = $1 AND work_email = $2 AND status <> 'REMOVED'",
        found.organization.id,
        address,
    )
    if taken is not None:
        raise AlreadyMember

    await execute("UPDATE member SET work_email = $2 WHERE id = $1", found.member.id, address)
    await request_delivery(transaction, invitation.id, to_another_address=True, now=now, settings=settings)
    await record_audit(
        found.organization.id,
        actor=actor_of(by),
        action="invitation_corrected",
        subject=f"member:{found.member.id}",
        details={},
        now=now,
    )
