"""Completions that a provider reports by itself (R9)."""

from collections.abc import Sequence
from datetime import datetime

from domain.database.pool import fetch_value
from domain.database.transaction import Transaction, operation
from domain.jobs import PropagateCredits
from domain.operations.steps.locks import lock_account_of_profile
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
    """Record what the provider said of an account at an instant, in whatever order it arrives; tell if it was kept."""
    account_id = await lock_account_of_profile(provider, profile_id)
    association_id = await fetch_value(
        "SELECT id FROM association WHERE learning_account_id = $1 AND ended_at IS NULL", account_id
    )
    # Of a person who has linked nothing, nothing is stored (privacy).
    if association_id is None:
        return False

    first_due_at = await record_completions(association_id, records, now=now, policy=policy, observed_at=observed_at)
    if first_due_at is not None:
        transaction.announce(PropagateCredits(at=first_due_at))
    return True
