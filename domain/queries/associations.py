"""Associations, learning accounts, and when the next association is allowed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.database.pagination import Page, PageRequest, fetch_pages
from domain.database.pool import fetch_rows, fetch_value, row_or_raise
from domain.queries.members import OF_MEMBER, OfMember
from domain.queries.visible import rows_by_id, seen_by
from domain.rules.association_limits import (
    AssociationAllowance,
    KnownAccount,
    LimitRefusal,
    association_allowance,
)
from domain.rules.attempt_refusal import limit_refusal
from domain.rules.enums import AssociationEndReason, LearningProvider, Scope, TranscriptProblem
from domain.rules.policy import Policy
from domain.rules.transcript_reading import transcript_problem
from domain.rules.visibility import Viewer, profile_id_ending


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


@dataclass(frozen=True, kw_only=True)
class AccountAllowance:
    """What R3 and R6 allow a member with one account."""

    account: KnownAccount
    allowance: AssociationAllowance


@dataclass(frozen=True, kw_only=True)
class _OfAccount:
    account_id: int
    profile_id: str

    @property
    def account(self) -> KnownAccount:
        return KnownAccount(id=self.account_id, ending=profile_id_ending(self.profile_id))


@dataclass(frozen=True, kw_only=True)
class _Start(_OfAccount):
    is_member: bool
    is_active: bool
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class _RefusedAttempt(_OfAccount):
    refusal_code: str
    refusal_available_at: datetime


_SELECT = f"""SELECT {OF_MEMBER}, a.id, a.learning_account_id, a.provider, l.profile_id,
    a.started_at, a.ended_at, a.end_reason, a.transcript_read_at, a.grant_sealed IS NOT NULL AS has_grant,
    a.grant_refused_at IS NOT NULL AS is_refused, a.read_error IS NOT NULL AS has_failed"""
_FROM = """FROM association a
    JOIN learning_account l ON l.id = a.learning_account_id
    JOIN member m ON m.id = a.member_id
    JOIN organization o ON o.id = a.organization_id"""
# The starts of a member's associations at a provider, and of the accounts whose condition is appended.
_HISTORY = """SELECT a.member_id = $1 AS is_member, a.ended_at IS NULL AS is_active,
        a.learning_account_id AS account_id, l.profile_id, a.started_at
    FROM association a JOIN learning_account l ON l.id = a.learning_account_id
    WHERE a.provider = $2 AND (a.member_id = $1 OR a.learning_account_id"""
# The viewer's own, and for admins all of their organization (R17).
_VISIBLE = "a.organization_id = $1 AND (a.member_id = $2 OR $3)"


async def visible_associations(viewer: Viewer, association_ids: Collection[int]) -> dict[int, AssociationRow]:
    sql = f"{_SELECT} {_FROM} WHERE {_VISIBLE} AND a.id = ANY($4::bigint[])"
    return await rows_by_id(AssociationRow, sql, *seen_by(viewer, Scope.MEMBERS_READ), ids=association_ids)


async def get_association_or_raise(viewer: Viewer, association_id: int) -> AssociationRow:
    return row_or_raise((await visible_associations(viewer, {association_id})).get(association_id))


async def associations_of_members(
    viewer: Viewer, member_ids: Collection[int], *, active: bool | None, page: PageRequest
) -> dict[int, Page[AssociationRow]]:
    """Return each member's associations, newest first, with ``active`` only those that are active or not."""
    return await fetch_pages(
        AssociationRow,
        f"""{_SELECT} {_FROM}
            WHERE {_VISIBLE} AND a.member_id = parent.id AND ($4::boolean IS NULL OR (a.ended_at IS NULL) = $4)""",
        *seen_by(viewer, Scope.MEMBERS_READ),
        active,
        parents=member_ids,
        page=page,
    )


async def visible_learning_accounts(viewer: Viewer, account_ids: Collection[int]) -> dict[int, LearningAccountRow]:
    """Return those accounts that are or were associated with the viewer, or with a member whom they see as an admin."""
    return await rows_by_id(
        LearningAccountRow,
        f"""SELECT l.id, l.provider, l.profile_id, coalesce(bool_or(a.member_id = $2), false) AS is_own
            FROM association a JOIN learning_account l ON l.id = a.learning_account_id
            WHERE {_VISIBLE} AND l.id = ANY($4::bigint[]) GROUP BY l.id""",
        *seen_by(viewer, Scope.MEMBERS_READ),
        ids=account_ids,
    )


async def needs_sign_in_again(member_id: int, provider: LearningProvider) -> bool:
    """Tell whether the provider refuses the grant of the member's active association."""
    is_refused: bool = await fetch_value(
        """SELECT EXISTS (SELECT FROM association
           WHERE member_id = $1 AND provider = $2 AND ended_at IS NULL AND grant_refused_at IS NOT NULL)""",
        member_id,
        provider,
    )
    return is_refused


async def allowances_of_members(
    viewer: Viewer, member_ids: Collection[int], provider: LearningProvider, *, now: datetime, policy: Policy
) -> dict[int, AssociationAllowance | None]:
    """Return each member's ``allowance``, to themself only: it may tell of other organizations (R17)."""
    allowances: dict[int, AssociationAllowance | None] = dict.fromkeys(member_ids)
    if viewer.member_id in allowances:
        allowances[viewer.member_id] = await allowance(viewer.member_id, provider, now=now, policy=policy)
    return allowances


async def allowance(
    member_id: int, provider: LearningProvider, *, now: datetime, policy: Policy, account_id: int | None = None
) -> AssociationAllowance:
    """Return what R3 and R6 allow a member at a provider at an instant (aware, UTC)."""
    # Without an account only the member's own history decides: with which account a person signs in is not known
    # beforehand, and another account may have another date.
    history = await fetch_rows(_Start, f"{_HISTORY} = $3)", member_id, provider, account_id)
    account = next((start.account for start in history if start.account_id == account_id), None)
    return _allowance(history, account, now=now, policy=policy)


async def known_accounts_of_members(
    viewer: Viewer, member_ids: Collection[int], provider: LearningProvider, *, now: datetime, policy: Policy
) -> dict[int, list[AccountAllowance]]:
    """Return the allowance of each account that the member knows, to themself only (R17)."""
    # They know the accounts that they have linked, and those with which an attempt of theirs was refused. Of the latter
    # they see the date of that refusal as long as it lies ahead, and nothing of where the account is linked.
    accounts_of_members: dict[int, list[AccountAllowance]] = {member_id: [] for member_id in member_ids}
    if viewer.member_id not in accounts_of_members:
        return accounts_of_members
    # As an array: PostgreSQL uses the index of the accounts for no subquery beside another condition.
    accounts = "ANY(ARRAY(SELECT learning_account_id FROM association WHERE member_id = $1 AND provider = $2))"
    history = await fetch_rows(_Start, f"{_HISTORY} = {accounts})", viewer.member_id, provider)
    # The latest refusal of each account: what was told stays, whatever the account does afterwards (R6).
    refused = await fetch_rows(
        _RefusedAttempt,
        """SELECT DISTINCT ON (t.refusal_account_id) t.refusal_account_id AS account_id, l.profile_id,
                  t.refusal_code, t.refusal_available_at
           FROM association_attempt t JOIN learning_account l ON l.id = t.refusal_account_id
           WHERE t.member_id = $1 AND t.provider = $2
           ORDER BY t.refusal_account_id, t.finished_at DESC, t.id DESC""",
        viewer.member_id,
        provider,
    )
    own = {start.account for start in history if start.is_member}
    ahead = {
        row.account: limit_refusal(
            row.refusal_code, next_available_at=row.refusal_available_at, account=row.account, policy=policy
        )
        for row in refused
        if row.refusal_available_at > now
    }
    for account in own | ahead.keys():
        earlier_refusal = None if account in own else ahead[account]
        limits = _allowance(history, account, now=now, policy=policy, earlier_refusal=earlier_refusal)
        accounts_of_members[viewer.member_id].append(AccountAllowance(account=account, allowance=limits))
    accounts_of_members[viewer.member_id].sort(key=lambda one: (one.allowance.next_available_at, one.account.id))
    return accounts_of_members


def _allowance(
    history: Collection[_Start],
    account: KnownAccount | None,
    *,
    now: datetime,
    policy: Policy,
    earlier_refusal: LimitRefusal | None = None,
) -> AssociationAllowance:
    return association_allowance(
        account=account,
        account_starts=[start.started_at for start in history if account and start.account_id == account.id],
        member_starts=[start.started_at for start in history if start.is_member],
        already_associated=any(start.is_member and start.is_active for start in history),
        now=now,
        policy=policy,
        earlier_refusal=earlier_refusal,
    )
