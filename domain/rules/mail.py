"""Mail domains and work addresses, each in one spelling."""

import re
import unicodedata

import idna

from domain.errors import InvalidInput
from domain.rules.text import is_printable

MAX_ADDRESS = 320
MAX_DOMAIN = 253
MAX_LOCAL_PART = 64
# Without quotes, comments and any character that could end a mail header.
_LOCAL_PART = re.compile(r"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]+")


def a_label_domain(text: str) -> str | None:
    """Return a mail domain in A-label form (IDNA 2008) and lower case; nothing if it is none."""
    if len(text) > MAX_DOMAIN:
        return None
    try:
        # Not Python's own codec: by IDNA 2003 it makes fass.example of faß.example, which is another company's.
        return idna.encode(text, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        return None


def mail_domain(text: str) -> str:
    """Return a mail domain in A-label form and lower case.

    Raises:
        InvalidInput: it is none.
    """
    domain = a_label_domain(text.strip())
    if domain is None or domain.endswith("."):
        raise InvalidInput("This is no mail domain: write it as in an address after the @, such as contoso.example.")
    return domain


def domain_of(address: str) -> str:
    """Return the mail domain of an address in one spelling."""
    return address.rpartition("@")[2]


def one_spelling(text: str) -> str | None:
    """Return an address as it is compared: NFC, lower case, its domain in A-label form; nothing if it is none."""
    written, _, host = text.rpartition("@")
    # Checked in this spelling and not as written: NFC makes a semicolon of the Greek question mark.
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", written).lower())
    domain = a_label_domain(host)
    is_local_part = _LOCAL_PART.fullmatch(local) and is_printable(local, max_length=MAX_LOCAL_PART)
    if domain is None or not is_local_part or domain.endswith(".") or len(f"{local}@{domain}") > MAX_ADDRESS:
        return None
    return f"{local}@{domain}"


def confirmed_spelling(text: str) -> str | None:
    """Return an issuer's address in one spelling; nothing if the spelling would make another person's address of it."""
    # Blanks around an address may belong to it. A Kelvin sign would become the ASCII letter of somebody else's address.
    if text != text.strip() or any(_turns_ascii(character) for character in text.rpartition("@")[0]):
        return None
    return one_spelling(text)


def _turns_ascii(character: str) -> bool:
    return not character.isascii() and (
        character.lower().isascii() or unicodedata.normalize("NFC", character).isascii()
    )
