"""Cache documents by the digest of their text.

Each is parsed, measured and validated once; one lookup finds the outcome again, refusals included.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from api.documents.reading import Document, Refused, outcome_of
from api.errors import ErrorCode, RequestError

# In characters of their texts: a read document takes some hundred times the memory of its text.
MAX_KEPT_LENGTH = 500_000


@dataclass(frozen=True)
class _Kept:
    outcome: Document | Refused
    length: int


class _Cache:
    """Outcomes by digest: the latest ones, and for good those of registered documents."""

    def __init__(self) -> None:
        self._registered: dict[str, Document] = {}
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._length = 0

    def find(self, digest: str) -> Document | Refused | None:
        """Return the outcome of a text, if it is known."""
        registered = self._registered.get(digest)
        if registered is not None or digest not in self._kept:
            return registered
        self._kept.move_to_end(digest)
        return self._kept[digest].outcome

    def keep(self, digest: str, outcome: Document | Refused, length: int) -> None:
        """Keep an outcome until newer ones displace it."""
        self._kept[digest] = _Kept(outcome, length)
        self._length += length
        while self._length > MAX_KEPT_LENGTH:
            _, oldest = self._kept.popitem(last=False)
            self._length -= oldest.length

    def register(self, digest: str, document: Document) -> None:
        """Keep a document for as long as the process runs."""
        self._registered[digest] = document


# An outcome depends on nothing but the schema, so the whole process shares it.
_cache = _Cache()


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_document(text: str) -> Document:
    """Return the document of a text.

    Raises:
        RequestError: the text is no document, exceeds a limit, or does not fit the schema.
    """
    digest = digest_of(text)
    outcome = _cache.find(digest)
    if outcome is None:
        outcome = outcome_of(text)
        _cache.keep(digest, outcome, len(text))
    return _opened(outcome)


def is_known_document(text: str) -> bool:
    """Tell whether a text has been read before."""
    return _cache.find(digest_of(text)) is not None


def known_document(digest: str) -> Document:
    """Return the document with a digest.

    Raises:
        RequestError: there is none, or it may not be executed.
    """
    outcome = _cache.find(digest)
    if outcome is None:
        raise document_not_found()
    return _opened(outcome)


def register_document(text: str) -> str:
    """Read a document, keep it for good, and return its digest.

    Raises:
        RequestError: the text is no document, exceeds a limit, or does not fit the schema.
    """
    digest = digest_of(text)
    _cache.register(digest, read_document(text))
    return digest


def document_not_found() -> RequestError:
    """Return the refusal of an unknown digest."""
    # The clients' links look for this very word, and send the text then.
    return RequestError(ErrorCode.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")


def _opened(outcome: Document | Refused) -> Document:
    if isinstance(outcome, Refused):
        raise RequestError(outcome.code, *outcome.errors)
    return outcome
