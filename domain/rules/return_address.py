"""Check return addresses against open redirects."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from domain.errors import InvalidInput

MAX_RETURN_TO = 500
# Browsers read a backslash as a slash, and skip tabs and line breaks.
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


def is_path_here(address: str) -> bool:
    """Tell whether an address is a path on this site, however a browser reads it."""
    return _is_plain(address) and address.startswith("/") and not address.startswith("//")


def check_return_to(return_to: str | None, return_origins: Collection[str]) -> None:
    """Refuse to send people anywhere but to our own pages and known front-ends.

    Raises:
        InvalidInput: the address is another one.
    """
    if return_to is None or is_path_here(return_to):
        return
    try:
        parts = urlsplit(return_to)
    except ValueError:
        parts = None
    if parts is None or not _is_plain(return_to):
        raise InvalidInput("returnTo is not an address to come back to.")
    if f"{parts.scheme}://{parts.netloc}" not in return_origins:
        raise InvalidInput("returnTo must be a path here, or at one of the origins that are set up.")


def _is_plain(address: str) -> bool:
    return len(address) <= MAX_RETURN_TO and not _UNSAFE.search(address)
