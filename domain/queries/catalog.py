"""Certifications and editions of the imported catalog."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.catalog import stored_edition
from domain.database.pagination import Order, Page, PageRequest, fetch_page, where
from domain.database.pool import fetch_rows
from domain.rules.certifications import CertificationFacts
from domain.rules.editions import Edition

_FACTS = "code, title, level, provider, retires_on, retirement_rule, eligible_until"


@dataclass(frozen=True, kw_only=True)
class CertificationRow(CertificationFacts):
    """A certification in a list; the code identifies it, but every list needs an id."""

    id: int


@dataclass(frozen=True, kw_only=True)
class _StoredEdition:
    document: str
    in_force_from: datetime


# Codes are unique, so the id below is the same for all and decides nothing.
BY_CODE = Order(name="CODE", expression="code", kind=str)


async def certifications_by_code(codes: Collection[str]) -> dict[str, CertificationFacts]:
    rows = await fetch_rows(CertificationFacts, f"SELECT {_FACTS} FROM certification WHERE code = ANY($1)", list(codes))
    return {facts.code: facts for facts in rows}


async def certifications(*, text: str | None, page: PageRequest) -> Page[CertificationRow]:
    """Return the certifications of the catalog, by code, with a text only those whose code or title contains it."""
    # Not LIKE, in which % and _ of a person's text would stand for any character.
    conditions, arguments = where(
        "true", (), [("(strpos(lower(code), lower(?::text)) > 0 OR strpos(lower(title), lower(?::text)) > 0)", text)]
    )
    return await fetch_page(
        CertificationRow,
        f"SELECT 1::bigint AS id, {_FACTS} FROM certification {conditions}",
        *arguments,
        page=page,
    )


async def editions() -> tuple[Edition, ...]:
    """Return every imported edition, the earliest first; several may lie in the future."""
    rows = await fetch_rows(
        _StoredEdition,
        """SELECT document::text AS document, in_force_from FROM catalog_edition
           ORDER BY in_force_from, effective_from""",
    )
    return tuple(stored_edition(row.document, row.in_force_from) for row in rows)
