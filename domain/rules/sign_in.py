"""Sign-in with an issuer: identities and checks of its answer (R2, R3)."""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeGuard

from domain.errors import InvalidInput, Refusal
from domain.rules.text import is_printable

MAX_CODE = 4096
MAX_ISSUER = 500
DECLINED = "access_denied"


class SignInNotKnown(Refusal):
    """No sign-in that waits for this browser has the state that it returns with."""

    code = "SIGN_IN_NOT_KNOWN"

    def __init__(self) -> None:
        super().__init__(
            "This sign-in is not known here, was already used, or belongs to another browser. Nothing was changed. "
            "Please start again."
        )


class SignInExpired(Refusal):
    """The answer came later than a sign-in may take."""

    code = "SIGN_IN_EXPIRED"

    def __init__(self) -> None:
        super().__init__("This sign-in took too long and has expired. Nothing was changed. Please start again.")


class SignInDeclined(Refusal):
    """The person, or the learning provider, canceled the sign-in."""

    code = "SIGN_IN_DECLINED"

    def __init__(self) -> None:
        super().__init__("The sign-in was canceled. Nothing was changed, and this try does not count.")


class SignInNotAccepted(Refusal):
    """The learning provider's answer could not be confirmed."""

    code = "SIGN_IN_NOT_ACCEPTED"

    def __init__(self, cause: str = "") -> None:
        # For the log: the OAuth error or the step, without anything of the person.
        self.cause = cause
        super().__init__(
            "The sign-in could not be confirmed. Nothing was changed, and this try does not count. Please try again."
        )


# Identity issuers are refused by the same class: for the person it is the same, whoever does not answer.
class ProviderUnavailable(Refusal):
    """The learning provider does not answer, or is not set up."""

    code = "PROVIDER_UNAVAILABLE"

    def __init__(self, title: str, retry_after: timedelta | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(
            f"{title} does not answer at the moment. Nothing was changed, and this try does not count. "
            "Please try again later."
        )


class ClientRefused(ProviderUnavailable):
    """The issuer refuses certlink's own client: a secret or a key has expired or was changed there."""

    code = "CLIENT_REFUSED"

    def __init__(self, title: str, cause: str = "") -> None:
        super().__init__(title)
        self.cause = cause
        self.message = (
            f"{title} refuses certlink itself, whoever signs in: its secret or key there is not valid any more. "
            "Please tell your organization's IT or the operator of certlink. Nothing was changed."
        )


# Rule R3.
class ProfileIncomplete(Refusal):
    """The learning account has no complete certification profile, hence no MCID."""

    code = "PROFILE_INCOMPLETE"

    def __init__(self, title: str) -> None:
        super().__init__(
            f"{title} has no complete certification profile for this account. Complete it there, then try again. "
            "This try does not count."
        )


# Rule R2.
class NotAMember(Refusal):
    """The work account belongs to nobody who was invited."""

    code = "NOT_A_MEMBER"

    def __init__(self) -> None:
        super().__init__(
            "Your work account is not invited to an organization here. Ask an admin of your organization to invite you."
        )


class AccountReplaced(Refusal):
    """The address is a member's whose work account at the issuer is another one."""

    code = "ACCOUNT_REPLACED"

    def __init__(self) -> None:
        super().__init__(
            "Your organization's sign-in knows you by a new account. An admin of your organization has to confirm that "
            "it is yours; everything that you have here stays yours. Ask one, then sign in again."
        )


class BoundElsewhere(Refusal):
    """The work account is another member's already."""

    code = "BOUND_ELSEWHERE"

    # An admin is not told whose it is: it may be a member of another organization (R17).
    OF_ANOTHER_MEMBER = (
        "The new work account is another member's already, and one account belongs to one member. "
        "Refuse it, or have the other member removed first. Nothing was changed."
    )

    def __init__(
        self,
        message: str = (
            "Your work account belongs to another organization here, and one account belongs to one organization. "
            "Ask an admin of the other one to remove you first. Nothing was changed."
        ),
    ) -> None:
        super().__init__(message)


# A redirect URI of its own tells whose answer it is, since not every issuer names itself (RFC 9207, decision 0015).
def redirect_key(*, organization_id: int, issuer: str) -> str:
    """Return the part of a redirect URI that is unique to an organization and its issuer."""
    return sha256(f"{organization_id} {issuer}".encode()).hexdigest()[:32]


def sign_in_redirect_uri(public_url: str, *, organization_id: int, issuer: str) -> str:
    return f"{public_url}/sign-in/callback/{redirect_key(organization_id=organization_id, issuer=issuer)}"


def check_issuer(issuer: str) -> None:
    """Refuse what cannot be an OpenID Connect issuer (Discovery, 3).

    Raises:
        InvalidInput: it is no web address of at most 500 characters, or has a query or a fragment.
    """
    is_address = re.fullmatch(r"https?://[^\s/?#\\]+[^\s?#\\]*", issuer)
    if not is_address or not is_printable(issuer, max_length=MAX_ISSUER):
        raise InvalidInput("This is no issuer: write it as its discovery document does, such as https://login.example.")


def check_answering_issuer(named: str | None, *, expected: str, is_named_always: bool = False) -> None:
    """Refuse an answer that names another issuer, or no issuer although its issuer always names itself (RFC 9207).

    Raises:
        SignInNotAccepted: the answer may be another issuer's.
    """
    # Otherwise an attacker with an issuer of their own could get the code of an honest one (a mix-up).
    if (named is None and is_named_always) or (named is not None and named != expected):
        raise SignInNotAccepted


def check_not_expired(expires_at: datetime, *, now: datetime) -> None:
    """Refuse an answer at or after the end of its sign-in or attempt.

    Raises:
        SignInExpired: the time is over.
    """
    if expires_at <= now:
        raise SignInExpired


def is_code(code: str | None) -> TypeGuard[str]:
    """Tell whether a text can be an authorization code (RFC 6749, A.11: visible ASCII)."""
    return code is not None and code != "" and code.isascii() and is_printable(code, max_length=MAX_CODE)
