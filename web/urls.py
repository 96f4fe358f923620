"""Redirect targets, kept on this site."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from starlette.requests import Request

from domain.rules.return_address import is_path_here

HOME = "/profile"

_IN_A_PATH = "/:@!$&'()*+,;=~-._"
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


def local_path(value: str | None, *, otherwise: str = HOME) -> str:
    """Return a path on our own site, or ``otherwise`` where the value could lead anywhere else."""
    return quote(value, safe="/?&=%#:;,+~!$'()*@-._") if value and is_path_here(value) else otherwise


def path_of(request: Request) -> str:
    # Without the host: a client can claim any, and a redirect to it would hand over what the address holds.
    return quote(request.scope["path"], safe=_IN_A_PATH)


def address_of(request: Request) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return f"{path_of(request)}?{query}" if query else path_of(request)


def on_public_host(request: Request, public_url: str) -> str | None:
    """Return the same address on the public host, where it was opened under another name of this machine."""
    # Cookies are not shared between these names, so a sign-in that starts under the wrong one cannot end.
    public = urlsplit(public_url)
    claimed = request.url.hostname
    if claimed == public.hostname or not {claimed, public.hostname} <= _THIS_MACHINE:
        return None
    return f"{public.scheme}://{public.netloc}{address_of(request)}"


def sign_in_path(return_to: str) -> str:
    return "/sign-in?" + urlencode({"return_to": return_to})


def with_attempt(return_to: str, attempt_id: str) -> str:
    """Return a front-end's address with the attempt's id as a parameter, and nothing else of the sign-in."""
    parts = urlsplit(return_to)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "attempt"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("attempt", attempt_id)])))
