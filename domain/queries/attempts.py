"""Association attempts of the viewer's own."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import row_or_raise
from domain.queries.visible import rows_by_id
from domain.rules.association_limits import KnownAccount
from domain.rules.attempt_refusal import attempt_status
from domain.rules.enums import AttemptStatus, AttemptStep, LearningProvider
from domain.rules.visibility import Viewer, profile_id_ending


@dataclass(frozen=True, kw_only=True)
class AttemptRow:
    id: int
    member_id: int
    provider: LearningProvider
    stored_status: AttemptStatus
    created_at: datetime
    expires_at: datetime
    signed_in_at: datetime | None
    profile_found_at: datetime | None
    unlinked_elsewhere_at: datetime | None
    linked_at: datetime | None
    imported_at: datetime | None
    finished_at: datetime | None
    refusal_code: str | None
    refusal_available_at: datetime | None
    refusal_account_id: int | None
    refusal_profile_id: str | None
    association_id: int | None
    moved_from: str | None

    def status(self, *, at: datetime) -> AttemptStatus:
        return attempt_status(self.stored_status, expires_at=self.expires_at, at=at)

    @property
    def refusal_account(self) -> KnownAccount | None:
        """Return the account whose history refused the attempt, if it was not the member's (R6)."""
        if self.refusal_account_id is None or self.refusal_profile_id is None:
            return None
        return KnownAccount(id=self.refusal_account_id, ending=profile_id_ending(self.refusal_profile_id))

    @property
    def steps(self) -> list[tuple[AttemptStep, datetime]]:
        """Return the steps that are done, in order, with their instants."""
        instants = {
            AttemptStep.SIGNED_IN: self.signed_in_at,
            AttemptStep.PROFILE_FOUND: self.profile_found_at,
            AttemptStep.UNLINKED_ELSEWHERE: self.unlinked_elsewhere_at,
            AttemptStep.LINKED: self.linked_at,
            AttemptStep.IMPORTED: self.imported_at,
        }
        return [(step, instant) for step, instant in instants.items() if instant is not None]


async def association_attempt(viewer: Viewer, attempt_id: int) -> AttemptRow | None:
    """Return an attempt of the viewer's own, which nobody else may see, not even an admin."""
    return (await visible_attempts(viewer, {attempt_id})).get(attempt_id)


# A page that follows an attempt asks for it again and again: who is removed meanwhile sees it no more (R8).
async def visible_attempts(viewer: Viewer, attempt_ids: Collection[int]) -> dict[int, AttemptRow]:
    """Return those attempts that ``association_attempt`` returns, by id."""
    return await rows_by_id(
        AttemptRow,
        """SELECT t.id, t.member_id, t.provider, t.status AS stored_status, t.created_at, t.expires_at,
                t.signed_in_at, t.profile_found_at, t.unlinked_elsewhere_at, t.linked_at, t.imported_at,
                t.finished_at, t.refusal_code, t.refusal_available_at, t.refusal_account_id,
                l.profile_id AS refusal_profile_id, t.association_id, t.moved_from
           FROM association_attempt t JOIN member m ON m.id = t.member_id AND m.status = 'ACTIVE'
               LEFT JOIN learning_account l ON l.id = t.refusal_account_id
           WHERE t.member_id = $1 AND t.id = ANY($2::bigint[])""",
        viewer.member_id,
        ids=attempt_ids,
    )


async def get_attempt_or_raise(viewer: Viewer, attempt_id: int) -> AttemptRow:
    return row_or_raise(await association_attempt(viewer, attempt_id))
