"""What does the catalog that ships with certlink say, and what one that somebody keeps elsewhere?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from domain.catalog.certification_file import certifications_of, levels_of
from domain.catalog.edition_file import edition_of
from domain.catalog.entries import Entry, InvalidCatalog, entry_of
from domain.rules.certifications import CertificationFacts, LevelFacts
from domain.rules.editions import Edition
from domain.rules.enums import CertificationLevel

__all__ = ["Catalog", "InvalidCatalog", "load_catalog", "shipped_catalog", "stored_edition"]

CERTIFICATIONS = "certifications.toml"
EDITIONS = "editions"


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Certifications with their levels, and editions, the earliest first; each one's document is its file as JSON."""

    certifications: Mapping[str, CertificationFacts]
    levels: Mapping[CertificationLevel, LevelFacts]
    editions: tuple[Edition, ...]
    documents: Mapping[str, str]


def load_catalog(folder: Traversable) -> Catalog:
    """Return the catalog of a folder that has ``certifications.toml`` and ``editions``.

    Raises:
        InvalidCatalog: a file is missing or wrong.
    """
    file, _ = entry_of(_text(folder.joinpath(CERTIFICATIONS)), file=CERTIFICATIONS)
    certifications, levels = certifications_of(file), levels_of(file)
    editions: list[Edition] = []
    documents: dict[str, str] = {}
    for path in _edition_files(folder):
        entry, document = entry_of(_text(path), file=f"{EDITIONS}/{path.name}")
        earlier = {program.key for edition in editions for program in edition.programs}
        edition = edition_of(entry, certifications=certifications, earlier=earlier)
        if f"{edition.key}.toml" != path.name:
            raise entry.wrong("must be the file's name", "key")
        if editions and edition.effective_from <= editions[-1].effective_from:
            raise entry.wrong(f"must be after edition {editions[-1].key}", "effective_from")
        editions.append(edition)
        documents[edition.key] = json.dumps(document, default=_day_text)
    return Catalog(certifications=certifications, levels=levels, editions=tuple(editions), documents=documents)


@cache
def shipped_catalog() -> Catalog:
    """Return the catalog that ships with certlink.

    Raises:
        InvalidCatalog: a data file is wrong.
    """
    return load_catalog(files(__package__))


@cache
def stored_edition(document: str, in_force_from: datetime) -> Edition:
    """Return the edition that a stored document says."""
    values: dict[str, Any] = json.loads(document)
    return edition_of(Entry(values, file="a stored edition", path=(), lines={}), in_force_from=in_force_from)


def _edition_files(folder: Traversable) -> list[Traversable]:
    try:
        found = [path for path in folder.joinpath(EDITIONS).iterdir() if path.name.endswith(".toml")]
    except OSError:
        found = []
    if not found:
        raise InvalidCatalog(f"{EDITIONS}: the catalog has no edition")
    return sorted(found, key=lambda path: path.name)


def _text(path: Traversable) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidCatalog(f"{path.name}: cannot be read: {error}") from None


def _day_text(value: object) -> str:
    assert isinstance(value, date)
    return value.isoformat()
