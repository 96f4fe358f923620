"""Check authorization requests and their redirect URIs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote, urlencode, urlsplit

from sandbox.refusals import Refusal

VALUE_LIMIT = 2048
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_CALLBACK_PATHS = ("/callbacks/", "/sign-in/")


@dataclass(frozen=True)
class AuthorizationRequest:
    redirect_uri: str
    state: str | None
    nonce: str | None
    scope: str
    code_challenge: str
    login_hint: str | None


class UnansweredRequest(Exception):
    """The client or the redirect URI is unknown: the answer is a page and never a redirect."""


class AnsweredRefusal(Exception):
    """The refusal is sent to the request's redirect URI."""

    def __init__(self, redirect_uri: str, state: str | None, error: str, description: str) -> None:
        super().__init__(description)
        self.redirect_uri = redirect_uri
        self.state = state
        self.error = error
        self.description = description


def read_authorization_request(parameters: Mapping[str, str], *, client_id: str) -> AuthorizationRequest:
    """Check an authorization request.

    Raises:
        UnansweredRequest: unknown client, or a redirect URI that is not registered.
        AnsweredRefusal: anything else that is missing or not supported.
    """
    if parameters.get("client_id") != client_id:
        raise UnansweredRequest("The client_id is missing or unknown here.")
    redirect_uri = parameters.get("redirect_uri", "")
    if not is_registered(redirect_uri):
        raise UnansweredRequest("The redirect_uri is missing or not registered here.")
    state = parameters.get("state")
    try:
        _check_parameters(parameters)
    except Refusal as refusal:
        # What is too long to be kept is not sent back either.
        kept_state = state if state is not None and len(state) <= VALUE_LIMIT else None
        raise AnsweredRefusal(redirect_uri, kept_state, refusal.error, refusal.description) from None
    return AuthorizationRequest(
        redirect_uri=redirect_uri,
        state=state,
        nonce=parameters.get("nonce"),
        scope=parameters["scope"],
        code_challenge=parameters["code_challenge"],
        login_hint=parameters.get("login_hint"),
    )


def is_registered(redirect_uri: str) -> bool:
    """Tell whether a redirect URI is on a loopback host, below /callbacks/ or /sign-in/."""
    if not _VISIBLE.fullmatch(redirect_uri) or len(redirect_uri) > VALUE_LIMIT or set(redirect_uri) & set("#\\"):
        return False
    try:
        parts = urlsplit(redirect_uri)
        # Reading the port is what makes a nonsense one raise.
        _ = parts.port
        is_loopback = parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
    steps = unquote(parts.path).split("/")
    return (
        parts.scheme in ("http", "https")
        and "@" not in parts.netloc
        and is_loopback
        and parts.path.startswith(_CALLBACK_PATHS)
        and not {".", ".."} & set(steps)
    )


def answer_location(redirect_uri: str, answer: Mapping[str, str | None]) -> str:
    """Return the redirect URI with the answer's parameters added to its query."""
    query = urlencode({name: value for name, value in answer.items() if value is not None})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


def _check_parameters(parameters: Mapping[str, str]) -> None:
    for name, value in parameters.items():
        if len(value) > VALUE_LIMIT:
            raise Refusal(400, "invalid_request", f"A parameter is longer than {VALUE_LIMIT} characters.")
        if name in ("request", "request_uri"):
            raise Refusal(400, f"{name}_not_supported", f"The parameter {name} is not supported.")
    if "response_type" not in parameters:
        raise Refusal(400, "invalid_request", "The response_type is missing.")
    if parameters["response_type"] != "code":
        raise Refusal(400, "unsupported_response_type", "The response_type must be code.")
    if parameters.get("response_mode", "query") != "query":
        raise Refusal(400, "invalid_request", "The response_mode must be query.")
    if "openid" not in parameters.get("scope", "").split(" "):
        raise Refusal(400, "invalid_scope", "The scope must contain openid.")
    if parameters.get("code_challenge_method") != "S256":
        raise Refusal(400, "invalid_request", "PKCE is required: code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(parameters.get("code_challenge", "")):
        raise Refusal(400, "invalid_request", "PKCE is required: code_challenge must be a SHA-256 in base64url.")
    if "none" in parameters.get("prompt", "").split(" "):
        raise Refusal(400, "login_required", "Somebody has to choose a persona.")
