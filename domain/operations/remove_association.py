"""How does a member end an association of their own (R1, R7)?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import NotFound
from domain.jobs import PropagateCredits
from domain.operations.end_association import end_association, lock_credits
from domain.queries.associations import allowance
from domain.rules.policy import Policy
from domain.rules.visibility import MemberViewer
from domain.rules.words import AssociationEndReason, LearningProvider


@dataclass(frozen=True, kw_only=True)
class RemovedAssociation:
    """An association that its member ended, and when the next one may start."""

    association_id: int
    credits_ended: int
    next_available_at: datetime


@dataclass(frozen=True, kw_only=True)
class _Active:
    organization_id: int
    learning_account_id: int
    provider: LearningProvider
    started_at: datetime


@operation
async def remove_association(
    transaction: Transaction, *, viewer: MemberViewer, association_id: int, now: datetime, policy: Policy
) -> RemovedAssociation:
    """End the viewer's own active association now; its credits end now and the cool-off keeps running.

    Raises:
        NotFound: there is no such association, it is another member's, or it has ended.
    """
    account_id = await fetch_value(
        "SELECT learning_account_id FROM association WHERE id = $1 AND member_id = $2",
        association_id,
        viewer.member_id,
    )
    # The account is locked before its associations are read, as whoever moves it does.
    await fetch_value("SELECT id FROM learning_account WHERE id = $1 FOR UPDATE", account_id)
    active = await fetch_row(
        _Active,
        """SELECT organization_id, learning_account_id, provider, started_at FROM association
           WHERE id = $1 AND member_id = $2 AND ended_at IS NULL""",
        association_id,
        viewer.member_id,
    )
    if active is None:
        raise NotFound

    # Clocks of several machines differ a little, and an end never lies before its start.
    ended_at = await lock_credits(association_id, now=max(now, active.started_at))
    credits_ended = await end_association(
        association_id,
        organization_id=active.organization_id,
        ended_at=ended_at,
        reason=AssociationEndReason.REMOVED,
        actor=f"member:{viewer.member_id}",
    )
    transaction.announce(PropagateCredits())
    allowed = await allowance(
        viewer.member_id,
        LearningProvider(active.provider),
        now=ended_at,
        policy=policy,
        account_id=active.learning_account_id,
    )
    return RemovedAssociation(
        association_id=association_id, credits_ended=credits_ended, next_available_at=allowed.next_available_at
    )
