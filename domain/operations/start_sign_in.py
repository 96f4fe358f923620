"""How does a member begin to sign in with their work account?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.database.pool import fetch_row
from domain.database.transaction import Transaction, operation
from domain.models import SignIn
from domain.operations.start_association import check_return_to
from domain.providers.oidc import Client, Issuers
from domain.rules.sign_in import NotAMember, sign_in_redirect_uri
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
    check_return_to(return_to, settings)
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
