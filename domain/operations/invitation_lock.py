"""Which invitation does an admin act upon, and how is it closed?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_value
from domain.errors import NotFound
from domain.operations.administer import Administered, Administrator, lock_member
from domain.rules.administration import check_admin
from domain.rules.invitations import InvitationAnswered
from domain.rules.words import DeliveryProblem, MemberStatus


@dataclass(frozen=True, kw_only=True)
class OpenInvitation:
    """An invitation without response, whose member and organization are locked."""

    id: int
    requested_at: datetime
    delivery_problem: DeliveryProblem | None


async def lock_invitation(by: Administrator, invitation_id: int) -> tuple[OpenInvitation, Administered]:
    """Lock an invitation of the administrator's organization that waits for its person.

    Raises:
        Forbidden: they are no admin, or the person is invited with a higher role than theirs.
        NotFound: there is no such invitation, or it was canceled.
        InvitationAnswered: the person has come.
    """
    # Asked before anything is looked up, so that nobody else learns which ids exist.
    check_admin(by.role)
    member_id = await fetch_value(
        "SELECT member_id FROM invitation WHERE id = $1 AND organization_id = $2", invitation_id, by.organization_id
    )
    if member_id is None:
        raise NotFound
    administered = await lock_member(by, member_id)
    if administered.member.status is not MemberStatus.INVITED:
        raise InvitationAnswered
    found = await fetch_row(
        OpenInvitation, "SELECT id, requested_at, delivery_problem FROM invitation WHERE id = $1", invitation_id
    )
    assert found is not None
    return found, administered


async def answer_invitation(member_id: int, *, now: datetime) -> None:
    """Record that the person has come, in the current transaction; a message that waits is not sent any more."""
    await execute(
        """UPDATE invitation SET responded_at = $2, claimable_at = NULL
           WHERE member_id = $1 AND responded_at IS NULL AND canceled_at IS NULL""",
        member_id,
        now,
    )


async def close_invitation(member_id: int, *, now: datetime) -> None:
    """Cancel a member's invitation that waits, if there is one, in the current transaction."""
    await execute(
        """UPDATE invitation SET canceled_at = $2, claimable_at = NULL
           WHERE member_id = $1 AND responded_at IS NULL AND canceled_at IS NULL""",
        member_id,
        now,
    )
