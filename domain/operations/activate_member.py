"""Who is it that signed in, and does an invitation wait for them (R2)?"""

from datetime import datetime

from domain.database import fetch_row, fetch_value
from domain.errors import Forbidden
from domain.operations.audit import record_audit
from domain.operations.invitation_lock import answer_invitation
from domain.queries.callers import viewer_of_subject
from domain.rules.sign_in import Identity
from domain.rules.visibility import MemberViewer
from domain.transaction import Transaction, operation


@operation
async def activate_member(transaction: Transaction, *, identity: Identity, now: datetime) -> MemberViewer | None:
    """Return the member whom the issuer knows as the subject, activated if this is their first sign-in.

    An invitation is accepted by a verified address at the organization's own issuer; whom a subject belongs to never
    changes afterwards, whatever their address.
    """
    known = await viewer_of_subject(identity.issuer, identity.subject)
    if known is not None or identity.verified_email is None:
        return known
    invited = await fetch_row(
        MemberViewer,
        """UPDATE member SET status = 'ACTIVE', subject = $2, name = $3, activated_at = $4
           FROM organization o
           WHERE o.id = member.organization_id AND o.issuer = $1
             AND member.work_email = $5 AND member.status = 'INVITED'
           RETURNING member.id AS member_id, member.organization_id, member.role""",
        identity.issuer,
        identity.subject,
        identity.name,
        now,
        identity.verified_email,
    )
    if invited is None:
        # Somebody else's request may have activated the same person while this one waited.
        return await viewer_of_subject(identity.issuer, identity.subject)
    await answer_invitation(invited.member_id, now=now)
    await record_audit(
        invited.organization_id,
        actor=f"member:{invited.member_id}",
        action="member_activated",
        subject=f"member:{invited.member_id}",
        details={},
        now=now,
    )
    return invited


async def check_active(viewer: MemberViewer) -> None:
    """Hold the viewer's membership for the rest of the transaction: nobody removes them meanwhile.

    Raises:
        Forbidden: they have been removed.
    """
    if not await fetch_value("SELECT id FROM member WHERE id = $1 AND status = 'ACTIVE' FOR SHARE", viewer.member_id):
        raise Forbidden
