"""Expiry of our client's secrets and keys at an issuer."""

from collections.abc import Collection
from datetime import datetime, timedelta

# Long enough for the company's IT to make another one.
WARN_BEFORE = timedelta(days=30)


def expiry_to_warn_of(expiries: Collection[datetime | None], *, now: datetime) -> datetime | None:
    """Return the instant from which an issuer accepts none of our secrets and keys, from 30 days before it on.

    One that is known not to expire, or whose expiry nobody told, keeps the others from mattering.
    """
    known = [expires_at for expires_at in expiries if expires_at is not None]
    if not known or len(known) < len(expiries):
        return None
    # The newest is not always the one that lives longest, and an issuer refuses us only once all have expired.
    last = max(known)
    return last if last - WARN_BEFORE <= now else None
