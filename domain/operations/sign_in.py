"""How does a member begin to sign in with their work account?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.models import BrowserSession, SignIn
from domain.notifications import ACCESS_CHANNEL, member_access
from domain.operations.members import activate_member
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
from domain.secrets import SecretKey, hash_token, new_token
from domain.settings import Settings


@dataclass(frozen=True, kw_only=True)
class StartedSignIn:
    """Where the browser goes on, and the token that binds the sign-in to it."""

    location: str
    browser_token: str


@dataclass(frozen=True, kw_only=True)
class OrganizationIssuer:
    """An organization's own identity issuer."""

    organization_id: int
    organization_name: str
    issuer: str
    client_id: str
    client_secret_sealed: bytes | None

    def client(self, settings: Settings) -> Client:
        """Return who we are at the issuer."""
        key = SecretKey(settings.secret_key.get_secret_value())
        return Client(
            issuer=self.issuer,
            client_id=self.client_id,
            client_secret=key.open(self.client_secret_sealed) if self.client_secret_sealed else "",
            redirect_uri=sign_in_redirect_uri(
                settings.public_url, organization_id=self.organization_id, issuer=self.issuer
            ),
            title=f"The sign-in of {self.organization_name}",
        )


ORGANIZATION_ISSUER = """SELECT o.id AS organization_id, o.name AS organization_name, o.issuer, o.client_id,
    o.client_secret_sealed FROM organization o"""


async def start_sign_in(
    *,
    email: str,
    return_to: str,
    browser_token: str | None = None,
    now: datetime,
    settings: Settings,
    issuers: Issuers,
) -> StartedSignIn:
    """Begin a sign-in at the issuer of the organization whose mail domain the work e-mail has.

    Raises:
        NotAMember: no organization has this mail domain.
        InvalidInput: ``return_to`` leads elsewhere.
        ProviderUnavailable: the issuer does not answer.
    """
    check_return_to(return_to, settings.return_origins)
    work_email = email.strip().lower()
    found = await fetch_row(
        OrganizationIssuer, f"{ORGANIZATION_ISSUER} WHERE o.domain = $1", work_email.rpartition("@")[2]
    )
    if found is None or "@" not in work_email or len(work_email) > 320:
        raise NotAMember
    state, nonce, verifier = new_token(), new_token(), new_token()
    browser_token = browser_token or new_token()
    location = await issuers.authorization_url(
        found.client(settings), state=state, nonce=nonce, verifier=verifier, login_hint=work_email
    )
    await _write(
        organization_id=found.organization_id,
        issuer=found.issuer,
        state_hash=hash_token(state),
        browser_hash=hash_token(browser_token),
        nonce=nonce,
        verifier_sealed=SecretKey(settings.secret_key.get_secret_value()).seal(verifier),
        return_to=return_to,
        created_at=now,
        expires_at=now + settings.policy.attempt_lifetime,
    )
    return StartedSignIn(location=location, browser_token=browser_token)


@operation
async def _write(transaction: Transaction, /, **values: Any) -> None:
    await SignIn.create(**values)


@dataclass(frozen=True, kw_only=True)
class CompletedSignIn:
    """The session's token, for the browser's cookie alone, and where the person goes on."""

    session_token: str
    return_to: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class _SignIn:
    id: int
    organization_id: int
    issuer: str
    browser_hash: bytes
    nonce: str
    verifier_sealed: bytes
    return_to: str
    expires_at: datetime


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

    ``redirected_to`` is the key of the redirect URI that the answer came to: it says whose answer it is, also where the
    issuer does not, and a code is exchanged nowhere else.

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
    found = await fetch_row(OrganizationIssuer, f"{ORGANIZATION_ISSUER} WHERE o.id = $1", sign_in.organization_id)
    assert found is not None
    if found.issuer != sign_in.issuer or redirected_to != redirect_key(
        organization_id=sign_in.organization_id, issuer=sign_in.issuer
    ):
        raise SignInNotAccepted
    check_answering_issuer(issuer, expected=found.issuer)
    if error is not None:
        raise SignInDeclined if error == DECLINED else SignInNotAccepted
    if not is_code(code):
        raise SignInNotAccepted
    grant = await issuers.exchange(
        found.client(settings),
        code=code,
        named_issuer=issuer,
        verifier=SecretKey(settings.secret_key.get_secret_value()).open(sign_in.verifier_sealed),
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
async def _consume(transaction: Transaction, *, state: str, browser_token: str | None, now: datetime) -> _SignIn:
    sign_in = await fetch_row(
        _SignIn,
        """SELECT id, organization_id, issuer, browser_hash, nonce, verifier_sealed, return_to, expires_at
           FROM sign_in WHERE state_hash = $1 AND used_at IS NULL FOR UPDATE""",
        hash_token(state),
    )
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
    # Who is removed (R8) at the same moment is waited for, and so is a change of issuer: then there is no session.
    if not await fetch_value(
        "SELECT id FROM member WHERE id = $1 AND status = 'ACTIVE' AND issuer = $2 AND subject = $3 FOR SHARE",
        viewer.member_id,
        identity.issuer,
        identity.subject,
    ):
        raise SignInNotAccepted
    await BrowserSession.create(
        member_id=viewer.member_id, token_hash=token_hash, created_at=now, expires_at=expires_at
    )


@operation
async def end_session(transaction: Transaction, *, token: str, now: datetime) -> None:
    """End the session that a cookie's token opens, if there is one."""
    member_id = await fetch_value(
        """UPDATE browser_session SET ended_at = greatest(created_at, $2)
           WHERE token_hash = $1 AND ended_at IS NULL RETURNING member_id""",
        hash_token(token),
        now,
    )
    if member_id is not None:
        await transaction.notify(ACCESS_CHANNEL, member_access(member_id))
