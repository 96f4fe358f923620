"""How does the operator invite one person to an organization (R2)?"""

from datetime import datetime

from domain.operations.invite_members import WantedMember, invite_members
from domain.queries.organizations import operator_of
from domain.rules.words import MemberRole
from domain.settings import Settings


async def invite_member(
    *, organization_domain: str, work_email: str, role: MemberRole, now: datetime, settings: Settings
) -> int:
    """Write a member who waits for their first sign-in, and let them be told; return the member's number.

    Raises:
        NotFound: there is no organization with this mail domain.
        InvalidInput: the address is none, or one of another domain.
        AlreadyMember: somebody has the address already.
    """
    operator = await operator_of(organization_domain)
    wanted = [WantedMember(work_email=work_email, role=role)]
    (outcome,) = await invite_members(by=operator, wanted=wanted, now=now, settings=settings)
    if outcome.refusal is not None:
        raise outcome.refusal
    assert outcome.member_id is not None
    return outcome.member_id
