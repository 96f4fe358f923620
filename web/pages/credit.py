"""What does a page say of a credit?"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from web.instants import parsed

ENDING_SOON = timedelta(days=60)
# What will count and what counts come first.
_ORDER = ("PENDING", "SOON", "LEAVING", "COUNTING", "INELIGIBLE", "ENDED")
_COUNTED = (("COUNTING", "counting"), ("PENDING", "on the way"), ("INELIGIBLE", "not counted"), ("ENDED", "ended"))


def credits_on_page(
    credits: Sequence[Mapping[str, Any]], policy: Mapping[str, Any], *, now: datetime
) -> list[dict[str, Any]]:
    """Return credits in the order in which people look for them, with what is drawn of each at an instant."""
    shown = [{**credit, **validity(credit, now=now), "way": None} for credit in credits]
    shown.sort(key=lambda credit: _ORDER.index(credit["shown_as"]))
    drawn: set[str] = set()
    for credit in shown:
        # Those that are due together are on the same way: it is drawn for the first of them.
        if credit["status"] == "PENDING" and credit["countsFrom"] not in drawn:
            drawn.add(credit["countsFrom"])
            credit["way"] = _way(credit, policy["creditDelayDays"], now=now)
    return shown


def in_words(credits: Sequence[Mapping[str, Any]], *, total: int) -> str:
    """Return how many credits are in which state, or only how many there are where this is a part of them."""
    if len(credits) < total:
        return f"{total} in all"
    counts = [(sum(credit["status"] == status for credit in credits), words) for status, words in _COUNTED]
    return ", ".join(f"{count} {words}" for count, words in counts if count)


def validity(credit: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Return until when what was earned is valid, and as what the credit is shown at an instant."""
    until = credit["countsUntil"] if credit["status"] == "COUNTING" else None
    is_soon = until is not None and parsed(until) <= now + ENDING_SOON
    # Nobody can prolong a leaver's credit by renewing: it ends with the refresh date (R8).
    is_leaving = until is not None and credit["endReason"] == "MEMBER_REMOVED"
    is_over = credit["expiresAt"] is not None and parsed(credit["expiresAt"]) <= now
    return {
        "shown_as": "LEAVING" if is_leaving else "SOON" if is_soon else credit["status"],
        "valid_to": credit["expiresAt"],
        "valid_word": "Expired" if is_over else "Valid to",
    }


def _way(credit: Mapping[str, Any], days: int, *, now: datetime) -> list[dict[str, Any]]:
    """Return the four steps from passing to being credited (R10)."""
    counts_from = parsed(credit["countsFrom"])
    waiting_since = counts_from - timedelta(days=days)
    day = min(days, max(0, (now - waiting_since).days))
    return [
        {"name": "Passed", "at": credit["completedAt"], "state": "done", "words": ""},
        {"name": "Received", "at": credit["recordedAt"], "state": "done", "words": ""},
        {"name": "Waiting period", "at": None, "state": "current", "words": f"day {day} of {days}"},
        {"name": "Credited", "at": counts_from, "state": "waiting", "words": ""},
    ]
