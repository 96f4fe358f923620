"""Row locks: all in one module, and in one order."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from domain import operations
from domain.operations.associations import remove_association
from domain.operations.members import remove_member
from domain.rules.administration import Operator
from domain.rules.policy import Policy
from domain.settings import Settings
from tests.clock import START
from tests.factories import make_association, make_credit, make_member, make_organization, viewer_of

OPERATIONS = Path(operations.__file__).parent
WAITING_LOCK = re.compile(r"FOR (NO KEY UPDATE|UPDATE|SHARE)\b(?!( OF \w+)? SKIP LOCKED)|LOCK TABLE|pg_advisory")


def test_every_lock_that_waits_stands_in_the_modules_of_locks_and_leases() -> None:
    places = {
        str(path.relative_to(OPERATIONS)) for path in OPERATIONS.rglob("*.py") if WAITING_LOCK.search(path.read_text())
    }

    assert places == {"steps/locks.py", "steps/leases.py"}


@pytest.mark.parametrize("removed", ["association", "member"])
async def test_whoever_ends_an_association_locks_it_before_its_credits(
    database: str, settings: Settings, removed: str
) -> None:
    """As an import of the catalog does: otherwise each would wait for the other."""
    organization = await make_organization()
    member = await make_member(organization)
    association = await make_association(member)
    await make_credit(association)
    importer = await asyncpg.connect(settings.database_url)
    locks = importer.transaction()
    await locks.start()
    await importer.execute("SELECT id FROM association FOR NO KEY UPDATE")

    ending: asyncio.Future[object]
    if removed == "association":
        ending = asyncio.ensure_future(
            remove_association(viewer=viewer_of(member), association_id=association.id, now=START, policy=Policy())
        )
    else:
        by = Operator(organization_id=organization.id)
        ending = asyncio.ensure_future(remove_member(by=by, member_id=member.id, now=START))
    async with asyncio.timeout(10):
        while not await importer.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.01)
    await importer.execute("SELECT id FROM credit FOR UPDATE NOWAIT")
    await locks.rollback()
    await importer.close()

    assert await ending is not None
