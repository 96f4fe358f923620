"""What does an API key look like, and how is one that was mistyped told without looking it up?

``certlink_`` + 8 characters that are public + 32 that are secret + 6 of a CRC-32 over all that stands before, each of
62 letters and digits: 190 secret bits. The checksum keeps no stranger out; it tells typing mistakes, and lets scanners
know a leaked key from other text.
"""

import re
import zlib
from string import ascii_lowercase, ascii_uppercase, digits

MARK = "certlink_"
ALPHABET = digits + ascii_uppercase + ascii_lowercase
PUBLIC_LENGTH = 8
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
_PREFIX_LENGTH = len(MARK) + PUBLIC_LENGTH
_KEY = re.compile(rf"{MARK}[0-9A-Za-z]{{{PUBLIC_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH}}}", re.ASCII)


def api_key(random_text: str) -> str:
    """Return the key of random text: the public characters, then the secret ones, all of the alphabet."""
    assert len(random_text) == PUBLIC_LENGTH + SECRET_LENGTH
    unchecked = MARK + random_text
    return unchecked + _checksum(unchecked)


def claims_to_be_api_key(text: str) -> bool:
    """Tell whether a text begins as every key does and no other token."""
    return text.startswith(MARK)


def prefix_of(text: str) -> str | None:
    """Return the public beginning of a key, or nothing where the text is none or was mistyped."""
    if not _KEY.fullmatch(text) or text != text[:-CHECKSUM_LENGTH] + _checksum(text[:-CHECKSUM_LENGTH]):
        return None
    return text[:_PREFIX_LENGTH]


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    letters = ""
    for _ in range(CHECKSUM_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters = ALPHABET[place] + letters
    return letters
