"""Which accounts are and were associated, with what, and when is the next association allowed?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.database import fetch_rows, fetch_value
from domain.errors import NotFound
from domain.queries.members import OF_MEMBER, OfMember
from domain.queries.page import Page, PageRequest, fetch_pages
from domain.rules.association_limits import AssociationAllowance, association_allowance
from domain.rules.policy import Policy
from domain.rules.transcript_reading import transcript_problem
from domain.rules.visibility import Viewer
from domain.rules.words import AssociationEndReason, LearningProvider, Scope, TranscriptProblem


@dataclass(frozen=True, kw_only=True)
class AssociationRow(OfMember):
    """An association with its learning account and member."""

    id: int
    learning_account_id: int
    provider: LearningProvider
    profile_id: str
    started_at: datetime
    ended_at: datetime | None
    end_reason: AssociationEndReason | None
    transcript_read_at: datetime | None
    has_grant: bool
    is_refused: bool
    has_failed: bool

    @property
    def transcript_problem(self) -> TranscriptProblem | None:
        """Return what keeps the transcript from being read again, if anything does."""
        return transcript_problem(
            is_active=self.ended_at is None,
            has_grant=self.has_grant,
            is_refused=self.is_refused,
            has_failed=self.has_failed,
        )


@dataclass(frozen=True, kw_only=True)
class LearningAccountRow:
    """A learning account, and whether it is the viewer's own."""

    id: int
    provider: LearningProvider
    profile_id: str
    is_own: bool


_SELECT = f"""SELECT {OF_MEMBER}, a.id, a.learning_account_id, a.provider, l.profile_id,
    a.started_at, a.ended_at, a.end_reason, a.transcript_read_at, a.grant_sealed IS NOT NULL AS has_grant,
    a.grant_refused_at IS NOT NULL AS is_refused, a.read_error IS NOT NULL AS has_failed"""
_FROM = """FROM association a
    JOIN learning_account l ON l.id = a.learning_account_id
    JOIN member m ON m.id = a.member_id
    JOIN organization o ON o.id = a.organization_id"""
# The viewer's own, and for admins everybody's of their organization (R17).
_VISIBLE = "a.organization_id = $1 AND (a.member_id = $2 OR $3)"


async def association(viewer: Viewer, association_id: int) -> AssociationRow | None:
    """Return one association that the viewer may see."""
    return (await visible_associations(viewer, {association_id})).get(association_id)


async def visible_associations(viewer: Viewer, association_ids: Collection[int]) -> dict[int, AssociationRow]:
    """Return those associations that the viewer may see, by number."""
    rows = await fetch_rows(
        AssociationRow,
        f"{_SELECT} {_FROM} WHERE {_VISIBLE} AND a.id = ANY($4::bigint[])",
        viewer.organization_id,
        viewer.member_id,
        viewer.may(Scope.MEMBERS_READ),
        list(association_ids),
    )
    return {row.id: row for row in rows}


async def known_association(viewer: Viewer, association_id: int) -> AssociationRow:
    """Return one association that the viewer may see.

    Raises:
        NotFound: there is none.
    """
    row = await association(viewer, association_id)
    if row is None:
        raise NotFound
    return row


async def associations_of_members(
    viewer: Viewer, member_ids: Collection[int], *, active: bool | None, page: PageRequest
) -> dict[int, Page[AssociationRow]]:
    """Return each member's associations, newest first; ``active`` keeps those that are or are not."""
    return await fetch_pages(
        AssociationRow,
        f"""{_SELECT} {_FROM}
            WHERE {_VISIBLE} AND a.member_id = parent.id AND ($4::boolean IS NULL OR (a.ended_at IS NULL) = $4)""",
        viewer.organization_id,
        viewer.member_id,
        viewer.may(Scope.MEMBERS_READ),
        active,
        parents=member_ids,
        page=page,
    )


async def visible_learning_accounts(viewer: Viewer, account_ids: Collection[int]) -> dict[int, LearningAccountRow]:
    """Return those accounts that are or were associated with the viewer, or with anybody they see as an admin."""
    rows = await fetch_rows(
        LearningAccountRow,
        f"""SELECT l.id, l.provider, l.profile_id, coalesce(bool_or(a.member_id = $2), false) AS is_own
            FROM association a JOIN learning_account l ON l.id = a.learning_account_id
            WHERE {_VISIBLE} AND l.id = ANY($4::bigint[]) GROUP BY l.id""",
        viewer.organization_id,
        viewer.member_id,
        viewer.may(Scope.MEMBERS_READ),
        list(account_ids),
    )
    return {row.id: row for row in rows}


async def needs_sign_in_again(member_id: int, provider: LearningProvider) -> bool:
    """Tell whether the provider refuses to let us read the transcript of the member's active association."""
    found: bool = await fetch_value(
        """SELECT EXISTS (SELECT FROM association
           WHERE member_id = $1 AND provider = $2 AND ended_at IS NULL AND grant_refused_at IS NOT NULL)""",
        member_id,
        provider,
    )
    return found


async def allowance_of_viewer(
    viewer: Viewer, member_id: int, provider: LearningProvider, *, now: datetime, policy: Policy
) -> AssociationAllowance | None:
    """Return what ``allowance`` does, to the person only: it may tell of other organizations (R17)."""
    if member_id != viewer.member_id:
        return None
    return await allowance(member_id, provider, now=now, policy=policy)


async def allowance(
    member_id: int, provider: LearningProvider, *, now: datetime, policy: Policy, account_id: int | None = None
) -> AssociationAllowance:
    """Return what R3 and R6 allow a member at a provider at an instant (aware, UTC).

    Without an account it is the one that the member associated last: which one a person will sign in with is not known
    before they do.
    """
    if account_id is None:
        account_id = await fetch_value(
            """SELECT learning_account_id FROM association WHERE member_id = $1 AND provider = $2
               ORDER BY started_at DESC LIMIT 1""",
            member_id,
            provider,
        )
    history = await fetch_rows(
        _Start,
        """SELECT member_id = $1 AS is_member, learning_account_id IS NOT DISTINCT FROM $3 AS is_account,
                  ended_at IS NULL AS is_active, started_at
           FROM association WHERE provider = $2 AND (member_id = $1 OR learning_account_id = $3)""",
        member_id,
        provider,
        account_id,
    )
    return association_allowance(
        account_starts=[start.started_at for start in history if start.is_account],
        member_starts=[start.started_at for start in history if start.is_member],
        already_associated=any(start.is_member and start.is_active for start in history),
        now=now,
        policy=policy,
    )


@dataclass(frozen=True, kw_only=True)
class _Start:
    is_member: bool
    is_account: bool
    is_active: bool
    started_at: datetime
