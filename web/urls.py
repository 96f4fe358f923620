"""Redirect targets, kept on this site."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from starlette.requests import Request

HOME = "/profile"
MAX_LENGTH = 500

_IN_A_PATH = "/:@!$&'()*+,;=~-._"
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


def local_path(value: str | None, *, otherwise: str = HOME) -> str:
    """Return a path on our own site, or ``otherwise`` where the value could lead anywhere else."""
    if not value or len(value) > MAX_LENGTH or not value.startswith("/") or value.startswith("//"):
        return otherwise
    # Browsers read a backslash as a slash, and skip tabs and line breaks.
    if "\\" in value or any(character <= " " or character == "\x7f" for character in value):
        return otherwise
    return quote(value, safe="/?&=%#:;,+~!$'()*@-._")


def path_of(request: Request) -> str:
    """Return the path of a request, which the host that the request claims has no part in."""
    return quote(request.scope["path"], safe=_IN_A_PATH)


def address_of(request: Request) -> str:
    """Return the path of a request with its parameters."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{path_of(request)}?{query}" if query else path_of(request)


def on_public_host(request: Request, public_url: str) -> str | None:
    """Return an address on the host that we are set up for, where it was opened under another name of this machine.

    Cookies do not go from one name to the other, so a sign-in that starts under the wrong one cannot end.
    """
    public = urlsplit(public_url)
    claimed = request.url.hostname
    if claimed == public.hostname or not {claimed, public.hostname} <= _THIS_MACHINE:
        return None
    return f"{public.scheme}://{public.netloc}{address_of(request)}"


def sign_in_path(return_to: str) -> str:
    """Return the path of the sign-in that comes back to a path of ours."""
    return "/sign-in?" + urlencode({"return_to": return_to})


def with_attempt(return_to: str, attempt_id: str) -> str:
    """Return a front-end's address with the attempt's id as a parameter, and nothing else of the sign-in."""
    parts = urlsplit(return_to)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "attempt"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("attempt", attempt_id)])))
