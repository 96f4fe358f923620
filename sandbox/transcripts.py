"""What personas earned, renewed and lost since the data folder was created."""

from datetime import date, datetime, timedelta
from pathlib import Path

from sandbox.data_folder import read_json, unreadable, write_json
from sandbox.issuers import MICROSOFT_LEARN
from sandbox.personas import LearningPersona
from sandbox.refusals import Refusal
from sandbox.transcript_rows import Row, a_year_after, completion_row, completions_of, rfc3339

ROW_LIMIT = 1000
# The programme's renewals open six months before the expiry and extend by a year.
RENEWAL_OPENS = timedelta(days=183)


class Transcripts:
    """The transcripts of all personas: what they have on the first day, and what has changed since."""

    def __init__(self, file: Path, *, created_date: date) -> None:
        """Load the changes.

        Raises:
            DataFolderUnusable: the file cannot be read.
        """
        self._file = file
        self._created_date = created_date
        kept = read_json(file) or {}
        if not isinstance(kept, dict) or not all(isinstance(rows, dict) for rows in kept.values()):
            raise unreadable(file)
        # By persona, each row by its completion's id.
        self._changed: dict[str, dict[str, Row]] = kept

    def rows(self, persona: LearningPersona) -> list[Row]:
        """Return a persona's completions as they are now, oldest first."""
        first_rows = completions_of(persona, self._created_date)
        by_id = {row["completionId"]: row for row in first_rows} | self._changed.get(persona.key, {})
        return sorted(by_id.values(), key=lambda row: (str(row["completedAt"]), str(row["completionId"])))

    def earn(self, persona: LearningPersona, certification: str, *, now: datetime, expires: bool = True) -> Row:
        """Let a persona earn a certification now, valid for a year unless it does not expire.

        Raises:
            Refusal: the persona has too many.
        """
        changed = self._changed.get(persona.key, {})
        if len(changed) >= ROW_LIMIT:
            raise Refusal(409, "too_many_completions", f"The sandbox keeps at most {ROW_LIMIT} changes of a persona.")
        row = completion_row(
            persona,
            f"{certification}/{rfc3339(now)}/{len(changed)}",
            certification=certification,
            kind="CERTIFICATION" if persona.issuer == MICROSOFT_LEARN.key else "ASSESSMENT",
            completed_at=now,
            expires_at=a_year_after(now) if expires else None,
        )
        return self._keep(persona, row)

    def renew(self, persona: LearningPersona, certification: str, *, now: datetime) -> Row:
        """Let a persona renew a certification: its validity is a year longer.

        Raises:
            Refusal: there is none that can be renewed now.
        """
        row = self._latest(persona, certification)
        expires_at = datetime.fromisoformat(row["expiresAt"]) if row["expiresAt"] else None
        if expires_at is None:
            raise Refusal(409, "not_renewable", f"{certification} does not expire.")
        if expires_at <= now:
            raise Refusal(409, "not_renewable", f"{certification} has expired; it has to be earned again.")
        if now < expires_at - RENEWAL_OPENS:
            opens = rfc3339(expires_at - RENEWAL_OPENS)
            raise Refusal(409, "not_renewable", f"The renewal of {certification} opens at {opens}.")
        return self._keep(persona, row | {"expiresAt": rfc3339(a_year_after(expires_at))})

    def revoke(self, persona: LearningPersona, certification: str, *, now: datetime) -> Row:
        """Let the provider revoke a persona's certification now.

        Raises:
            Refusal: there is none to revoke.
        """
        return self._keep(persona, self._latest(persona, certification) | {"revokedAt": rfc3339(now)})

    def _latest(self, persona: LearningPersona, certification: str) -> Row:
        held = [row for row in self.rows(persona) if row["certification"] == certification and row["revokedAt"] is None]
        if not held:
            raise Refusal(409, "not_held", f"The persona does not hold {certification}.")
        return held[-1]

    def _keep(self, persona: LearningPersona, row: Row) -> Row:
        of_persona = self._changed.get(persona.key, {}) | {row["completionId"]: row}
        changed = self._changed | {persona.key: of_persona}
        # Written first: what cannot be kept has not happened.
        write_json(self._file, changed)
        self._changed = changed
        return row
