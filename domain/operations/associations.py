"""Associations of learning accounts with a member's organization (R3 to R6, R8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_value, row_or_raise
from domain.database.transaction import Transaction, operation
from domain.jobs import PropagateCredits
from domain.models import Association
from domain.notifications import ATTEMPT_CHANNEL
from domain.operations.steps.audit import record_audit
from domain.operations.steps.end_credits import (
    LeftAssociation,
    end_association,
    left_associations,
    lock_ending_associations,
    supersede_credits,
)
from domain.operations.steps.locks import (
    LockedAttempt,
    lock_account,
    lock_account_of_profile,
    lock_active_member,
    lock_attempt,
    lock_organizations,
    lock_refused_association,
)
from domain.operations.steps.record_completions import record_completions
from domain.providers.learning import CompletionRecord
from domain.queries.associations import allowance
from domain.rules.association_limits import check_association_limits
from domain.rules.enums import AssociationEndReason, LearningProvider
from domain.rules.policy import Policy
from domain.rules.transcript_reading import next_night_reading
from domain.rules.visibility import MemberViewer


@dataclass(frozen=True, kw_only=True)
class RemovedAssociation:
    association_id: int
    credits_ended: int
    next_available_at: datetime


@dataclass(frozen=True, kw_only=True)
class _Elsewhere:
    id: int
    organization_id: int
    organization_name: str


@dataclass(frozen=True, kw_only=True)
class _Active:
    organization_id: int
    learning_account_id: int
    provider: LearningProvider


@operation
async def associate(
    transaction: Transaction,
    *,
    attempt_id: int,
    profile_id: str,
    completions: Sequence[CompletionRecord],
    now: datetime,
    policy: Policy,
    grant_sealed: bytes | None = None,
) -> int:
    """Start the association that an attempt is for, end the account's association elsewhere, and return its id.

    What still counts for an organization that its person has left ends too (R8). With a sealed refresh token the
    transcript is read again every night. Where only the grant of the member's association was refused, it goes on.

    Raises:
        AlreadyAssociated: the member has an active association at the provider (R3).
        CoolOffActive: the cool-off is still running (R6).
        YearlyLimitReached: the year's associations are used up (R6).
        NotFound: the member has left, or the attempt has ended.
    """
    attempt = await lock_attempt(attempt_id)
    await execute(
        """INSERT INTO learning_account (provider, profile_id, created_at) VALUES ($1, $2, $3)
           ON CONFLICT (provider, profile_id) DO NOTHING""",
        attempt.provider,
        profile_id,
        now,
    )
    account_id = await lock_account_of_profile(attempt.provider, profile_id)
    assert account_id is not None
    association_id = await lock_refused_association(account_id, attempt.member_id)
    elsewhere: _Elsewhere | None = None
    # Where only the grant was refused, the association goes on with the new one: nothing starts, and R6 counts nothing.
    if association_id is not None:
        started_at, action, details = now, "transcript_reading_resumed", {}
        await execute(
            """UPDATE association SET grant_sealed = $2, grant_refused_at = NULL, transcript_read_at = $3,
                   next_read_at = $4
               WHERE id = $1""",
            association_id,
            grant_sealed,
            now,
            None if grant_sealed is None else next_night_reading(account_id, after=now),
        )
    else:
        association_id, started_at, elsewhere = await _start(attempt, account_id, grant_sealed, now=now, policy=policy)
        action, details = "association_started", {"completions": len(completions)}

    first_due_at = await record_completions(association_id, completions, now=started_at, policy=policy)
    await record_audit(
        attempt.organization_id,
        attempt.actor,
        action,
        f"association:{association_id}",
        {"provider": attempt.provider.value, **details},
        now=started_at,
    )
    await execute(
        """UPDATE association_attempt
           SET status = 'ASSOCIATED', association_id = $2, unlinked_elsewhere_at = $3, linked_at = $4,
               imported_at = $4, finished_at = $4, moved_from = $5, verifier_sealed = NULL
           WHERE id = $1""",
        attempt.id,
        association_id,
        started_at if elsewhere else None,
        started_at,
        elsewhere.organization_name if elsewhere else None,
    )
    await transaction.notify(ATTEMPT_CHANNEL, str(attempt.id))
    transaction.announce(PropagateCredits(at=first_due_at))
    return association_id


@operation
async def remove_association(
    transaction: Transaction, *, viewer: MemberViewer, association_id: int, now: datetime, policy: Policy
) -> RemovedAssociation:
    """End the viewer's own active association now; its credits end now and the cool-off keeps running.

    Raises:
        NotFound: there is no such association, it is another member's, or it has ended.
    """
    # Read before the account is locked, and read again after it: the association may have ended meanwhile.
    account_id = await fetch_value(
        "SELECT learning_account_id FROM association WHERE id = $1 AND member_id = $2",
        association_id,
        viewer.member_id,
    )
    await lock_account(account_id)
    active = row_or_raise(
        await fetch_row(
            _Active,
            """SELECT organization_id, learning_account_id, provider FROM association
               WHERE id = $1 AND member_id = $2 AND ended_at IS NULL""",
            association_id,
            viewer.member_id,
        )
    )
    ended_at = await lock_ending_associations([association_id], now=now)

    credits_ended = await end_association(
        association_id,
        organization_id=active.organization_id,
        ended_at=ended_at,
        reason=AssociationEndReason.REMOVED,
        actor=f"member:{viewer.member_id}",
    )
    next_allowance = await allowance(
        viewer.member_id, active.provider, now=ended_at, policy=policy, account_id=active.learning_account_id
    )
    transaction.announce(PropagateCredits())
    return RemovedAssociation(
        association_id=association_id,
        credits_ended=credits_ended,
        next_available_at=next_allowance.next_available_at,
    )


async def _start(
    attempt: LockedAttempt, account_id: int, grant_sealed: bytes | None, *, now: datetime, policy: Policy
) -> tuple[int, datetime, _Elsewhere | None]:
    """Start the attempt's association; return its id and instant, and the association that it ended elsewhere."""
    await lock_active_member(attempt.member_id)
    latest: datetime | None = await fetch_value(
        """SELECT max(greatest(started_at, ended_at)) FROM association
           WHERE learning_account_id = $1 OR member_id = $2""",
        account_id,
        attempt.member_id,
    )
    # Where our clock is behind another machine's, nothing starts before what is recorded.
    started_at = now if latest is None else max(now, latest)
    check_association_limits(
        await allowance(attempt.member_id, attempt.provider, now=started_at, policy=policy, account_id=account_id)
    )
    # A constraint refuses a start before ``cool_off_until``. Where the cool-off was longer when that was written, the
    # check above has decided by today's setting, and the constraint has to agree.
    await execute(
        """UPDATE association SET cool_off_until = $1
           WHERE cool_off_until > $1 AND (learning_account_id = $2 OR (member_id = $3 AND provider = $4))""",
        started_at,
        account_id,
        attempt.member_id,
        attempt.provider,
    )

    elsewhere = await fetch_row(
        _Elsewhere,
        """SELECT a.id, a.organization_id, o.name AS organization_name
           FROM association a JOIN organization o ON o.id = a.organization_id
           WHERE a.learning_account_id = $1 AND a.ended_at IS NULL""",
        account_id,
    )
    left = await left_associations(account_id, now=started_at)
    ending: list[_Elsewhere | LeftAssociation] = [*left, *([elsewhere] if elsewhere else [])]
    started_at = await lock_ending_associations([association.id for association in ending], now=started_at)
    await lock_organizations({attempt.organization_id, *(association.organization_id for association in ending)})

    if elsewhere is not None:
        await end_association(
            elsewhere.id,
            organization_id=elsewhere.organization_id,
            ended_at=started_at,
            reason=AssociationEndReason.MOVED,
            actor=attempt.actor,
        )
    await supersede_credits(
        left, organization_id=attempt.organization_id, started_at=started_at, actor=attempt.actor, policy=policy
    )
    association = await Association.create(
        organization_id=attempt.organization_id,
        member_id=attempt.member_id,
        learning_account_id=account_id,
        provider=attempt.provider,
        started_at=started_at,
        cool_off_until=started_at + policy.cool_off,
        grant_sealed=grant_sealed,
        transcript_read_at=started_at,
        next_read_at=None if grant_sealed is None else next_night_reading(account_id, after=started_at),
    )
    return int(association.id), started_at, elsewhere
