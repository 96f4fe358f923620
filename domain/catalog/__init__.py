"""The shipped catalog, and catalogs of other folders, read from TOML files."""

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from pydantic import ValidationError

from domain.catalog.certification_file import CertificationFile
from domain.catalog.edition_file import EditionFile
from domain.catalog.tables import Table
from domain.rules.certifications import CertificationFacts, LevelFacts
from domain.rules.editions import Edition
from domain.rules.enums import CertificationLevel

__all__ = ["Catalog", "InvalidCatalog", "load_catalog", "shipped_catalog", "stored_edition"]

CERTIFICATIONS = "certifications.toml"
EDITIONS = "editions"
File = TypeVar("File", bound=Table)


class InvalidCatalog(Exception):
    """A file of the catalog is wrong; the message has a line for each fault, with the file and the path in it."""


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
    document = _document(folder.joinpath(CERTIFICATIONS), CERTIFICATIONS)
    codes = _keys(document, "certification")
    file = _validated(CertificationFile, document, CERTIFICATIONS, certifications=codes)
    editions: list[Edition] = []
    documents: dict[str, str] = {}
    try:
        paths = [path for path in folder.joinpath(EDITIONS).iterdir() if path.name.endswith(".toml")]
    except OSError:
        paths = []
    if not paths:
        raise InvalidCatalog(f"{EDITIONS}: the catalog has no edition")
    for path in sorted(paths, key=lambda path: path.name):
        name = f"{EDITIONS}/{path.name}"
        document = _document(path, name)
        earlier = {program.key for edition in editions for program in edition.programs}
        designations = {*earlier, *_keys(document, "designation")}
        edition = _validated(
            EditionFile, document, name, certifications=codes, designations=designations, earlier=earlier
        ).edition()
        if f"{edition.key}.toml" != path.name:
            raise InvalidCatalog(f"{name}: key: must be the file's name")
        if editions and edition.effective_from <= editions[-1].effective_from:
            raise InvalidCatalog(f"{name}: effective_from: must be after edition {editions[-1].key}")
        editions.append(edition)
        documents[edition.key] = json.dumps(document, default=date.isoformat)
    return Catalog(
        certifications=file.certifications(), levels=file.levels(), editions=tuple(editions), documents=documents
    )


@cache
def shipped_catalog() -> Catalog:
    """Return the catalog that ships with certlink.

    Raises:
        InvalidCatalog: a data file is wrong.
    """
    return load_catalog(files(__package__))


# An edition that is in force never changes, and every answer about programs needs all of them.
@cache
def stored_edition(document: str, in_force_from: datetime) -> Edition:
    """Return the edition of a stored document, which may name certifications that the catalog has no more."""
    return EditionFile.model_validate_json(document).edition(in_force_from=in_force_from)


def _document(path: Traversable, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InvalidCatalog(f"{name}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidCatalog(f"{name}: cannot be read: {error}") from None


def _keys(document: Mapping[str, Any], name: str) -> Collection[str]:
    table = document.get(name)
    return table.keys() if isinstance(table, dict) else ()


def _validated(model: type[File], document: Mapping[str, Any], name: str, **known: Collection[str]) -> File:
    try:
        # Strict, because TOML has numbers and dates of its own; a stored document has its dates as texts.
        return model.model_validate(document, strict=True, context=known)
    except ValidationError as error:
        faults = error.errors()
    lines = []
    for fault in faults:
        # Where a key itself is wrong, pydantic marks that by a further step.
        steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"] if step != "[key]"]
        line = ": ".join(part for part in (name, "".join(steps).removeprefix("."), fault["msg"]) if part)
        # A quoted key of TOML may have line breaks.
        lines.append(" ".join(line.split()))
    raise InvalidCatalog("\n".join(lines))
