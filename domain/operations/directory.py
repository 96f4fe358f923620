"""Provision an organization's members from its directory (R2, R8).

The directory says who belongs to the organization. It invites and removes people and keeps their name and address; it
links no account (R1) and changes no role. A user's row is locked or written before anything else of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import NotFound, TryAgain
from domain.operations.invitations import Invitee, correct_invitation, invite_members
from domain.operations.members import remove_member
from domain.operations.steps.administration import actor_of
from domain.operations.steps.audit import record_audit
from domain.operations.steps.end_sessions import refuse_replacements
from domain.operations.steps.locks import (
    LockedDirectoryUser,
    lock_directory_user,
    lock_member_of_address,
    lock_members,
    lock_organization,
)
from domain.queries.directory import DirectoryUserRow, get_directory_user_or_raise
from domain.rules.administration import Directory, LastAdmin
from domain.rules.directory import (
    DirectoryProfile,
    DirectoryUserChanged,
    DirectoryUserExists,
    profile_of,
)
from domain.rules.enums import MemberStatus
from domain.rules.invitations import AlreadyMember, work_address
from domain.rules.mail import one_spelling
from domain.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Followed:
    name: bool
    work_email: bool


@operation
async def create_directory_user(
    transaction: Transaction, *, by: Directory, resource: Mapping[str, Any], now: datetime, settings: Settings
) -> DirectoryUserRow:
    """Record a new user, and invite the person unless they are a member already; an inactive one is only recorded.

    Raises:
        InvalidInput: a value is too long, or the work address is none of the organization's mail domains.
        DirectoryUserExists: another user has the user name, the external id or the member.
        TryAgain: somebody else invites the person at this moment.
    """
    profile = profile_of(resource)
    is_active = profile.is_active is not False
    # A second creation at the same moment waits here, and finds the user then.
    user_id: UUID | None = await fetch_value(
        """INSERT INTO directory_user
               (id, organization_id, user_name, external_id, is_active, resource, created_at, changed_at)
           VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $7) ON CONFLICT DO NOTHING RETURNING id""",
        uuid4(),
        by.organization_id,
        profile.user_name,
        profile.external_id,
        is_active,
        _stored({"active": True, **resource}),
        now,
    )
    if user_id is None:
        raise DirectoryUserExists
    member_id = await _bring_in(profile, by=by, now=now, settings=settings) if is_active else None
    await _link(user_id, member_id)
    await _record(by, "directory_user_created", user_id, {"active": is_active, "member": member_id}, now=now)
    return await get_directory_user_or_raise(by, user_id)


@operation
async def change_directory_user(
    transaction: Transaction,
    *,
    by: Directory,
    directory_user_id: UUID,
    expected_version: int,
    resource: Mapping[str, Any],
    now: datetime,
    settings: Settings,
) -> DirectoryUserRow:
    """Replace what the directory says of a user, and let its member follow.

    Who becomes inactive leaves (R8); who becomes active again is invited anew, and their sign-in binds them. Where the
    resource does not say whether the user is active, nothing of that changes.

    Raises:
        NotFound: there is no such user, or the directory has deleted it.
        DirectoryUserChanged: the user has another version by now.
        InvalidInput: a value is too long, or the work address is none of the organization's mail domains.
        DirectoryUserExists: another user has the user name, the external id or the member.
        AlreadyMember: somebody else has the address.
        LastAdmin: nobody active could administer the organization any more.
        TryAgain: somebody else invites the person at this moment.
    """
    profile = profile_of(resource)
    current = await lock_directory_user(directory_user_id, organization_id=by.organization_id)
    if current.version != expected_version:
        raise DirectoryUserChanged
    before = profile_of(json.loads(current.resource_json))
    is_active = current.is_active if profile.is_active is None else profile.is_active
    try:
        await execute(
            """UPDATE directory_user SET user_name = $2, external_id = $3, is_active = $4, resource = $5::jsonb,
                   version = version + 1, changed_at = greatest(changed_at, $6)
               WHERE id = $1""",
            current.id,
            profile.user_name,
            profile.external_id,
            is_active,
            _stored(resource),
            now,
        )
    except asyncpg.UniqueViolationError:
        raise DirectoryUserExists from None

    member_id: int | None = None
    if is_active and not current.is_active:
        member_id = await _bring_in(profile, by=by, now=now, settings=settings)
    elif is_active:
        member_id = await _member_of(current, before, by=by)
        if member_id is not None:
            await _follow(
                member_id,
                name=profile.name if profile.name != before.name else None,
                address=profile.address if one_spelling(profile.address) != one_spelling(before.address) else None,
                by=by,
                now=now,
                settings=settings,
            )
        elif one_spelling(profile.address) != one_spelling(before.address) and await _is_taken(profile, by=by):
            # An admin removed this user's person: with another's address the user would get that person's member.
            raise DirectoryUserExists
    elif current.is_active:
        member_id = await _let_go(current, before, by=by, now=now)
    await _link(current.id, member_id or current.member_id)
    await _record(by, "directory_user_changed", current.id, {"active": is_active, "member": member_id}, now=now)
    return await get_directory_user_or_raise(by, current.id)


@operation
async def delete_directory_user(
    transaction: Transaction, *, by: Directory, directory_user_id: UUID, expected_version: int, now: datetime
) -> None:
    """Delete a user and erase what the directory told of it; an active one leaves (R8).

    Raises:
        NotFound: there is no such user, or the directory has deleted it.
        DirectoryUserChanged: the user has another version by now.
        LastAdmin: nobody active could administer the organization any more.
    """
    current = await lock_directory_user(directory_user_id, organization_id=by.organization_id)
    if current.version != expected_version:
        raise DirectoryUserChanged
    member_id = None
    if current.is_active:
        member_id = await _let_go(current, profile_of(json.loads(current.resource_json)), by=by, now=now)
    await execute(
        """UPDATE directory_user SET is_active = false, user_name = '', external_id = NULL, resource = '{}',
               version = version + 1, changed_at = greatest(changed_at, $2), deleted_at = greatest(created_at, $2)
           WHERE id = $1""",
        current.id,
        now,
    )
    await _record(by, "directory_user_deleted", current.id, {"member": member_id}, now=now)


async def _bring_in(profile: DirectoryProfile, *, by: Directory, now: datetime, settings: Settings) -> int:
    """Invite the person of a user, unless they are invited or active already; return the member's id."""
    mail_domains: list[str] = await fetch_value(
        "SELECT array_agg(domain::text ORDER BY id) FROM mail_domain WHERE organization_id = $1", by.organization_id
    )
    address = work_address(profile.address, mail_domains=mail_domains)
    member = await lock_member_of_address(by.organization_id, address)
    if member is None:
        invitees = [Invitee(work_email=address)]
        (outcome,) = await invite_members(by=by, invitees=invitees, now=now, settings=settings)
        if isinstance(outcome.refusal, AlreadyMember):
            raise TryAgain
        if outcome.refusal is not None:
            raise outcome.refusal
        assert outcome.member_id is not None
        member_id = outcome.member_id
    else:
        member_id = member.id
    await _follow(member_id, name=profile.name, address=None, by=by, now=now, settings=settings)
    return member_id


async def _let_go(
    current: LockedDirectoryUser, before: DirectoryProfile, *, by: Directory, now: datetime
) -> int | None:
    """Remove the member of a user, or cancel the invitation; return the member's id, if they had not left already."""
    member_id = await _member_of(current, before, by=by)
    if member_id is None:
        return None
    try:
        await remove_member(by=by, member_id=member_id, now=now)
    except NotFound:
        # An admin removed them at the same moment.
        return None
    except LastAdmin as refusal:
        # The directory repeats it for days, and nobody reads its own log: the operator has to see it.
        log.warning(
            "directory refused",
            organization=by.organization_id,
            directory_user=str(current.id),
            member=member_id,
            code=refusal.code,
        )
        raise
    return member_id


async def _member_of(current: LockedDirectoryUser, before: DirectoryProfile, *, by: Directory) -> int | None:
    """Return the invited or active member of a user: the linked one, else who was invited anew to its address."""
    member_id: int | None = await fetch_value(
        """SELECT m.id FROM member m
           WHERE m.organization_id = $1 AND m.status <> 'REMOVED' AND (m.id = $2 OR m.work_email = $3)
             AND NOT EXISTS (SELECT FROM directory_user d
                             WHERE d.member_id = m.id AND d.is_active AND d.deleted_at IS NULL AND d.id <> $4)
           ORDER BY m.id = $2 DESC NULLS LAST LIMIT 1""",
        by.organization_id,
        current.member_id,
        one_spelling(before.address),
        current.id,
    )
    return member_id


async def _is_taken(profile: DirectoryProfile, *, by: Directory) -> bool:
    """Tell whether somebody invited or active has a user's address."""
    taken: bool = await fetch_value(
        "SELECT EXISTS (SELECT FROM member WHERE organization_id = $1 AND work_email = $2 AND status <> 'REMOVED')",
        by.organization_id,
        one_spelling(profile.address),
    )
    return taken


async def _follow(
    member_id: int,
    *,
    name: str | None,
    address: str | None,
    by: Directory,
    now: datetime,
    settings: Settings,
) -> None:
    """Give a member a name and an address, where the directory tells new ones.

    Raises:
        InvalidInput: the address is none of the organization's mail domains.
        AlreadyMember: somebody else has the address.
    """
    if name is None and address is None:
        return
    member = (await lock_members([member_id], organization_id=by.organization_id)).get(member_id)
    if member is None or member.status is MemberStatus.REMOVED:
        return
    organization = await lock_organization(by.organization_id)
    if address is not None:
        address = work_address(address, mail_domains=organization.mail_domains)
    if address == member.work_email:
        address = None
    if address is not None and await fetch_value(
        "SELECT id FROM member WHERE organization_id = $1 AND work_email = $2 AND status <> 'REMOVED'",
        by.organization_id,
        address,
    ):
        raise AlreadyMember
    if address is not None and member.status is MemberStatus.INVITED:
        invitation_id: int = await fetch_value("SELECT id FROM invitation WHERE member_id = $1", member.id)
        await correct_invitation(by=by, invitation_id=invitation_id, work_email=address, now=now, settings=settings)
        address = None
    changed = await fetch_row(
        _Followed,
        """UPDATE member m SET name = coalesce($2, m.name), work_email = coalesce($3, m.work_email)
           FROM member before WHERE m.id = $1 AND before.id = m.id
           RETURNING m.name IS DISTINCT FROM before.name AS name, m.work_email <> before.work_email AS work_email""",
        member.id,
        name,
        address,
    )
    if changed is not None and changed.work_email:
        await refuse_replacements(member.id, now=now)
    if changed is not None and (changed.name or changed.work_email):
        await record_audit(
            by.organization_id,
            actor=actor_of(by),
            action="member_followed_directory",
            subject=f"member:{member.id}",
            details={"name": changed.name, "address": changed.work_email},
            now=now,
        )


async def _link(directory_user_id: UUID, member_id: int | None) -> None:
    """Link a user to its member.

    Raises:
        DirectoryUserExists: another active user is linked to the member.
    """
    try:
        await execute("UPDATE directory_user SET member_id = $2 WHERE id = $1", directory_user_id, member_id)
    except asyncpg.UniqueViolationError:
        raise DirectoryUserExists from None


async def _record(
    by: Directory, action: str, directory_user_id: UUID, details: Mapping[str, object], *, now: datetime
) -> None:
    await record_audit(
        by.organization_id,
        actor=actor_of(by),
        action=action,
        subject=f"directory_user:{directory_user_id}",
        details=details,
        now=now,
    )


def _stored(resource: Mapping[str, Any]) -> str:
    return json.dumps(resource, ensure_ascii=False)
