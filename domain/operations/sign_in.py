"""Sign-in with a work account: start, complete and end it."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.database.pool import execute, fetch_row
from domain.database.transaction import Transaction, operation, transaction
from domain.errors import Refusal
from domain.models import BrowserSession, SignIn
from domain.notifications import ACCESS_CHANNEL, member_access
from domain.operations.members import activate_member, follow_identity, request_replacement
from domain.operations.sessions import CHECK_EVERY
from domain.operations.steps.authorization import SignInPage, begin_authorization
from domain.operations.steps.locks import LockedSignIn, keep_identity_bound, lock_sign_in
from domain.providers.oidc import Grant, Issuers
from domain.queries.callers import viewer_of_identity
from domain.queries.issuers import TrustedIssuer, issuers_of_domain, trusted_issuer
from domain.rules.identity import Identity, identify
from domain.rules.mail import domain_of, one_spelling
from domain.rules.return_address import check_return_to
from domain.rules.sign_in import (
    DECLINED,
    AccountReplaced,
    NotAMember,
    ProviderUnavailable,
    SignInDeclined,
    SignInNotAccepted,
    SignInNotKnown,
    check_answering_issuer,
    check_not_expired,
    is_code,
    redirect_key,
)
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token, new_token
from domain.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class CompletedSignIn:
    """The session's token, for the browser's cookie alone, and where the person goes on."""

    session_token: str
    return_to: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class EndedSession:
    """A session that has just ended, as its issuer knows it."""

    member_id: int
    identity_issuer_id: int | None
    id_token_sealed: bytes | None


async def issuers_of_address(email: str) -> list[TrustedIssuer]:
    """Return where somebody with a work e-mail may sign in, the newest issuer first.

    Raises:
        NotAMember: no organization has this mail domain.
    """
    work_email = one_spelling(email.strip())
    issuers = await issuers_of_domain(domain_of(work_email)) if work_email else []
    if not issuers:
        raise NotAMember
    return issuers


async def start_sign_in(
    *,
    email: str,
    return_to: str,
    issuer: str | None = None,
    browser_token: str | None = None,
    now: datetime,
    settings: Settings,
    issuers: Issuers,
) -> SignInPage:
    """Start a sign-in at an issuer of the organization whose mail domain the work e-mail has, by default its newest.

    Raises:
        NotAMember: no organization has this mail domain, or it does not trust this issuer.
        InvalidInput: ``return_to`` leads elsewhere.
        ProviderUnavailable: the issuer does not answer.
    """
    check_return_to(return_to, settings.return_origins)
    trusted = next((row for row in await issuers_of_address(email) if issuer in (None, row.issuer)), None)
    if trusted is None:
        raise NotAMember
    authorization = await begin_authorization(
        trusted.client(settings),
        browser_token=browser_token,
        login_hint=one_spelling(email.strip()),
        settings=settings,
        issuers=issuers,
    )
    # The transaction begins here, since none may be open during the call to the issuer.
    async with transaction():
        await SignIn.create(
            # Remembered, so that a sign-in that began at an issuer before a change ends refused.
            identity_issuer_id=trusted.id,
            state_hash=authorization.state_hash,
            browser_hash=authorization.browser_hash,
            nonce=authorization.nonce,
            verifier_sealed=authorization.verifier_sealed,
            return_to=return_to,
            created_at=now,
            expires_at=now + settings.policy.attempt_lifetime,
        )
    return authorization.page


async def complete_sign_in(
    *,
    redirected_to: str,
    state: str,
    code: str | None,
    error: str | None,
    issuer: str | None,
    browser_token: str | None,
    now: datetime,
    settings: Settings,
    issuers: Issuers,
) -> CompletedSignIn:
    """Exchange the code, find the member (R2) and open a session; a state works once.

    ``redirected_to`` is the key of the redirect URI that the answer came to. It says whose answer it is, also where the
    issuer does not, and a code is exchanged only there.

    Raises:
        SignInNotKnown: the state is forged, used, or another browser's.
        SignInExpired: the ten minutes are over.
        SignInDeclined: the person said no at the issuer.
        SignInNotAccepted: the issuer refuses the code, another issuer speaks, or the organization trusts another one
            by now.
        AddressMissing, AddressNotVerified, AddressNotOfOrganization: the issuer confirms no address of theirs.
        NotAMember: nobody invited this work account.
        AccountReplaced: an admin has to confirm that the new account is the member's.
        BoundElsewhere: the account is a member of another organization.
        ClientRefused: the issuer refuses our client.
        ProviderUnavailable: the issuer does not answer.
    """
    sign_in = await _consume(state=state, browser_token=browser_token, now=now)
    check_not_expired(sign_in.expires_at, now=now)
    trusted = await trusted_issuer(sign_in.identity_issuer_id)
    if trusted is None or redirected_to != redirect_key(organization_id=trusted.organization_id, issuer=trusted.issuer):
        raise SignInNotAccepted
    step, identity = "answer", None
    try:
        check_answering_issuer(issuer, expected=trusted.issuer)
        if error is not None:
            raise SignInDeclined if error == DECLINED else SignInNotAccepted(_known_error(error))
        if not is_code(code):
            raise SignInNotAccepted
        step = "token"
        client = trusted.client(settings)
        grant = await issuers.exchange(
            client,
            code=code,
            named_issuer=issuer,
            verifier=settings.master_key.open(sign_in.verifier_sealed),
            nonce=sign_in.nonce,
            now=now,
        )
        identity = identify(grant.claims, trusted.trust)
        if identity.address is None or identity.name is None:
            step = "userinfo"
            try:
                identity = identify(await issuers.with_userinfo(client, grant, now=now), trusted.trust)
            except ProviderUnavailable:
                # Who is bound is known by the subject alone: a userinfo that is down keeps none of them out.
                if await viewer_of_identity(trusted.id, identity.subject) is None:
                    raise
        step = "member"
        viewer = await activate_member(identity=identity, identity_issuer_id=trusted.id, now=now)
    except Refusal as refusal:
        # What a company's IT and the operator need to find the cause, and nothing of the person.
        log.warning(
            "sign-in refused",
            organization=trusted.organization_id,
            issuer=trusted.issuer,
            step=step,
            code=refusal.code,
            error=getattr(refusal, "cause", "") or None,
        )
        if identity is not None and isinstance(refusal, AccountReplaced):
            await request_replacement(identity=identity, identity_issuer_id=trusted.id, now=now)
        raise
    await follow_identity(viewer=viewer, identity=identity, now=now)
    token = new_token()
    expires_at = now + settings.session_lifetime
    await _open_session(
        viewer=viewer,
        identity=identity,
        trusted=trusted,
        grant=grant,
        token_hash=hash_token(token),
        now=now,
        expires_at=expires_at,
        settings=settings,
    )
    return CompletedSignIn(session_token=token, return_to=sign_in.return_to, expires_at=expires_at)


@operation
async def end_session(transaction: Transaction, *, token: str, now: datetime) -> EndedSession | None:
    """End the session that a cookie's token belongs to, if there is one; return it as its issuer knows it."""
    ended = await fetch_row(
        EndedSession,
        """WITH ended AS (
               UPDATE browser_session SET ended_at = greatest(created_at, $2), refresh_sealed = NULL,
                   next_check_at = NULL
               WHERE token_hash = $1 AND ended_at IS NULL RETURNING member_id, work_identity_id, id_token_sealed)
           SELECT e.member_id, w.identity_issuer_id, e.id_token_sealed
           FROM ended e LEFT JOIN work_identity w ON w.id = e.work_identity_id""",
        hash_token(token),
        now,
    )
    if ended is not None:
        await transaction.notify(ACCESS_CHANNEL, member_access(ended.member_id))
    return ended


@operation
async def _consume(transaction: Transaction, *, state: str, browser_token: str | None, now: datetime) -> LockedSignIn:
    """Use up a state, which works only in the browser that it was made for."""
    sign_in = await lock_sign_in(hash_token(state))
    if sign_in is None or browser_token is None or hash_token(browser_token) != sign_in.browser_hash:
        raise SignInNotKnown
    await execute("UPDATE sign_in SET used_at = $2 WHERE id = $1", sign_in.id, now)
    return sign_in


@operation
async def _open_session(
    transaction: Transaction,
    *,
    viewer: MemberViewer,
    identity: Identity,
    trusted: TrustedIssuer,
    grant: Grant,
    token_hash: bytes,
    now: datetime,
    expires_at: datetime,
    settings: Settings,
) -> None:
    # A removal (R8) or a change of issuer at the same moment is waited for: then there is no session.
    binding_id = await keep_identity_bound(viewer.member_id, trusted.id, identity.subject)
    if binding_id is None:
        raise SignInNotAccepted
    seal = settings.master_key.seal
    issuer_session = grant.claims.get("sid")
    await BrowserSession.create(
        member_id=viewer.member_id,
        work_identity_id=binding_id,
        token_hash=token_hash,
        issuer_session=issuer_session if isinstance(issuer_session, str) and len(issuer_session) <= 255 else None,
        id_token_sealed=seal(grant.id_token),
        refresh_sealed=seal(grant.refresh_token) if grant.refresh_token else None,
        next_check_at=now + CHECK_EVERY if grant.refresh_token else None,
        created_at=now,
        expires_at=expires_at,
    )


def _known_error(error: str) -> str:
    """Return an issuer's error code for the log, if it looks like one: it comes from outside."""
    return error if len(error) <= 60 and error.isascii() and error.replace("_", "").isalnum() else "other"
