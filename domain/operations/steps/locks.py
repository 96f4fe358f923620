"""Row locks in the one order that everybody keeps."""

# Whoever needs several locks takes them in this order, and rows of one table by ascending id, so that no two operations
# wait for each other: idempotency key, callback, attempt, learning account, association, credits, member, organization,
# API client, API key or directory's token. An association that starts locks its member before the associations and
# credits that it ends: they belong to the account that it has locked already. Whoever locks a sign-in, a directory's
# user, the catalog or the readings at a provider does so first, and holds nothing that the others wait for.
# Locks that never wait (``SKIP LOCKED``) stand where they are used. All others stand here and in ``leases.py``.

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.database.pool import execute, fetch_row, fetch_rows, fetch_value, row_or_raise
from domain.errors import NotFound
from domain.rules.api_clients import OpenKey
from domain.rules.enums import AttemptStatus, LearningProvider, MemberRole, MemberStatus


@dataclass(frozen=True, kw_only=True)
class LockedAttempt:
    id: int
    provider: LearningProvider
    member_id: int
    organization_id: int
    status: AttemptStatus
    browser_hash: bytes | None
    expires_at: datetime
    return_to: str | None

    @property
    def actor(self) -> str:
        return f"member:{self.member_id}"


@dataclass(frozen=True, kw_only=True)
class LockedMember:
    id: int
    organization_id: int
    work_email: str
    role: MemberRole
    status: MemberStatus
    # Bound to a subject of an issuer that the organization trusts.
    is_bound: bool

    @property
    def is_active_admin(self) -> bool:
        return self.status is MemberStatus.ACTIVE and self.is_bound and self.role.is_admin


@dataclass(frozen=True, kw_only=True)
class LockedOrganization:
    id: int
    name: str
    mail_domains: list[str]


@dataclass(frozen=True, kw_only=True)
class LockedDirectoryUser:
    id: UUID
    member_id: int | None
    is_active: bool
    version: int
    resource_json: str


@dataclass(frozen=True, kw_only=True)
class LockedSignIn:
    id: int
    identity_issuer_id: int
    browser_hash: bytes
    nonce: str
    verifier_sealed: bytes
    return_to: str
    expires_at: datetime


_ATTEMPT = """SELECT t.id, t.provider, t.member_id, m.organization_id, t.status, t.browser_hash, t.expires_at,
    t.return_to FROM association_attempt t JOIN member m ON m.id = t.member_id"""
_IS_BOUND = "EXISTS (SELECT FROM work_identity w WHERE w.member_id = m.id AND w.ended_at IS NULL)"
_MEMBER = f"""SELECT m.id, m.organization_id, m.work_email, m.role, m.status, {_IS_BOUND} AS is_bound
    FROM member m"""


async def lock_attempt(attempt_id: int) -> LockedAttempt:
    """Lock an attempt.

    Raises:
        NotFound: it has ended.
    """
    return row_or_raise(
        await fetch_row(
            LockedAttempt, _ATTEMPT + " WHERE t.id = $1 AND t.finished_at IS NULL FOR UPDATE OF t", attempt_id
        )
    )


async def lock_attempt_of_state(provider: LearningProvider, state_hash: bytes) -> LockedAttempt | None:
    """Lock the attempt that a state belongs to, also one that has ended."""
    return await fetch_row(
        LockedAttempt, _ATTEMPT + " WHERE t.state_hash = $1 AND t.provider = $2 FOR UPDATE OF t", state_hash, provider
    )


async def lock_attempts_of_organization(organization_id: int) -> None:
    """Lock the callbacks and attempts that an organization's members have under way."""
    await _lock_attempts("m.organization_id = $1", organization_id)


async def lock_account(account_id: int) -> None:
    # Before its associations are read: a statement that waits for the lock sees what the others wrote only afterwards.
    await fetch_value("SELECT id FROM learning_account WHERE id = $1 FOR UPDATE", account_id)


async def lock_account_of_profile(provider: LearningProvider, profile_id: str) -> int | None:
    """Lock a provider's learning account, before its associations are read; return its id."""
    account_id: int | None = await fetch_value(
        "SELECT id FROM learning_account WHERE provider = $1 AND profile_id = $2 FOR UPDATE", provider, profile_id
    )
    return account_id


async def lock_refused_association(account_id: int, member_id: int) -> int | None:
    """Lock a member's active association with an account whose grant was refused, if there is one; return its id."""
    association_id: int | None = await fetch_value(
        """SELECT id FROM association
           WHERE learning_account_id = $1 AND member_id = $2 AND ended_at IS NULL AND grant_refused_at IS NOT NULL
           FOR NO KEY UPDATE""",
        account_id,
        member_id,
    )
    return association_id


async def lock_associations_with(certifications: Collection[str], *, after: int, limit: int) -> list[int]:
    """Lock the next active associations with credits for some certifications; return their ids."""
    association_ids: list[int] = await fetch_value(
        """SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM (
               SELECT a.id FROM association a
               WHERE a.ended_at IS NULL AND a.id > $2 AND EXISTS (
                   SELECT FROM credit c JOIN completion p ON p.id = c.completion_id
                   WHERE c.association_id = a.id AND p.certification = ANY($1))
               ORDER BY a.id LIMIT $3 FOR NO KEY UPDATE OF a) locked""",
        list(certifications),
        after,
        limit,
    )
    return association_ids


async def lock_associations(association_ids: Collection[int]) -> None:
    """Lock associations and their credits; whoever propagates the credits is waited for."""
    await _lock_all(
        "SELECT id FROM association WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE", list(association_ids)
    )
    await lock_credits(association_ids)


async def lock_credits(association_ids: Collection[int]) -> None:
    # By a statement of its own, so that the next one sees what propagation has recorded.
    await _lock_all(
        "SELECT id FROM credit WHERE association_id = ANY($1::bigint[]) ORDER BY id FOR UPDATE", list(association_ids)
    )


async def lock_membership(member_id: int, *, organization_id: int) -> None:
    """Lock all that a member of an organization has under way, before the member is locked."""
    await _lock_attempts("m.id = $1 AND m.organization_id = $2", member_id, organization_id)
    for statement in (
        """SELECT l.id FROM learning_account l JOIN association a ON a.learning_account_id = l.id
           WHERE a.member_id = $1 AND a.organization_id = $2 AND a.ended_at IS NULL ORDER BY l.id FOR UPDATE OF l""",
        """SELECT id FROM association
           WHERE member_id = $1 AND organization_id = $2 AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE""",
        """SELECT c.id FROM credit c JOIN association a ON a.id = c.association_id
           WHERE a.member_id = $1 AND a.organization_id = $2 AND a.ended_at IS NULL ORDER BY c.id FOR UPDATE OF c""",
    ):
        await _lock_all(statement, member_id, organization_id)


async def lock_active_member(member_id: int) -> None:
    """Lock a member.

    Raises:
        NotFound: they are not active.
    """
    if not await fetch_value("SELECT id FROM member WHERE id = $1 AND status = 'ACTIVE' FOR UPDATE", member_id):
        raise NotFound


async def lock_members(member_ids: Collection[int], *, organization_id: int) -> dict[int, LockedMember]:
    members = await fetch_rows(
        LockedMember,
        _MEMBER + " WHERE m.id = ANY($1::bigint[]) AND m.organization_id = $2 ORDER BY m.id FOR UPDATE",
        list(member_ids),
        organization_id,
    )
    return {member.id: member for member in members}


async def lock_bound_members(identity_issuer_ids: Collection[int]) -> None:
    """Lock the members who are bound to a subject of some issuers."""
    await _lock_all(
        """SELECT m.id FROM member m JOIN work_identity w ON w.member_id = m.id
           WHERE w.identity_issuer_id = ANY($1::bigint[]) AND w.ended_at IS NULL ORDER BY m.id FOR UPDATE OF m""",
        list(identity_issuer_ids),
    )


async def lock_member_of_address(organization_id: int, work_email: str) -> LockedMember | None:
    """Lock the invited or active member of an organization with a work e-mail, if there is one."""
    return await fetch_row(
        LockedMember,
        _MEMBER + " WHERE m.organization_id = $1 AND m.work_email = $2 AND m.status <> 'REMOVED' FOR UPDATE OF m",
        organization_id,
        work_email,
    )


async def keep_member_active(member_id: int) -> bool:
    """Keep a member active and bound until the transaction ends; tell whether they are."""
    return bool(
        await fetch_value(
            f"SELECT m.id FROM member m WHERE m.id = $1 AND m.status = 'ACTIVE' AND {_IS_BOUND} FOR SHARE OF m",
            member_id,
        )
    )


async def keep_identity_bound(member_id: int, identity_issuer_id: int, subject: str) -> int | None:
    """Keep a member active and bound to a subject until the transaction ends; return the id of the binding."""
    binding_id: int | None = await fetch_value(
        """SELECT w.id FROM member m JOIN work_identity w ON w.member_id = m.id
           WHERE m.id = $1 AND m.status = 'ACTIVE'
             AND w.identity_issuer_id = $2 AND w.subject = $3 AND w.ended_at IS NULL
           FOR SHARE""",
        member_id,
        identity_issuer_id,
        subject,
    )
    return binding_id


async def lock_organization(organization_id: int) -> LockedOrganization:
    """Lock an organization and its audit chain.

    Raises:
        NotFound: there is none.
    """
    return row_or_raise(
        await fetch_row(
            LockedOrganization,
            """SELECT o.id, o.name,
                   ARRAY(SELECT domain::text FROM mail_domain WHERE organization_id = o.id ORDER BY id) AS mail_domains
               FROM organization o WHERE o.id = $1 FOR NO KEY UPDATE OF o""",
            organization_id,
        )
    )


async def lock_organizations(organization_ids: Collection[int]) -> None:
    """Lock organizations and their audit chains."""
    await _lock_all(
        "SELECT id FROM organization WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE", list(organization_ids)
    )


async def lock_api_client(api_client_id: int, *, organization_id: int) -> bool:
    """Lock an API client of an organization; tell whether it is revoked.

    Raises:
        NotFound: there is none.
    """
    is_revoked: bool | None = await fetch_value(
        """SELECT revoked_at IS NOT NULL FROM api_client WHERE id = $1 AND organization_id = $2
           FOR NO KEY UPDATE""",
        api_client_id,
        organization_id,
    )
    return row_or_raise(is_revoked)


async def lock_open_keys(api_client_id: int) -> list[OpenKey]:
    return await fetch_rows(
        OpenKey,
        """SELECT id, slot, prefix, expires_at FROM api_key
           WHERE api_client_id = $1 AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE""",
        api_client_id,
    )


async def lock_open_scim_tokens(organization_id: int) -> list[OpenKey]:
    """Lock the tokens of an organization's directory that have not ended; return them."""
    return await fetch_rows(
        OpenKey,
        """SELECT id, slot, prefix, expires_at FROM scim_token
           WHERE organization_id = $1 AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE""",
        organization_id,
    )


async def lock_directory_user(directory_user_id: UUID, *, organization_id: int) -> LockedDirectoryUser:
    """Lock a user of an organization's directory.

    Raises:
        NotFound: there is none, or the directory has deleted it.
    """
    user = await fetch_row(
        LockedDirectoryUser,
        """SELECT id, member_id, is_active, version, resource::text AS resource_json FROM directory_user
           WHERE id = $1 AND organization_id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE""",
        directory_user_id,
        organization_id,
    )
    if user is None:
        raise NotFound
    return user


async def lock_sign_in(state_hash: bytes) -> LockedSignIn | None:
    """Lock the sign-in that a state belongs to, if nobody has completed it."""
    return await fetch_row(
        LockedSignIn,
        """SELECT id, identity_issuer_id, browser_hash, nonce, verifier_sealed, return_to, expires_at
           FROM sign_in WHERE state_hash = $1 AND used_at IS NULL FOR UPDATE""",
        state_hash,
    )


async def lock_catalog() -> None:
    # Another import waits here, and then finds everything done.
    await execute("LOCK TABLE catalog_edition IN SHARE ROW EXCLUSIVE MODE")


async def lock_readings(provider: LearningProvider) -> None:
    # Two workers that count at once would both find room, and read too many transcripts together.
    await fetch_value("SELECT pg_advisory_xact_lock(hashtext($1))", f"readings at {provider}")


async def _lock_attempts(condition: str, *arguments: object) -> None:
    for statement in (
        f"""SELECT b.id FROM callback b JOIN association_attempt t ON t.id = b.attempt_id
            JOIN member m ON m.id = t.member_id
            WHERE {condition} AND b.status = 'PENDING' ORDER BY b.id FOR UPDATE OF b""",
        f"""SELECT t.id FROM association_attempt t JOIN member m ON m.id = t.member_id
            WHERE {condition} AND t.finished_at IS NULL ORDER BY t.id FOR UPDATE OF t""",
    ):
        await _lock_all(statement, *arguments)


async def _lock_all(statement: str, *arguments: object) -> None:
    # Counted, so that thousands of locked rows need not be sent here.
    await fetch_value(f"SELECT count(*) FROM ({statement}) locked", *arguments)
