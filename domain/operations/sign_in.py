"""Sign-in with a work account: start, complete and end it."""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation, transaction
from domain.models import BrowserSession, SignIn
from domain.notifications import ACCESS_CHANNEL, member_access
from domain.operations.members import activate_member
from domain.operations.steps.authorization import SignInPage, begin_authorization
from domain.operations.steps.locks import LockedSignIn, keep_member_active, lock_sign_in
from domain.providers.oidc import Client, Issuers
from domain.rules.return_address import check_return_to
from domain.rules.sign_in import (
    DECLINED,
    Identity,
    NotAMember,
    SignInDeclined,
    SignInNotAccepted,
    SignInNotKnown,
    check_answering_issuer,
    check_not_expired,
    is_code,
    redirect_key,
    sign_in_redirect_uri,
)
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token, new_token
from domain.settings import Settings


@dataclass(frozen=True, kw_only=True)
class CompletedSignIn:
    """The session's token, for the browser's cookie alone, and where the person goes on."""

    session_token: str
    return_to: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class _OrganizationIssuer:
    organization_id: int
    organization_name: str
    issuer: str
    client_id: str
    client_secret_sealed: bytes | None

    def client(self, settings: Settings) -> Client:
        return Client(
            issuer=self.issuer,
            client_id=self.client_id,
            client_secret=settings.master_key.open(self.client_secret_sealed) if self.client_secret_sealed else "",
            redirect_uri=sign_in_redirect_uri(
                settings.public_url, organization_id=self.organization_id, issuer=self.issuer
            ),
            title=f"The sign-in of {self.organization_name}",
        )


_ISSUER = """SELECT o.id AS organization_id, o.name AS organization_name, o.issuer, o.client_id,
    o.client_secret_sealed FROM organization o"""


async def start_sign_in(
    *,
    email: str,
    return_to: str,
    browser_token: str | None = None,
    now: datetime,
    settings: Settings,
    issuers: Issuers,
) -> SignInPage:
    """Start a sign-in at the issuer of the organization whose mail domain the work e-mail has.

    Raises:
        NotAMember: no organization has this mail domain.
        InvalidInput: ``return_to`` leads elsewhere.
        ProviderUnavailable: the issuer does not answer.
    """
    check_return_to(return_to, settings.return_origins)
    work_email = email.strip().lower()
    trusted = await fetch_row(_OrganizationIssuer, _ISSUER + " WHERE o.domain = $1", work_email.rpartition("@")[2])
    if trusted is None or "@" not in work_email or len(work_email) > 320:
        raise NotAMember
    authorization = await begin_authorization(
        trusted.client(settings),
        browser_token=browser_token,
        login_hint=work_email,
        settings=settings,
        issuers=issuers,
    )
    # The transaction begins here, since none may be open during the call to the issuer.
    async with transaction():
        await SignIn.create(
            organization_id=trusted.organization_id,
            # Remembered, so that a sign-in that began at an issuer before a change ends refused.
            issuer=trusted.issuer,
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

    ``redirected_to`` is the key of the redirect URI that the answer came to.

    Raises:
        SignInNotKnown: the state is forged, used, or another browser's.
        SignInExpired: the ten minutes are over.
        SignInDeclined: the person said no at the issuer.
        SignInNotAccepted: the issuer refuses the code, another issuer speaks, or the organization trusts another one
            by now.
        NotAMember: nobody invited this work account.
        ProviderUnavailable: the issuer does not answer.
    """
    sign_in = await _consume(state=state, browser_token=browser_token, now=now)
    check_not_expired(sign_in.expires_at, now=now)
    trusted = await fetch_row(_OrganizationIssuer, _ISSUER + " WHERE o.id = $1", sign_in.organization_id)
    assert trusted is not None
    # The redirect URI that the answer came to says whose answer it is, also where the issuer does not name itself.
    if trusted.issuer != sign_in.issuer or redirected_to != redirect_key(
        organization_id=sign_in.organization_id, issuer=sign_in.issuer
    ):
        raise SignInNotAccepted
    check_answering_issuer(issuer, expected=trusted.issuer)
    if error is not None:
        raise SignInDeclined if error == DECLINED else SignInNotAccepted
    if not is_code(code):
        raise SignInNotAccepted
    grant = await issuers.exchange(
        trusted.client(settings),
        code=code,
        named_issuer=issuer,
        verifier=settings.master_key.open(sign_in.verifier_sealed),
        nonce=sign_in.nonce,
        now=now,
    )
    viewer = await activate_member(identity=grant.identity, now=now)
    if viewer is None:
        raise NotAMember
    token = new_token()
    expires_at = now + settings.session_lifetime
    await _open_session(
        viewer=viewer, identity=grant.identity, token_hash=hash_token(token), now=now, expires_at=expires_at
    )
    return CompletedSignIn(session_token=token, return_to=sign_in.return_to, expires_at=expires_at)


@operation
async def end_session(transaction: Transaction, *, token: str, now: datetime) -> None:
    """End the session that a cookie's token belongs to, if there is one."""
    member_id = await fetch_value(
        """UPDATE browser_session SET ended_at = greatest(created_at, $2)
           WHERE token_hash = $1 AND ended_at IS NULL RETURNING member_id""",
        hash_token(token),
        now,
    )
    if member_id is not None:
        await transaction.notify(ACCESS_CHANNEL, member_access(member_id))


@operation
async def _consume(transaction: Transaction, *, state: str, browser_token: str | None, now: datetime) -> LockedSignIn:
    # Committed before the issuer is asked: of two answers with one state, one is exchanged.
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
    token_hash: bytes,
    now: datetime,
    expires_at: datetime,
) -> None:
    # A removal (R8) or a change of issuer at the same moment is waited for: then there is no session.
    if not await keep_member_active(viewer.member_id, identity=identity):
        raise SignInNotAccepted
    await BrowserSession.create(
        member_id=viewer.member_id, token_hash=token_hash, created_at=now, expires_at=expires_at
    )
