"""An organization with credits of every kind, and its admin."""

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from domain.database.pool import execute
from domain.models import Credit, Member
from domain.rules.enums import MemberRole
from tests.api.caller import Caller
from tests.api.conftest import sign_in
from tests.clock import START
from tests.factories import make_association, make_credit, make_member, make_organization


@pytest.fixture
async def admin(client: AsyncClient, database: str) -> Member:
    return await make_member(await make_organization(), role=MemberRole.ACCOUNT_ADMIN, name="Nadia Novak")


@pytest.fixture
async def caller(client: AsyncClient, admin: Member) -> Caller:
    return await sign_in(client, admin)


@pytest.fixture
async def credits(admin: Member) -> list[Credit]:
    """Credits of four people, two of the same name and one without; pending, counting, ended and ineligible."""
    organization = await admin.organization
    people = [
        await make_member(organization, name=name) for name in ("jonas Lindqvist", "Amara Osei", "Amara Osei", None)
    ]
    written = []
    for number, person in enumerate(people):
        association = await make_association(person, started_at=START - timedelta(days=40))
        for code, days, valid in (("AZ-104", 90, None), ("AZ-305", 50 + number, 45), ("NO-SUCH-CODE", 60, None)):
            earned = START - timedelta(days=days)
            expires_at = None if valid is None else START + timedelta(days=valid - 45 * (number % 2))
            written.append(
                await make_credit(association, certification=code, completed_at=earned, expires_at=expires_at)
            )
        written.append(
            await make_credit(association, certification="SC-300", completed_at=START - timedelta(days=number))
        )
    # Some do not expire.
    await execute("UPDATE completion SET expires_at = NULL WHERE certification = 'SC-300'")
    await execute(
        """UPDATE credit c SET counts_until = NULL, end_reason = NULL FROM completion p
           WHERE p.id = c.completion_id AND p.certification = 'SC-300'"""
    )
    return written
