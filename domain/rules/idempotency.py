"""Idempotency keys."""

from collections.abc import Collection
from datetime import timedelta

from domain.errors import InvalidInput, Refusal
from domain.rules.text import is_printable

# From the request's success on, exclusive; a usual lifetime, and our decision.
KEY_LIFETIME = timedelta(hours=24)
MAX_KEY_LENGTH = 255


class IdempotencyKeyReused(Refusal):
    """The caller used the idempotency key for another mutation or another input, and it still holds."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__(
            "You have used this idempotencyKey for another request within the last 24 hours. "
            "Nothing was changed; use a new key for each new request."
        )


def check_idempotency_key(key: str) -> None:
    """Refuse a text that cannot be an idempotency key.

    Raises:
        InvalidInput: it is not 1 to 255 characters of printable ASCII.
    """
    if not key or not key.isascii() or not is_printable(key, max_length=MAX_KEY_LENGTH):
        raise InvalidInput(f"An idempotencyKey is 1 to {MAX_KEY_LENGTH} printable ASCII characters.")


def check_same_request(stored: bytes, requested: Collection[bytes]) -> None:
    """Refuse a request whose fingerprint, by any of our keys, is not that of the first request under its key.

    Raises:
        IdempotencyKeyReused: they differ.
    """
    # A client's mistake: without this check it would silently get the answer of another request.
    if stored not in requested:
        raise IdempotencyKeyReused
