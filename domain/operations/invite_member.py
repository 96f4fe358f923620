"""How is somebody invited to an organization (R2)?"""

from datetime import datetime

from domain.database import fetch_value
from domain.errors import InvalidInput, NotFound
from domain.operations.audit import record_audit
from domain.rules.words import MemberRole
from domain.transaction import Transaction, operation

MAX_ADDRESS = 320


@operation
async def invite_member(
    transaction: Transaction, *, organization_domain: str, work_email: str, role: MemberRole, actor: str, now: datetime
) -> int:
    """Write a member who waits for their first sign-in; return the member's number.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: the address is none, or is a member's already.
    """
    address = work_email.strip().lower()
    local, _, host = address.rpartition("@")
    if not local or not host or len(address) > MAX_ADDRESS or any(character.isspace() for character in address):
        raise InvalidInput("The work e-mail is not an address.")
    organization_id = await fetch_value("SELECT id FROM organization WHERE domain = $1", organization_domain.lower())
    if organization_id is None:
        raise NotFound
    member_id: int | None = await fetch_value(
        """INSERT INTO member (organization_id, work_email, role, status, invited_at)
           VALUES ($1, $2, $3, 'INVITED', $4)
           ON CONFLICT (organization_id, work_email) WHERE status <> 'REMOVED' DO NOTHING RETURNING id""",
        organization_id,
        address,
        role,
        now,
    )
    if member_id is None:
        raise InvalidInput("Somebody with this work e-mail is a member already.")
    await record_audit(
        organization_id,
        actor=actor,
        action="member_invited",
        subject=f"member:{member_id}",
        details={"role": role.value},
        now=now,
    )
    return member_id
