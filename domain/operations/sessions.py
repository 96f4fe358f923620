"""Sessions: check them at their issuer within every hour, and end them when the issuer says so."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import Refusal, TryAgain
from domain.faults import describe_fault
from domain.notifications import ACCESS_CHANNEL, member_access
from domain.operations.steps.leases import SESSIONS, Lease, LeaseLost, acquire, release
from domain.operations.steps.storing import store_surely
from domain.providers.oidc import GrantRefused, Issuers, LogoutNotice, unverified_issuer
from domain.queries.issuers import issuers_named, trusted_issuer
from domain.rules.sign_in import ProviderUnavailable, SignInNotAccepted, redirect_key
from domain.settings import Settings

log = structlog.get_logger(__name__)

# Less than an hour, after which whoever is removed at the issuer must not be signed in here any more: a worker comes to
# a session some time after it is due.
CHECK_EVERY = timedelta(minutes=50)
# An issuer that is down keeps nobody signed out, and is asked again soon.
TRY_AGAIN_AFTER = timedelta(minutes=5)
BATCH = 1_000
# An issuer's clock may be behind ours.
LEEWAY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class SessionLease(Lease):
    """An open session that this worker checks."""

    member_id: int
    identity_issuer_id: int
    organization_id: int
    issuer: str
    refresh_sealed: bytes


@dataclass(frozen=True, kw_only=True)
class CheckedSession:
    """The issuer that was asked about a session, and its refusal where it gave no answer about the person."""

    identity_issuer_id: int
    refusal: ProviderUnavailable | None


async def check_session(
    *, now: datetime, settings: Settings, issuers: Issuers, without: Collection[int] = ()
) -> CheckedSession | None:
    """Ask an issuer whether one session that is due may go on, if one is; ``without`` are issuers to leave alone.

    Raises:
        TryAgain: the database is away; the lease lapses by itself.
    """
    lease = await lease_session(now=now, without=without)
    if lease is None:
        return None
    refusal: ProviderUnavailable | None = None
    with suppress(LeaseLost):
        try:
            trusted = await trusted_issuer(lease.identity_issuer_id)
            if trusted is None:
                raise GrantRefused
            key = settings.master_key
            renewed = await issuers.renew(trusted.client(settings), key.open(lease.refresh_sealed))
            refresh = renewed.refresh_token
            await store_surely(
                _go_on, lease=lease, refresh_sealed=key.seal(refresh) if refresh else None, at=now + CHECK_EVERY
            )
        except GrantRefused:
            await _end(lease=lease, now=now)
        except (TryAgain, LeaseLost):
            raise
        except ProviderUnavailable as unavailable:
            refusal = unavailable
            log.warning(
                "session not checked",
                organization=lease.organization_id,
                issuer=lease.issuer,
                code=refusal.code,
                error=getattr(refusal, "cause", "") or None,
            )
            await _go_on(lease=lease, refresh_sealed=None, at=now + TRY_AGAIN_AFTER)
        except Exception as error:
            log.error("session check failed", session=lease.id, **describe_fault(error))
            await _go_on(lease=lease, refresh_sealed=None, at=now + TRY_AGAIN_AFTER)
    return CheckedSession(identity_issuer_id=lease.identity_issuer_id, refusal=refusal)


@operation
async def lease_session(
    transaction: Transaction, *, now: datetime, without: Collection[int] = ()
) -> SessionLease | None:
    """Lease the session that has been due longest, if one is due; forget the grants of those that have expired."""
    await execute(
        """UPDATE browser_session SET refresh_sealed = NULL, next_check_at = NULL
           WHERE id IN (SELECT id FROM browser_session WHERE next_check_at <= $1 AND expires_at <= $1
                        ORDER BY next_check_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)""",
        now,
        BATCH,
    )
    return await fetch_row(
        SessionLease,
        """SELECT s.id, s.check_leased_until AS leased_until, s.check_tries AS tries, s.member_id,
               w.identity_issuer_id, i.organization_id, i.issuer, s.refresh_sealed
           FROM browser_session s JOIN work_identity w ON w.id = s.work_identity_id
           JOIN identity_issuer i ON i.id = w.identity_issuer_id
           WHERE s.id = ANY($1::bigint[])""",
        await acquire(SESSIONS, now, list(without)),
    )


@operation
async def _go_on(transaction: Transaction, *, lease: SessionLease, refresh_sealed: bytes | None, at: datetime) -> None:
    await release(SESSIONS, lease)
    await execute(
        """UPDATE browser_session SET refresh_sealed = coalesce($2, refresh_sealed), next_check_at = $3, check_tries = 0
           WHERE id = $1""",
        lease.id,
        refresh_sealed,
        at,
    )


@operation
async def _end(transaction: Transaction, *, lease: SessionLease, now: datetime) -> None:
    await release(SESSIONS, lease)
    await execute(
        """UPDATE browser_session SET ended_at = greatest(created_at, $2), refresh_sealed = NULL, next_check_at = NULL
           WHERE id = $1""",
        lease.id,
        now,
    )
    await transaction.notify(ACCESS_CHANNEL, member_access(lease.member_id))


async def receive_logout_notice(*, key: str, token: str, now: datetime, settings: Settings, issuers: Issuers) -> int:
    """End the sessions of an issuer's notice that came to the address with a key; return how many were open.

    Raises:
        SignInNotAccepted: nobody trusts the issuer at this address, or the notice is not valid.
        ProviderUnavailable: the issuer's keys cannot be read.
    """
    named = unverified_issuer(token)
    trusted = next(
        (
            row
            for row in await issuers_named(named or "")
            if redirect_key(organization_id=row.organization_id, issuer=row.issuer) == key
        ),
        None,
    )
    if trusted is None:
        raise SignInNotAccepted
    about = {"organization": trusted.organization_id, "issuer": trusted.issuer}
    try:
        notice = await issuers.verify_logout_token(token, trusted.client(settings), now=now)
    except Refusal as refusal:
        log.warning("logout notice refused", **about, code=refusal.code)
        raise
    ended = await end_sessions_of_issuer(identity_issuer_id=trusted.id, notice=notice, now=now)
    log.info("logout notice", **about, sessions=ended)
    return ended


@operation
async def end_sessions_of_issuer(
    transaction: Transaction, *, identity_issuer_id: int, notice: LogoutNotice, now: datetime
) -> int:
    """End the sessions that an issuer's notice speaks of, one or all of a person; return how many were open.

    A notice that comes again, or of a session that is not known here, changes nothing.
    """
    members: list[int] = await fetch_value(
        """WITH ended AS (
               UPDATE browser_session s SET ended_at = greatest(s.created_at, $4), refresh_sealed = NULL,
                   next_check_at = NULL
               FROM work_identity w
               WHERE w.id = s.work_identity_id AND w.identity_issuer_id = $1 AND s.ended_at IS NULL
                 AND (s.issuer_session = $3
                      -- A session that the issuer did not name ends with any of the person's. One that began after the
                      -- notice does not: somebody may send a notice a second time.
                      OR (s.issuer_subject = $2 AND ($3::text IS NULL OR s.issuer_session IS NULL)
                          AND s.created_at <= $5))
               RETURNING s.member_id)
           SELECT coalesce(array_agg(member_id), '{}') FROM ended""",
        identity_issuer_id,
        notice.subject,
        notice.session,
        now,
        notice.issued_at + LEEWAY,
    )
    await transaction.notify(ACCESS_CHANNEL, *map(member_access, sorted(set(members))))
    return len(members)
