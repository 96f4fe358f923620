"""Catalog imports, which change no past answer (R15)."""

import asyncio
import json
from dataclasses import asdict, replace
from datetime import date

import pytest

from domain.catalog import Catalog, shipped_catalog
from domain.database.pool import execute, fetch_value
from domain.models import CatalogEdition, Certification, Level
from domain.operations.catalog import ImportedCatalog, import_catalog
from domain.queries.catalog import editions
from domain.rules.certifications import start_of_day
from domain.rules.editions import EditionInForce, programs_at
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND

SHIPPED = shipped_catalog()
PAST = [start_of_day(date(2023, 11, 15)), start_of_day(date(2025, 6, 1)), START - MICROSECOND]
CHANGE = ('"people_for_maximum": 10', '"people_for_maximum": 20')


def catalog_with(key: str, effective_from: date, *, change: tuple[str, str] = CHANGE) -> Catalog:
    """Return the shipped catalog and one edition more, which is the newest one with a change."""
    document = SHIPPED.documents["2026-08"].replace(*change)
    document = document.replace('"key": "2026-08"', f'"key": "{key}"').replace("2026-08-01", effective_from.isoformat())
    edition = replace(SHIPPED.editions[-1], key=key, effective_from=effective_from)
    return replace(SHIPPED, editions=(*SHIPPED.editions, edition), documents={**SHIPPED.documents, key: document})


async def test_what_is_imported_is_what_is_shipped(database: str) -> None:
    assert await editions() == SHIPPED.editions
    assert await Certification.all().count() == len(SHIPPED.certifications)
    assert await Level.all().order_by("level").values() == [
        asdict(facts) for _, facts in sorted(SHIPPED.levels.items())
    ]


async def test_importing_again_changes_nothing(database: str) -> None:
    before = await CatalogEdition.all().order_by("key").values()

    imported = await import_catalog(now=START + DAY)

    assert imported == ImportedCatalog(certifications=68, editions=4)
    assert await CatalogEdition.all().order_by("key").values() == before


async def test_a_future_edition_changes_nothing_before_its_date(database: str) -> None:
    begins = start_of_day(date(2027, 2, 1))
    before = [programs_at(await editions(), at) for at in (*PAST, begins - MICROSECOND)]

    await import_catalog(now=START, catalog=catalog_with("2027-02", begins.date()))

    after = await editions()
    assert [programs_at(after, at) for at in (*PAST, begins - MICROSECOND)] == before
    assert programs_at(after, begins) != before[-1]


async def test_an_edition_that_arrives_late_changes_nothing_before_its_arrival(database: str) -> None:
    before = [programs_at(await editions(), at) for at in PAST]

    await import_catalog(now=START, catalog=catalog_with("2026-10", date(2026, 10, 1)))

    after = await editions()
    assert [programs_at(after, at) for at in PAST] == before
    assert (after[-1].key, after[-1].in_force_from) == ("2026-10", START)


async def test_a_future_edition_may_change_until_it_is_in_force(database: str) -> None:
    later = catalog_with("2027-02", date(2027, 2, 1))
    changed = catalog_with("2027-02", date(2027, 2, 1), change=('"people_for_maximum": 10', '"people_for_maximum": 30'))
    await import_catalog(now=START, catalog=later)

    await import_catalog(now=START + DAY, catalog=changed)
    with pytest.raises(EditionInForce):
        await import_catalog(now=START + 100 * DAY, catalog=later)

    stored = await CatalogEdition.get(key="2027-02")
    assert json.dumps(stored.document).count('"people_for_maximum": 30') == 1


async def test_a_refused_catalog_leaves_no_trace(database: str) -> None:
    """Neither its sound editions nor its certifications nor their levels are written."""
    catalog = catalog_with("2027-02", date(2027, 2, 1))
    first, *others = catalog.editions
    facts = replace(SHIPPED.certifications["AZ-104"], title="Something else")
    level = replace(SHIPPED.levels[facts.level], renewal_opens_months=2)
    wrong = replace(
        catalog,
        certifications={**SHIPPED.certifications, "AZ-104": facts},
        levels={**SHIPPED.levels, facts.level: level},
        editions=(replace(first, programs=first.programs[1:]), *others),
    )

    with pytest.raises(EditionInForce, match="Edition 2023-10 has been in force since 2023-10-01 and cannot change"):
        await import_catalog(now=START, catalog=wrong)

    assert await editions() == SHIPPED.editions
    assert (await Certification.get(code="AZ-104")).title == SHIPPED.certifications["AZ-104"].title
    assert (await Level.get(level=level.level)).renewal_opens_months == 6


async def test_of_two_that_import_different_catalogs_at_once_both_are_whole(database: str) -> None:
    catalogs = [catalog_with("2027-02", date(2027, 2, 1)), catalog_with("2027-03", date(2027, 3, 1))]

    await asyncio.gather(*(import_catalog(now=START, catalog=catalog) for catalog in catalogs))

    assert [edition.key for edition in await editions()][-2:] == ["2027-02", "2027-03"]


async def test_a_database_from_before_editions_gets_them_from_the_beginning(empty_editions: None) -> None:
    await import_catalog(now=START)

    assert await editions() == SHIPPED.editions


@pytest.fixture
async def empty_editions(database: str) -> None:
    """A database whose catalog has certifications only."""
    await execute("TRUNCATE catalog_edition")
    assert await fetch_value("SELECT count(*) FROM catalog_edition") == 0
