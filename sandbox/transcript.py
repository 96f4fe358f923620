"""The transcript endpoint of a learning provider."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from starlette.responses import JSONResponse, Response

from sandbox.personas import LearningPersona
from sandbox.reading import read_query
from sandbox.refusals import Refusal
from sandbox.state import Call
from sandbox.tokens import persona_of_bearer

PAGE_SIZE = 50


async def show_transcript(call: Call) -> Response:
    """Answer one page of the account's completions, oldest first.

    Raises:
        Refusal: no valid access token, or a cursor that the sandbox never gave.
    """
    persona = persona_of_bearer(call)
    assert isinstance(persona, LearningPersona)
    rows = call.state.transcripts.rows(persona)
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
    # Only a cursor that the sandbox wrote itself is accepted.
    if start <= 0 or start % PAGE_SIZE or _cursor(start) != cursor:
        raise Refusal(400, "invalid_cursor", "The cursor is not one that this transcript gave.")
    return start
