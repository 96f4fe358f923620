"""Begin an authorization at an issuer, bound to one browser."""

from dataclasses import dataclass, field

from domain.providers.oidc import Client, Issuers
from domain.secrets import hash_token, new_token
from domain.settings import Settings


@dataclass(frozen=True, kw_only=True)
class SignInPage:
    """Where the browser goes on, and the token that binds the sign-in to it."""

    location: str
    browser_token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """A sign-in page, and what is stored to know its answer."""

    page: SignInPage
    state_hash: bytes
    browser_hash: bytes
    nonce: str
    verifier_sealed: bytes


async def begin_authorization(
    client: Client, *, browser_token: str | None, login_hint: str | None = None, settings: Settings, issuers: Issuers
) -> Authorization:
    """Ask an issuer for its sign-in page; no transaction may be open.

    Raises:
        ProviderUnavailable: the issuer does not answer.
    """
    state, nonce, verifier = new_token(), new_token(), new_token()
    # A browser that has a token already keeps it, so that two tabs do not disturb each other.
    browser_token = browser_token or new_token()
    location = await issuers.authorization_url(
        client, state=state, nonce=nonce, verifier=verifier, login_hint=login_hint
    )
    return Authorization(
        page=SignInPage(location=location, browser_token=browser_token),
        state_hash=hash_token(state),
        browser_hash=hash_token(browser_token),
        nonce=nonce,
        verifier_sealed=settings.master_key.seal(verifier),
    )
