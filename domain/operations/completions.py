"""What happens when a provider tells of an account by itself (R9)?"""

from collections.abc import Sequence
from datetime import datetime

from domain.database.pool import fetch_value
from domain.database.transaction import Transaction, operation
from domain.jobs import PropagateCredits
from domain.models import Association
from domain.operations.steps.record_completions import record_completions
from domain.providers.learning import CompletionRecord
from domain.rules.enums import LearningProvider
from domain.rules.policy import Policy


@operation
async def receive_completions(
    transaction: Transaction,
    *,
    provider: LearningProvider,
    profile_id: str,
    records: Sequence[CompletionRecord],
    observed_at: datetime,
    now: datetime,
    policy: Policy,
) -> bool:
    """Record what the provider said of an account at an instant, whatever arrived before; tell whether it was kept.

    Where the account has no active association, nothing is stored (privacy).
    """
    # The account is locked before its associations are read, as whoever moves it does.
    account_id = await fetch_value(
        "SELECT id FROM learning_account WHERE provider = $1 AND profile_id = $2 FOR UPDATE", provider, profile_id
    )
    association = await Association.get_or_none(learning_account_id=account_id, ended_at=None) if account_id else None
    if association is None:
        return False
    due_at = await record_completions(association, records, now=now, policy=policy, observed_at=observed_at)
    if due_at is not None:
        transaction.announce(PropagateCredits(at=due_at))
    return True
