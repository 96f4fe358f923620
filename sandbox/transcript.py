"""What does a learning provider record about an account?"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.issuers import MICROSOFT_LEARN
from sandbox.personas import Earned, LearningPersona
from sandbox.reading import read_query
from sandbox.refusals import Refusal
from sandbox.tokens import persona_of_bearer
from sandbox.world import Call

PAGE_SIZE = 50
# Everything is completed at the same time of day (UTC), so that a day in the data is a day in the transcript.
_TIME_OF_DAY = time(9, 30, tzinfo=UTC)


async def show_transcript(call: Call) -> Response:
    """Answer one page of the account's completions, oldest first.

    Raises:
        Refusal: no valid access token, or a cursor that the sandbox never gave.
    """
    persona = persona_of_bearer(call)
    assert isinstance(persona, LearningPersona)
    rows = completions_of(persona, call.world.created_date)
    if call.fault.duplicate:
        rows = [row for row in rows for _ in range(2)]
    if call.fault.reordered:
        rows.reverse()
    start = _read_cursor(read_query(call.request).get("cursor"))
    end = start + PAGE_SIZE
    page = {
        "profileId": None if call.fault.incomplete_profile else persona.profile_id,
        "completions": rows[start:end],
        "nextCursor": _cursor(end) if end < len(rows) else None,
    }
    return JSONResponse(page, headers={"Cache-Control": "no-store"})


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
    completed = completed_at(earned, created_date)
    year = completed.year + 1 + earned.renewals
    try:
        return completed.replace(year=year)
    except ValueError:
        # Completed on February 29.
        return completed.replace(year=year, day=28)


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


def _cursor(start: int) -> str:
    return urlsafe_b64encode(f"from:{start}".encode()).decode("ascii")


def _read_cursor(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        word, _, digits = urlsafe_b64decode(cursor).decode("ascii").partition(":")
        start = int(digits) if word == "from" and len(digits) < 10 else 0
    except ValueError:
        start = 0
    # Only what the sandbox wrote itself is taken.
    if start <= 0 or start % PAGE_SIZE or _cursor(start) != cursor:
        raise Refusal(400, "invalid_cursor", "The cursor is not one that this transcript gave.")
    return start
