"""What may name a request that is to be done once, and for how long does the name hold?"""

from datetime import timedelta

from domain.errors import InvalidInput, Refusal

# From the request's success on, exclusive; a customary span, and our decision.
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
    """Refuse a key that cannot be one.

    Raises:
        InvalidInput: it is not 1 to 255 characters of printable ASCII.
    """
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidInput(f"An idempotencyKey is 1 to {MAX_KEY_LENGTH} printable ASCII characters.")


def check_same_request(stored: bytes, asked: bytes) -> None:
    """Refuse a request that is not the one its key was first used for; both are fingerprints.

    Raises:
        IdempotencyKeyReused: they differ.
    """
    if stored != asked:
        raise IdempotencyKeyReused
