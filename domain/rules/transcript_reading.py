"""Schedule of transcript readings (R9)."""

from datetime import UTC, datetime, time, timedelta

from domain.rules.enums import TranscriptProblem

NIGHT_BEGINS = time(0, tzinfo=UTC)
NIGHT = timedelta(hours=6)
DAY = timedelta(days=1)
# Just before something expires: a renewal that is known in time leaves no gap (R11).
LAST_READING = timedelta(minutes=30)
FIRST_BACK_OFF = timedelta(minutes=15)
# The multiplier that spreads consecutive numbers evenly over 32 bits (Knuth, 6.4).
SPREAD = 2_654_435_761
BITS_32 = 4_294_967_296
# Doubled so often it is longer than a day, and the next night comes first; a later try must not overflow.
MAX_DOUBLINGS = 7


def next_night_reading(account_id: int, *, after: datetime) -> datetime:
    """Return the account's reading of the night that follows an instant (aware, UTC)."""
    # Each account at an instant of its own, so that no provider gets all requests at once.
    share = (account_id * SPREAD % BITS_32) / BITS_32
    tonight = datetime.combine(after.astimezone(UTC).date(), NIGHT_BEGINS) + NIGHT * share
    return tonight if tonight > after else tonight + DAY


def next_reading(account_id: int, *, after: datetime, first_expiry: datetime | None) -> datetime:
    """Return when to read next: in the night, or just before the first expiry of what counts if that is sooner."""
    night = next_night_reading(account_id, after=after)
    if first_expiry is None or first_expiry - LAST_READING <= after:
        return night
    return min(night, first_expiry - LAST_READING)


def next_try(account_id: int, *, tries: int, now: datetime, retry_after: timedelta | None = None) -> datetime:
    """Return when to retry after some failed tries: each time later, and no later than the next night.

    A provider that asks for a longer wait with ``retry_after`` gets it.
    """
    back_off = FIRST_BACK_OFF * (1 << min(tries - 1, MAX_DOUBLINGS))
    retry_at = min(now + back_off, next_night_reading(account_id, after=now))
    return retry_at if retry_after is None else max(retry_at, now + retry_after)


def transcript_problem(
    *, is_active: bool, has_grant: bool, is_refused: bool, has_failed: bool
) -> TranscriptProblem | None:
    """Return what keeps an association's transcript from being read again, if anything does."""
    if not is_active:
        return None
    if is_refused:
        return TranscriptProblem.SIGN_IN_AGAIN
    if not has_grant:
        return TranscriptProblem.NO_PERMISSION
    return TranscriptProblem.PROVIDER_UNAVAILABLE if has_failed else None
