"""How does the issuer's answer become a signed-in browser?"""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.models import BrowserSession
from domain.operations.activate_member import activate_member
from domain.operations.receive_callback import DECLINED, is_code
from domain.operations.start_sign_in import ORGANIZATION_ISSUER, OrganizationIssuer
from domain.providers.oidc import Issuers
from domain.rules.sign_in import (
    Identity,
    NotAMember,
    SignInDeclined,
    SignInNotAccepted,
    SignInNotKnown,
    check_answering_issuer,
    check_not_expired,
    redirect_key,
)
from domain.rules.visibility import MemberViewer
from domain.secrets import SecretKey, hash_token, new_token
from domain.settings import Settings


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
