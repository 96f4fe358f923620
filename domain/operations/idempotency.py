"""How is a request that is sent twice done once?

The caller names it by an idempotency key. In one transaction the key is claimed, the operation is done and its outcome
is stored: there is no moment at which one is there without the other.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import PlainSerializer, PlainValidator, TypeAdapter

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import Forbidden, InvalidInput, Refusal, TryAgain
from domain.queries.callers import viewer_of_member
from domain.rules.idempotency import KEY_LIFETIME, check_idempotency_key, check_same_request
from domain.rules.invitations import AlreadyMember
from domain.rules.visibility import MemberViewer
from domain.secrets import SecretKey
from domain.settings import Settings

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, kw_only=True)
class IdempotentRequest:
    """What a member asks under a key of theirs: a mutation by its name, and its input in one canonical form."""

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
    mutation_call: partial[Awaitable[Outcome]],
    *,
    now: datetime,
    settings: Settings,
) -> Outcome:
    """Do an operation and store its outcome, or return what the same request has had for outcome within 24 hours.

    While the first request is under way a twin waits, and goes on itself where the first was refused or broken off:
    that leaves no trace. The call is an operation with its arguments; its declared
    result says how it is stored.

    Raises:
        InvalidInput: the key cannot be one.
        IdempotencyKeyReused: the key was used for another mutation or another input.
        TryAgain: the first request takes too long, or the viewer is not any more who they were.
    """
    check_idempotency_key(request.key)
    secret_key = SecretKey(settings.secret_key.get_secret_value())
    fingerprint = secret_key.fingerprint(f"{request.mutation} {request.input}")
    outcomes: TypeAdapter[Outcome] = _outcomes(mutation_call.func)
    claimed = await _claim(request, fingerprint, now=now)
    if claimed is None:
        return outcomes.validate_json(secret_key.open(await _stored(request, fingerprint)))

    outcome = await mutation_call()
    sealed = secret_key.seal(outcomes.dump_json(outcome).decode())
    await execute("UPDATE idempotency_key SET outcome_sealed = $2 WHERE id = $1", claimed, sealed)
    return outcome


async def _claim(request: IdempotentRequest, fingerprint: bytes, *, now: datetime) -> int | None:
    """Return the number of the key's row, which is now this request's, or nothing where another's key holds.

    In the latter case the row is locked all the same, so that it stays until the transaction ends.
    """
    number: int | None = await fetch_value(
        """INSERT INTO idempotency_key AS held (member_id, key, fingerprint, expires_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (member_id, key) DO UPDATE
           SET fingerprint = excluded.fingerprint, outcome_sealed = NULL, expires_at = excluded.expires_at
           WHERE held.expires_at <= $5 RETURNING id""",
        request.viewer.member_id,
        request.key,
        fingerprint,
        now + KEY_LIFETIME,
        now,
    )
    return number


async def _stored(request: IdempotentRequest, fingerprint: bytes) -> bytes:
    """Return the sealed outcome of the same request."""
    # They may have lost a right since the request began, perhaps by the first request. Tried again, it is refused.
    if await viewer_of_member(request.viewer.member_id) != request.viewer:
        raise TryAgain
    found = await fetch_row(
        _Stored,
        "SELECT fingerprint, outcome_sealed FROM idempotency_key WHERE member_id = $1 AND key = $2",
        request.viewer.member_id,
        request.key,
    )
    assert found is not None
    check_same_request(found.fingerprint, fingerprint)
    return found.outcome_sealed


@cache
def _outcomes(done: object) -> TypeAdapter[Any]:
    """Return what writes and reads an operation's outcomes as JSON."""
    return TypeAdapter(get_type_hints(done)["return"])


BATCH = 1_000


@operation
async def forget_idempotency_keys(transaction: Transaction, *, now: datetime) -> bool:
    """Delete a batch of keys that have expired, with their outcomes; return whether there may be more."""
    # Those that are just being claimed anew are left alone.
    deleted = await execute(
        """DELETE FROM idempotency_key WHERE id IN (
               SELECT id FROM idempotency_key WHERE expires_at <= $1
               ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)""",
        now,
        BATCH,
    )
    return deleted == BATCH


_KINDS: dict[str, Callable[[str], Refusal]] = {
    AlreadyMember.code: lambda _: AlreadyMember(),
    Forbidden.code: Forbidden,
    InvalidInput.code: InvalidInput,
}


def _written(refusal: Refusal) -> dict[str, str]:
    return {"code": refusal.code, "message": refusal.message}


def _read(written: Any) -> Refusal:
    return _KINDS[written["code"]](written["message"])


# One of the refusals that an address to invite can meet.
StoredRefusal = Annotated[Refusal, PlainValidator(_read), PlainSerializer(_written)]
