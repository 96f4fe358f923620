"""The audit chain, after every kind of tampering."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from domain.database.pool import connection, execute, open_database
from domain.database.transaction import transaction
from domain.models import AuditEvent
from domain.operations.steps.audit import AuditEntry, record_audit, record_audits
from domain.queries.audit import broken_links
from tests.clock import START
from tests.factories import make_organization

FOLLOWS, CHANGED = "does not follow what was before it", "was changed"
APPEND = """INSERT INTO audit_event
        (organization_id, sequence, at, actor, action, subject, details, previous_hash, hash)
    SELECT organization_id, {sequence}, at, actor, action, subject, details, {previous_hash}, {hash} FROM audit_event
    WHERE organization_id = 1 AND sequence = 4"""
MOVE = "UPDATE audit_event SET sequence = {to} WHERE organization_id = 1 AND sequence = {number}"

# What was done to the second of four events (or as it says), and where the chain shows it.
TAMPERING = {
    "another instant": ("UPDATE audit_event SET at = at + interval '1 microsecond' WHERE id = 2", [(2, CHANGED)]),
    "another actor": ("UPDATE audit_event SET actor = 'nobody' WHERE id = 2", [(2, CHANGED)]),
    "another action": ("UPDATE audit_event SET action = 'nothing' WHERE id = 2", [(2, CHANGED)]),
    "another subject": ("UPDATE audit_event SET subject = 'nothing' WHERE id = 2", [(2, CHANGED)]),
    "other details": ("""UPDATE audit_event SET details = '{"a": 2}' WHERE id = 2""", [(2, CHANGED)]),
    "another hash": ("UPDATE audit_event SET hash = previous_hash WHERE id = 2", [(2, CHANGED), (3, FOLLOWS)]),
    "the first removed": ("DELETE FROM audit_event WHERE id = 1", [(2, FOLLOWS)]),
    "one in the middle removed": ("DELETE FROM audit_event WHERE id = 2", [(3, FOLLOWS)]),
    "the newest removed": ("DELETE FROM audit_event WHERE organization_id = 1 AND sequence = 4", []),
    "all removed": ("DELETE FROM audit_event WHERE organization_id = 1", []),
    "two exchanged": (
        ";".join([MOVE.format(number=2, to=9), MOVE.format(number=3, to=2), MOVE.format(number=9, to=3)]),
        [(2, FOLLOWS), (3, FOLLOWS), (4, FOLLOWS)],
    ),
    "one appended with a wrong hash": (
        APPEND.format(sequence=5, previous_hash="hash", hash="hash"),
        [(5, CHANGED)],
    ),
    "one appended after a gap": (APPEND.format(sequence=6, previous_hash="hash", hash="hash"), [(6, FOLLOWS)]),
    "one appended to another's past": (
        APPEND.format(sequence=5, previous_hash="previous_hash", hash="hash"),
        [(5, FOLLOWS)],
    ),
    "one given to another organization": (
        "UPDATE audit_event SET organization_id = 2, sequence = 2 WHERE id = 4",
        [(2, FOLLOWS)],
    ),
}

# Where a chain then ends, though it was longer or shorter when it was last written.
ENDS = {
    "the newest removed": ["organization 1: ends with audit event 3 and not with 4"],
    "all removed": ["organization 1: ends with audit event 0 and not with 4"],
    "one appended with a wrong hash": ["organization 1: ends with audit event 5 and not with 4"],
    "one appended after a gap": ["organization 1: ends with audit event 6 and not with 4"],
    "one appended to another's past": ["organization 1: ends with audit event 5 and not with 4"],
    "one given to another organization": [
        "organization 1: ends with audit event 3 and not with 4",
        "organization 2: ends with audit event 2 and not with 1",
    ],
}


@pytest.fixture
async def chains(database_url: str) -> AsyncIterator[None]:
    """Four events of the first organization and one of the second."""
    async with open_database(database_url, pool_size=8):
        for organization_id, name in ((1, "Contoso"), (2, "Fabrikam")):
            await make_organization(name, id=organization_id)
        for organization_id in (1, 1, 1, 1, 2):
            await _record(organization_id)
        yield


async def test_untouched_chains_hold(chains: None) -> None:
    assert await broken_links() == []


@pytest.mark.parametrize("tampering", TAMPERING)
async def test_tampering_shows_where_it_was_done(chains: None, tampering: str) -> None:
    statement, places = TAMPERING[tampering]
    async with transaction(), connection() as current:
        await current.execute("SET LOCAL session_replication_role = replica")
        await current.execute(statement)

    found = await broken_links()

    assert [line for line in found if "ends with" not in line] == [
        f"organization {2 if 'another organization' in tampering else 1}, audit event {number}: {what}"
        for number, what in places
    ]
    assert [line for line in found if "ends with" in line] == ENDS.get(tampering, [])


async def test_one_organization_can_be_asked_about_alone(chains: None) -> None:
    async with transaction():
        await execute("SET LOCAL session_replication_role = replica")
        await execute("UPDATE audit_event SET actor = 'nobody' WHERE id = 2")

    assert await broken_links(1) != []
    assert await broken_links(2) == []


async def test_events_recorded_at_once_form_one_chain(chains: None) -> None:
    await asyncio.gather(*(_record(1) for _ in range(10)))

    assert await AuditEvent.filter(organization_id=1).count() == 14
    assert await broken_links() == []


async def test_a_long_chain_is_read_in_batches(chains: None) -> None:
    """Held at once, 10,000 events take more than 7 MB."""
    async with transaction():
        await record_audits(2, [AuditEntry(action="test", subject="test")] * 10_000, actor="test", now=START)

    tracemalloc.start()
    try:
        assert await broken_links() == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1_500_000


async def _record(organization_id: int) -> None:
    async with transaction():
        details: dict[str, object] = {"b": "ß", "a": [1, None]}
        await record_audit(organization_id, "test", "test", "test", details, now=START)
