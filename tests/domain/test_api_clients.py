"""Create, rotate and revoke API clients."""

import asyncio
from datetime import timedelta

import pytest

from domain.errors import Forbidden, InvalidInput, NotFound
from domain.models import ApiClient, ApiKey, AuditEvent, Member, Organization, WorkIdentity
from domain.operations.api_clients import NewApiKey, create_api_client, revoke_api_client, rotate_api_client_secret
from domain.queries.callers import api_key
from domain.rules import api_clients
from domain.rules.administration import Operator
from domain.rules.api_clients import TooManyApiClients
from domain.rules.enums import MemberRole, MemberStatus, Scope
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import make_api_client, make_member, make_organization, viewer_of

DAY = timedelta(days=1)


@pytest.fixture
async def organization(database: str) -> Organization:
    return await make_organization()


@pytest.fixture
async def admin(organization: Organization) -> Member:
    return await make_member(organization, role=MemberRole.ACCOUNT_ADMIN)


async def good(*keys: NewApiKey, days: int = 0) -> list[bool]:
    """Tell which keys are good so many days after the start."""
    found = [await api_key(key.secret or "", now=START + days * DAY) for key in keys]
    return [each is not None for each in found]


async def test_an_admin_creates_a_client_whose_key_is_kept_as_a_hash(admin: Member, settings: Settings) -> None:
    key = await create_api_client(
        by=viewer_of(admin), name=" Power BI ", scopes=[Scope.REPORT_READ], now=START, settings=settings
    )

    assert key.secret is not None
    client, written = await ApiClient.get(), await ApiKey.get()
    assert (client.name, client.scopes, client.created_by_id) == ("Power BI", ["report:read"], admin.id)
    assert (written.prefix, bytes(written.key_hash)) == (key.secret[:17], hash_token(key.secret))
    assert key.expires_at == START + 365 * DAY
    assert key.secret not in repr(key)
    event = await AuditEvent.get()
    assert (event.actor, event.action) == (f"member:{admin.id}", "api_client_created")
    assert event.details == {
        "scopes": ["report:read"], "prefix": key.prefix, "expiresAt": "2027-11-03T14:30:00+00:00"
    }  # fmt: skip


async def test_a_key_says_which_client_may_read_what_until_when(organization: Organization, settings: Settings) -> None:
    key = await make_api_client(organization, Scope.CREDITS_READ, Scope.MEMBERS_READ, settings=settings)

    found = await api_key(key.secret or "", now=START)

    assert found is not None
    assert (found.viewer.api_client_id, found.viewer.organization_id) == (key.api_client_id, organization.id)
    assert found.viewer.scopes == {Scope.CREDITS_READ, Scope.MEMBERS_READ}
    assert found.expires_at == key.expires_at


async def test_a_key_is_good_until_the_instant_at_which_it_expires(
    organization: Organization, settings: Settings
) -> None:
    key = await make_api_client(organization, settings=settings)

    last = await api_key(key.secret or "", now=key.expires_at - timedelta(microseconds=1))
    then = await api_key(key.secret or "", now=key.expires_at)

    assert (last is not None, then is not None) == (True, False)


async def test_a_new_key_lives_beside_the_newest_and_ends_the_one_before(
    organization: Organization, settings: Settings
) -> None:
    by = Operator(organization_id=organization.id)
    first = await make_api_client(organization, settings=settings)

    async def rotate(days: int) -> NewApiKey:
        return await rotate_api_client_secret(
            by=by, api_client_id=first.api_client_id, now=START + days * DAY, settings=settings
        )

    second = await rotate(1)
    assert await good(first, second, days=1) == [True, True]

    third = await rotate(2)
    assert await good(first, second, third, days=2) == [False, True, True]
    event = await AuditEvent.get(details__contains={"prefix": third.prefix})
    assert (event.actor, event.action, event.details["ended"]) == (
        "operator", "api_client_secret_rotated", [first.prefix]
    )  # fmt: skip


async def test_a_new_key_can_end_all_others_at_once(organization: Organization, settings: Settings) -> None:
    by = Operator(organization_id=organization.id)
    first = await make_api_client(organization, settings=settings)
    number = first.api_client_id
    second = await rotate_api_client_secret(by=by, api_client_id=number, now=START, settings=settings)

    third = await rotate_api_client_secret(by=by, api_client_id=number, end_previous=True, now=START, settings=settings)

    assert await good(first, second, third) == [False, False, True]


async def test_a_key_that_expired_makes_room_for_a_new_one(organization: Organization, settings: Settings) -> None:
    """The older one goes on, since it is the newest that lives."""
    by = Operator(organization_id=organization.id)
    first = await make_api_client(organization, settings=settings)
    number = first.api_client_id
    short = await rotate_api_client_secret(
        by=by, api_client_id=number, expires_at=START + DAY, now=START, settings=settings
    )

    new = await rotate_api_client_secret(by=by, api_client_id=number, now=START + DAY, settings=settings)

    assert await good(first, short, new, days=1) == [True, False, True]


async def test_a_revoked_client_has_no_good_key_and_gets_none(organization: Organization, settings: Settings) -> None:
    by = Operator(organization_id=organization.id)
    key = await make_api_client(organization, settings=settings)
    other = await rotate_api_client_secret(by=by, api_client_id=key.api_client_id, now=START, settings=settings)

    # The second process's clock is behind the first one's.
    await revoke_api_client(by=by, api_client_id=key.api_client_id, now=START - DAY)

    assert await good(key, other) == [False, False]
    async with leaving_no_trace():
        await revoke_api_client(by=by, api_client_id=key.api_client_id, now=START + DAY)
        with pytest.raises(NotFound):
            await rotate_api_client_secret(by=by, api_client_id=key.api_client_id, now=START, settings=settings)


async def test_nobody_else_creates_rotates_or_revokes(
    organization: Organization, admin: Member, settings: Settings
) -> None:
    member, was_admin = await make_member(organization), viewer_of(admin)
    foreign = await make_member(await make_organization("Fabrikam"), role=MemberRole.GLOBAL_ADMIN)
    number = (await make_api_client(organization, settings=settings)).api_client_id
    await Member.filter(id=admin.id).update(status=MemberStatus.REMOVED, removed_at=START)
    await WorkIdentity.filter(member_id=admin.id).update(ended_at=START)

    async def try_all(by: MemberViewer, refusal: type[Exception]) -> None:
        with pytest.raises(refusal):
            await rotate_api_client_secret(by=by, api_client_id=number, now=START, settings=settings)
        with pytest.raises(refusal):
            await revoke_api_client(by=by, api_client_id=number, now=START)

    async with leaving_no_trace():
        await try_all(viewer_of(member), Forbidden)
        await try_all(was_admin, Forbidden)
        await try_all(viewer_of(foreign), NotFound)
        with pytest.raises(Forbidden):
            await create_api_client(
                by=viewer_of(member), name="Mine", scopes=[Scope.CREDITS_READ], now=START, settings=settings
            )


async def test_what_cannot_be_leaves_no_trace(
    organization: Organization, admin: Member, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = viewer_of(admin)
    number = (await make_api_client(organization, settings=settings)).api_client_id
    late = START + 366 * DAY
    monkeypatch.setattr(api_clients, "MAX_CLIENTS", 1)

    async with leaving_no_trace():
        with pytest.raises(InvalidInput):
            await create_api_client(by=by, name="", scopes=[Scope.REPORT_READ], now=START, settings=settings)
        with pytest.raises(InvalidInput):
            await create_api_client(by=by, name="Empty", scopes=[], now=START, settings=settings)
        with pytest.raises(InvalidInput):
            await rotate_api_client_secret(by=by, api_client_id=number, expires_at=late, now=START, settings=settings)
        with pytest.raises(TooManyApiClients):
            await create_api_client(by=by, name="More", scopes=[Scope.REPORT_READ], now=START, settings=settings)


async def test_of_revoked_clients_there_may_be_any_number(
    organization: Organization, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_clients, "MAX_CLIENTS", 1)
    key = await make_api_client(organization, settings=settings)
    await revoke_api_client(by=Operator(organization_id=organization.id), api_client_id=key.api_client_id, now=START)

    assert await good(await make_api_client(organization, settings=settings)) == [True]


async def test_rotations_at_once_leave_two_good_keys(organization: Organization, settings: Settings) -> None:
    by = Operator(organization_id=organization.id)
    for _ in range(4):
        first = await make_api_client(organization, settings=settings)

        made = await asyncio.gather(
            *[
                rotate_api_client_secret(by=by, api_client_id=first.api_client_id, now=START, settings=settings)
                for _ in range(4)
            ]
        )

        assert sum(await good(first, *made)) == 2
        assert await ApiKey.filter(api_client_id=first.api_client_id, ended_at=None).count() == 2


async def test_a_client_that_is_revoked_while_it_is_rotated_has_no_good_key(
    organization: Organization, settings: Settings
) -> None:
    by = Operator(organization_id=organization.id)
    for number in range(8):
        first = await make_api_client(organization, settings=settings)
        rotation = rotate_api_client_secret(by=by, api_client_id=first.api_client_id, now=START, settings=settings)
        revocation = revoke_api_client(by=by, api_client_id=first.api_client_id, now=START)

        outcomes = await asyncio.gather(
            *((rotation, revocation) if number % 2 else (revocation, rotation)), return_exceptions=True
        )

        made = [outcome for outcome in outcomes if isinstance(outcome, NewApiKey)]
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)] in ([], [NotFound])
        assert not any(await good(first, *made))


async def test_clients_created_at_once_are_no_more_than_may_be(
    organization: Organization, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_clients, "MAX_CLIENTS", 2)

    outcomes = await asyncio.gather(
        *[make_api_client(organization, settings=settings) for _ in range(5)], return_exceptions=True
    )

    assert sum(isinstance(outcome, TooManyApiClients) for outcome in outcomes) == 3
    assert await ApiClient.all().count() == 2
