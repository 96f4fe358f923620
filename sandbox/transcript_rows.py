"""The completions of a persona when the data folder was created."""

from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from sandbox.issuers import MICROSOFT_LEARN
from sandbox.personas import Earned, LearningPersona

Row = dict[str, Any]

# Everything is completed at the same time of day (UTC), so that a day in the data is a day in the transcript.
_TIME_OF_DAY = time(9, 30, tzinfo=UTC)


def completions_of(persona: LearningPersona, created_date: date) -> list[Row]:
    """Return the completions as the transcript shows them, oldest first."""
    rows = [
        completion_row(
            persona,
            f"{earned.certification}/{earned.days_ago}",
            certification=earned.certification,
            kind=earned.kind,
            completed_at=completed_at(earned, created_date),
            expires_at=expires_at(earned, created_date),
        )
        for earned in persona.earned
    ]
    return sorted(rows, key=lambda row: str(row["completedAt"]))


def completion_row(
    persona: LearningPersona,
    origin: str,
    *,
    certification: str,
    kind: str,
    completed_at: datetime,
    expires_at: datetime | None,
) -> Row:
    """Return a row of a persona's transcript; its id is always the same for an origin."""
    prefix = "msl" if persona.issuer == MICROSOFT_LEARN.key else "pu"
    digest = sha256(f"{persona.key}/{origin}".encode()).hexdigest()
    return {
        "completionId": f"{prefix}-{digest[:16]}",
        "certification": certification,
        "kind": kind,
        "completedAt": rfc3339(completed_at),
        "expiresAt": rfc3339(expires_at) if expires_at else None,
        "revokedAt": None,
    }


def completed_at(earned: Earned, created_date: date) -> datetime:
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


def rfc3339(instant: datetime) -> str:
    """Write an instant as RFC 3339 with a Z."""
    return instant.isoformat().replace("+00:00", "Z")
