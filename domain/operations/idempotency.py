"""Idempotency keys: run a request that is sent twice once."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import TryAgain
from domain.queries.callers import viewer_of_member
from domain.rules.idempotency import KEY_LIFETIME, check_idempotency_key, check_same_request
from domain.rules.visibility import MemberViewer
from domain.settings import Settings

Outcome = TypeVar("Outcome")

# A worker that stops loses one batch's work at most.
BATCH = 1_000


@dataclass(frozen=True, kw_only=True)
class IdempotentRequest:
    """A request under a member's own key: the mutation's name, and its input in one canonical form."""

    viewer: MemberViewer
    key: str
    mutation: str
    input: str


@dataclass(frozen=True, kw_only=True)
class _Stored:
    fingerprint: bytes
    outcome_sealed: bytes


@operation
async def run_idempotent(
    transaction: Transaction,
    request: IdempotentRequest,
    call: partial[Awaitable[Outcome]],
    *,
    now: datetime,
    settings: Settings,
) -> Outcome:
    """Run an operation and store its outcome, or return the outcome that the same request had within 24 hours.

    A second request waits while the first runs, and runs itself where the first was refused or broken off, since that
    leaves no trace. ``call`` is an operation with its arguments; its declared result says how the outcome is stored.

    Raises:
        InvalidInput: the key is no valid one.
        IdempotencyKeyReused: the key was used for another mutation or another input.
        TryAgain: the first request takes too long, or the viewer's rights have changed.
    """
    check_idempotency_key(request.key)
    secret_key = settings.master_key
    fingerprints = secret_key.fingerprints(f"{request.mutation} {request.input}")
    outcomes: TypeAdapter[Outcome] = _outcomes(call.func)
    # In one transaction the key is taken, the operation runs and its outcome is stored, so none is ever there without
    # the others. A key that is new or expired is taken; the row is locked in any case.
    key_id: int | None = await fetch_value(
        """INSERT INTO idempotency_key AS held (member_id, key, fingerprint, expires_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (member_id, key) DO UPDATE
           SET fingerprint = excluded.fingerprint, outcome_sealed = NULL, expires_at = excluded.expires_at
           WHERE held.expires_at <= $5 RETURNING id""",
        request.viewer.member_id,
        request.key,
        fingerprints[0],
        now + KEY_LIFETIME,
        now,
    )
    if key_id is None:
        # The viewer may have lost a right since the request began, perhaps by the first request: the next try tells.
        if await viewer_of_member(request.viewer.member_id) != request.viewer:
            raise TryAgain
        stored = await fetch_row(
            _Stored,
            "SELECT fingerprint, outcome_sealed FROM idempotency_key WHERE member_id = $1 AND key = $2",
            request.viewer.member_id,
            request.key,
        )
        assert stored is not None
        check_same_request(stored.fingerprint, fingerprints)
        return outcomes.validate_json(secret_key.open(stored.outcome_sealed))

    outcome = await call()
    sealed = secret_key.seal(outcomes.dump_json(outcome).decode())
    await execute("UPDATE idempotency_key SET outcome_sealed = $2 WHERE id = $1", key_id, sealed)
    return outcome


@operation
async def forget_idempotency_keys(transaction: Transaction, *, now: datetime) -> bool:
    """Delete a batch of keys that have expired, with their outcomes; return whether there may be more."""
    # A row that a request is taking over just now is skipped.
    deleted = await execute(
        """DELETE FROM idempotency_key WHERE id IN (
               SELECT id FROM idempotency_key WHERE expires_at <= $1
               ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)""",
        now,
        BATCH,
    )
    return deleted == BATCH


@cache
def _outcomes(function: object) -> TypeAdapter[Any]:
    # Cached, since an adapter takes milliseconds to make.
    return TypeAdapter(get_type_hints(function)["return"])
