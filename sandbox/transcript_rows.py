"""The completions of a persona when the data folder was created."""

from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from sandbox.issuers import MICROSOFT_LEARN
from sandbox.personas import Earned, LearningPersona

# Everything is completed at the same time of day (UTC), so that a day in the data is a day in the transcript.
_TIME_OF_DAY = time(9, 30, tzinfo=UTC)


def completions_of(persona: LearningPersona, created_date: date) -> list[dict[str, Any]]:
    """Return the completions as the transcript shows them, oldest first."""
    rows = [_completion(persona, earned, created_date) for earned in persona.earned]
    return sorted(rows, key=lambda row: str(row["completedAt"]))


def completed_at(earned: Earned, created_date: date) -> datetime:
    """Return the instant of completion."""
    return datetime.combine(created_date - timedelta(days=earned.days_ago), _TIME_OF_DAY)


def expires_at(earned: Earned, created_date: date) -> datetime | None:
    """Return the end of validity: 12 months after completion, and 12 more for each renewal."""
    if not earned.expires:
        return None
    return a_year_after(completed_at(earned, created_date), years=1 + earned.renewals)


def a_year_after(instant: datetime, *, years: int = 1) -> datetime:
    """Return the same day and time a year later, or some years."""
    year = instant.year + years
    try:
        return instant.replace(year=year)
    except ValueError:
        # February 29.
        return instant.replace(year=year, day=28)


def _completion(persona: LearningPersona, earned: Earned, created_date: date) -> dict[str, Any]:
    prefix = "msl" if persona.issuer == MICROSOFT_LEARN.key else "pu"
    origin = f"{persona.key}/{earned.certification}/{earned.days_ago}"
    expires = expires_at(earned, created_date)
    return {
        "completionId": f"{prefix}-{sha256(origin.encode()).hexdigest()[:16]}",
        "certification": earned.certification,
        "kind": earned.kind,
        "completedAt": rfc3339(completed_at(earned, created_date)),
        "expiresAt": rfc3339(expires) if expires else None,
        "revokedAt": None,
    }


def rfc3339(instant: datetime) -> str:
    """Write an instant as RFC 3339 with a Z."""
    return instant.isoformat().replace("+00:00", "Z")
