"""Check the characters and the length of texts that others send."""


def is_printable(text: str, *, max_length: int) -> bool:
    """Tell whether a text is not too long and can be printed; NUL and half of a surrogate pair cannot."""
    # The length first: a request may bring 256 kB, and only short texts are looked at.
    return len(text) <= max_length and text.isprintable()


def is_storable(text: str) -> bool:
    """Tell whether the database can hold a text: it has neither NUL nor half of a surrogate pair."""
    try:
        # Not a loop over the characters: a request may bring 256 kB of them.
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
