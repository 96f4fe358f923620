"""Where may a page send a person next?"""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

HOME = "/profile"
MAX_LENGTH = 500


def local_path(value: str | None, *, otherwise: str = HOME) -> str:
    """Return a path on our own site, or ``otherwise`` where the value could lead anywhere else."""
    if not value or len(value) > MAX_LENGTH or not value.startswith("/") or value.startswith("//"):
        return otherwise
    # Browsers read a backslash as a slash, and skip tabs and line breaks.
    if "\\" in value or any(character <= " " or character == "\x7f" for character in value):
        return otherwise
    return quote(value, safe="/?&=%#:;,+~!$'()*@-._")


def sign_in_path(return_to: str) -> str:
    """Return the path of the sign-in that comes back to a path of ours."""
    return "/sign-in?" + urlencode({"return_to": return_to})


def with_attempt(return_to: str, attempt_id: str) -> str:
    """Return a front-end's address with the attempt's id as a parameter, and nothing else of the sign-in."""
    parts = urlsplit(return_to)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "attempt"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("attempt", attempt_id)])))
