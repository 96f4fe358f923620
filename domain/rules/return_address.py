"""Check the address to which a person is sent back."""

from collections.abc import Collection
from urllib.parse import urlsplit

from domain.errors import InvalidInput

MAX_RETURN_TO = 500


def check_return_to(return_to: str | None, return_origins: Collection[str]) -> None:
    """Refuse to send people anywhere but to our own pages and known front-ends.

    Raises:
        InvalidInput: the address is another one.
    """
    if return_to is None:
        return
    if len(return_to) > MAX_RETURN_TO or "\\" in return_to or any(ord(character) <= 32 for character in return_to):
        raise InvalidInput("returnTo is not an address to come back to.")
    try:
        parts = urlsplit(return_to)
    except ValueError:
        raise InvalidInput("returnTo is not an address to come back to.") from None
    is_path = not parts.scheme and not parts.netloc and return_to.startswith("/") and not return_to.startswith("//")
    if not is_path and f"{parts.scheme}://{parts.netloc}" not in return_origins:
        raise InvalidInput("returnTo must be a path here, or at one of the origins that are set up.")
