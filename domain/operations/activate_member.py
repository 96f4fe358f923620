"""Who is it that signed in, and does a member wait for them (R2)?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import Forbidden
from domain.operations.audit import record_audit
from domain.operations.invitation_lock import answer_invitation
from domain.queries.callers import viewer_of_subject
from domain.rules.sign_in import Identity
from domain.rules.visibility import MemberViewer
from domain.rules.words import MemberRole, MemberStatus


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    member_id: int
    organization_id: int
    role: MemberRole
    status: MemberStatus


@operation
async def activate_member(transaction: Transaction, *, identity: Identity, now: datetime) -> MemberViewer | None:
    """Return the member who is bound to the issuer's subject, bound now if a verified address says who they are.

    An address matters once: where it accepts an invitation, or after the organization has changed its issuer. Whom a
    subject belongs to stays as it is otherwise, whatever their address.
    """
    known = await viewer_of_subject(identity.issuer, identity.subject)
    if known is not None or identity.verified_email is None:
        return known
    waiting = await fetch_row(
        _Waiting,
        """SELECT m.id AS member_id, m.organization_id, m.role, m.status
           FROM member m JOIN organization o ON o.id = m.organization_id
           WHERE o.issuer = $1 AND m.work_email = $2
             AND (m.status = 'INVITED'
                  OR (m.status = 'ACTIVE' AND m.subject IS NULL AND split_part(m.work_email, '@', 2) = o.domain))
           FOR UPDATE OF m""",
        identity.issuer,
        identity.verified_email,
    )
    # The organization may have changed its issuer while this one waited for the member.
    if waiting is None or not await fetch_value(
        "SELECT id FROM organization WHERE id = $1 AND issuer = $2 FOR NO KEY UPDATE",
        waiting.organization_id,
        identity.issuer,
    ):
        return await viewer_of_subject(identity.issuer, identity.subject)
    # Somebody else's request may have bound the same person, by another address, while this one waited.
    known = await viewer_of_subject(identity.issuer, identity.subject)
    if known is not None:
        return known
    is_invited = waiting.status is MemberStatus.INVITED
    await execute(
        """UPDATE member SET issuer = $2, subject = $3, status = 'ACTIVE',
               name = CASE WHEN $4 THEN $5 ELSE name END, activated_at = CASE WHEN $4 THEN $6 ELSE activated_at END
           WHERE id = $1""",
        waiting.member_id,
        identity.issuer,
        identity.subject,
        is_invited,
        identity.name,
        now,
    )
    if is_invited:
        await answer_invitation(waiting.member_id, now=now)
    await record_audit(
        waiting.organization_id,
        actor=f"member:{waiting.member_id}",
        action="member_activated" if is_invited else "member_bound_again",
        subject=f"member:{waiting.member_id}",
        details={},
        now=now,
    )
    return MemberViewer(member_id=waiting.member_id, organization_id=waiting.organization_id, role=waiting.role)


async def check_active(viewer: MemberViewer) -> None:
    """Hold the viewer's membership for the rest of the transaction: nobody removes them meanwhile.

    Raises:
        Forbidden: they have been removed.
    """
    if not await fetch_value("SELECT id FROM member WHERE id = $1 AND status = 'ACTIVE' FOR SHARE", viewer.member_id):
        raise Forbidden
