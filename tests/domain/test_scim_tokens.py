"""A directory has at most two tokens at a time; the operator creates and revokes them."""

import asyncio
from datetime import timedelta

import pytest

from domain.errors import InvalidInput, NotFound
from domain.models import AuditEvent, Organization, ScimToken
from domain.operations.scim_tokens import create_scim_token, revoke_scim_tokens
from domain.queries.directory import scim_token, scim_tokens_of_operator
from domain.rules.administration import Operator
from domain.rules.directory import SCIM_MARK
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import make_organization

DAY = timedelta(days=1)


@pytest.fixture
async def contoso(database: str) -> Organization:
    return await make_organization("Contoso")


@pytest.fixture
def operator(contoso: Organization) -> Operator:
    return Operator(organization_id=contoso.id)


async def test_a_third_token_ends_the_oldest_of_the_two(operator: Operator, settings: Settings) -> None:
    tokens = [await create_scim_token(by=operator, now=START + day * DAY, settings=settings) for day in range(3)]

    now = START + 3 * DAY
    valid = [await scim_token(token.secret, now=now) is not None for token in tokens]
    listed = await scim_tokens_of_operator(operator)
    assert valid == [False, True, True]
    assert all(token.secret.startswith(SCIM_MARK) for token in tokens)
    assert [(row.prefix, row.ended_at) for row in listed] == [
        (tokens[2].prefix, None),
        (tokens[1].prefix, None),
        (tokens[0].prefix, START + 2 * DAY),
    ]


async def test_all_others_end_when_that_is_wanted(operator: Operator, settings: Settings) -> None:
    first = await create_scim_token(by=operator, now=START, settings=settings)
    second = await create_scim_token(by=operator, end_previous=True, now=START, settings=settings)

    assert await scim_token(first.secret, now=START) is None
    assert await scim_token(second.secret, now=START) is not None
    assert [event.action for event in await AuditEvent.all()] == ["scim_token_created"] * 2


async def test_a_token_is_valid_until_it_expires(operator: Operator, settings: Settings) -> None:
    token = await create_scim_token(by=operator, expires_at=START + DAY, now=START, settings=settings)

    found = await scim_token(token.secret, now=START + DAY - timedelta(seconds=1))
    assert found is not None
    assert found.directory.organization_id == operator.organization_id
    assert await scim_token(token.secret, now=START + DAY) is None


@pytest.mark.parametrize("days", [0, -1, 400])
async def test_an_expiry_that_is_past_or_too_late_is_refused(operator: Operator, settings: Settings, days: int) -> None:
    async with leaving_no_trace():
        with pytest.raises(InvalidInput):
            await create_scim_token(by=operator, expires_at=START + days * DAY, now=START, settings=settings)


async def test_one_token_or_all_are_revoked(operator: Operator, settings: Settings) -> None:
    first = await create_scim_token(by=operator, now=START, settings=settings)
    second = await create_scim_token(by=operator, now=START, settings=settings)

    assert await revoke_scim_tokens(by=operator, prefix=first.prefix, now=START) == [first.prefix]
    assert await scim_token(first.secret, now=START) is None
    assert await scim_token(second.secret, now=START) is not None
    assert await revoke_scim_tokens(by=operator, now=START) == [second.prefix]
    assert await scim_token(second.secret, now=START) is None
    async with leaving_no_trace():
        assert await revoke_scim_tokens(by=operator, now=START) == []
        with pytest.raises(NotFound):
            await revoke_scim_tokens(by=operator, prefix=first.prefix, now=START)


async def test_tokens_that_are_created_at_once_are_two_at_most(operator: Operator, settings: Settings) -> None:
    await asyncio.gather(*(create_scim_token(by=operator, now=START, settings=settings) for _ in range(6)))

    assert await ScimToken.filter(ended_at=None).count() == 2
    assert await ScimToken.all().count() == 6
