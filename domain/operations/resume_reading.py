"""How does a person let a transcript be read again after the provider refused it to us (R9)?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.jobs import PropagateCredits
from domain.models import Association
from domain.notifications import ATTEMPT_CHANNEL
from domain.operations.associate import PendingAttempt, locked_attempt
from domain.operations.audit import record_audit
from domain.operations.record_completions import record_completions
from domain.providers.learning import CompletionRecord
from domain.rules.policy import Policy
from domain.rules.transcript_reading import next_night_reading


@dataclass(frozen=True, kw_only=True)
class _Refused:
    id: int
    learning_account_id: int


@operation
async def resume_reading(
    transaction: Transaction,
    *,
    attempt_id: int,
    profile_id: str,
    completions: list[CompletionRecord],
    grant_sealed: bytes | None,
    now: datetime,
    policy: Policy,
) -> bool:
    """Go on with the member's active association if its grant was refused; tell whether there was one to go on with.

    Nothing starts, so R6 does not count it. Another account than the associated one is not a case of this.

    Raises:
        NotFound: the attempt has ended.
    """
    attempt = await locked_attempt(attempt_id)
    refused = await _locked_refused(attempt, profile_id)
    if refused is None:
        return False
    await execute(
        """UPDATE association SET grant_sealed = $2, grant_refused_at = NULL, transcript_read_at = $3,
               next_read_at = $4
           WHERE id = $1""",
        refused.id,
        grant_sealed,
        now,
        None if grant_sealed is None else next_night_reading(refused.learning_account_id, after=now),
    )
    association = await Association.get(id=refused.id)
    first_due_at = await record_completions(association, completions, now=now, policy=policy)
    await record_audit(
        attempt.organization_id,
        actor=attempt.actor,
        action="transcript_reading_resumed",
        subject=f"association:{association.id}",
        details={"provider": attempt.provider.value},
        now=now,
    )
    await execute(
        """UPDATE association_attempt SET status = 'ASSOCIATED', association_id = $2, linked_at = $3,
               imported_at = $3, finished_at = $3, verifier_sealed = NULL
           WHERE id = $1""",
        attempt.id,
        association.id,
        now,
    )
    await transaction.notify(ATTEMPT_CHANNEL, str(attempt.id))
    transaction.announce(PropagateCredits(at=first_due_at))
    return True


async def _locked_refused(attempt: PendingAttempt, profile_id: str) -> _Refused | None:
    # The account is locked before its associations are read, as whoever moves it does.
    account_id = await fetch_value(
        "SELECT id FROM learning_account WHERE provider = $1 AND profile_id = $2 FOR UPDATE",
        attempt.provider,
        profile_id,
    )
    return await fetch_row(
        _Refused,
        """SELECT id, learning_account_id FROM association
           WHERE learning_account_id = $1 AND member_id = $2 AND ended_at IS NULL AND grant_refused_at IS NOT NULL
           FOR NO KEY UPDATE""",
        account_id,
        attempt.member_id,
    )
