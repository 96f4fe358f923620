"""Races between operations on connections of their own.

Each race is run several times: whoever comes first wins, everybody else is refused as if they had come later, and
nothing else happens. The ``database`` fixture checks every invariant afterwards.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import datetime, timedelta
from itertools import count

import pytest

from domain.database.pool import fetch_value
from domain.database.transaction import transaction
from domain.errors import InvalidInput, NotFound, Refusal
from domain.models import Association, AssociationAttempt, CreditEvent, IdentityIssuer, Member
from domain.operations.associations import RemovedAssociation, associate, remove_association
from domain.operations.credits import propagate_credits
from domain.operations.invitations import invite_member
from domain.operations.organizations import create_organization
from domain.rules.association_limits import AlreadyAssociated, CoolOffActive
from domain.rules.enums import AssociationEndReason, MemberRole, MemberStatus
from domain.rules.invitations import AlreadyMember
from domain.rules.policy import Policy
from domain.rules.sign_in import AccountReplaced
from domain.rules.visibility import MemberViewer
from domain.settings import Settings
from tests.clock import START
from tests.factories import (
    completion_record,
    issuer_of,
    issuer_settings,
    make_association,
    make_attempt,
    make_credit,
    make_member,
    make_organization,
    sign_in_at,
    viewer_of,
)

TIMES = 10
LATER = START + timedelta(days=40)
_numbers = count(1)


@pytest.mark.parametrize("is_active_elsewhere", [False, True])
async def test_of_many_organizations_that_associate_an_account_at_once_one_wins(
    database: str, is_active_elsewhere: bool
) -> None:
    """R4 to R6."""
    for _ in range(TIMES):
        *people, owner = [await _somebody() for _ in range(5)]
        profile_id = f"account-{next(_numbers)}"
        if is_active_elsewhere:
            await make_association(owner, profile_id=profile_id)

        outcomes = await at_once(*[_associate(member, profile_id) for member in people])

        assert kinds(outcomes) == {Association: 1, CoolOffActive: 3}
        active = await Association.filter(learning_account__profile_id=profile_id, ended_at=None)
        assert [association.id for association in active] == [
            association.id for association in outcomes if isinstance(association, Association)
        ]


async def test_of_many_accounts_that_a_member_associates_at_once_one_wins(database: str) -> None:
    """R3."""
    for _ in range(TIMES):
        member = await _somebody()

        outcomes = await at_once(*[_associate(member, f"account-{next(_numbers)}") for _ in range(4)])

        assert kinds(outcomes) == {Association: 1, AlreadyAssociated: 3}


async def test_an_attempt_that_is_concluded_twice_at_once_is_concluded_once(database: str) -> None:
    for _ in range(TIMES):
        attempt = await make_attempt(await _somebody())

        outcomes = await at_once(*[_conclude(attempt, f"account-{next(_numbers)}") for _ in range(3)])

        assert kinds(outcomes) == {Association: 1} | {NotFound: 2}


async def test_removing_and_moving_at_once_end_an_association_once(database: str) -> None:
    """R5, R7: it was removed before it could be moved, or moved before it could be removed."""
    for number in range(TIMES * 2):
        owner, other = await _somebody(), await _somebody()
        association = await make_association(owner, profile_id=f"account-{next(_numbers)}")
        await make_credit(association)
        profile_id = (await association.learning_account).profile_id
        deeds = [_remove(association, owner), _associate(other, profile_id)]

        outcomes = await at_once(*(deeds if number % 2 else reversed(deeds)))

        await association.refresh_from_db()
        assert association.ended_at == LATER
        is_removed = association.end_reason is AssociationEndReason.REMOVED
        assert kinds(outcomes) == {Association: 1, RemovedAssociation if is_removed else NotFound: 1}


async def test_an_association_that_is_removed_twice_at_once_is_removed_once(database: str) -> None:
    """R7."""
    for _ in range(TIMES):
        member = await _somebody()
        association = await make_association(member)

        outcomes = await at_once(*[_remove(association, member) for _ in range(3)])

        assert kinds(outcomes) == {RemovedAssociation: 1, NotFound: 2}


async def test_accounts_that_change_places_at_once_do_not_wait_for_each_other(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: each move ends an association in the organization where the other one starts; none is tried again."""
    monkeypatch.setattr("domain.database.transaction.RETRIES", 1)
    for _ in range(TIMES):
        here, there = (
            await make_organization(f"Here{next(_numbers)}"),
            await make_organization(f"There{next(_numbers)}"),
        )
        moves = []
        for place, other_place in [(here, there), (there, here)] * 3:
            profile_id = f"account-{next(_numbers)}"
            await make_association(await make_member(place), profile_id=profile_id)
            moves.append(_associate(await make_member(other_place), profile_id))

        assert kinds(await at_once(*moves)) == {Association: 6}


async def test_credits_that_are_propagated_by_many_at_once_take_effect_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small batches, so that each of them takes some."""
    monkeypatch.setattr("domain.operations.credits.BATCH", 7)
    association = await make_association(await _somebody())
    credits = [await make_credit(association, expires_at=LATER) for _ in range(60)]

    taken = await asyncio.gather(*(propagate_credits(now=LATER - timedelta(days=1)) for _ in range(6)))

    assert sum(taken) == len(credits)
    events = [(event.credit_id, event.kind) for event in await CreditEvent.all()]
    assert sorted(events) == [(credit.id, "COUNTED") for credit in credits]


async def test_credits_that_are_ended_while_they_are_propagated_take_effect_in_order(database: str) -> None:
    for number in range(TIMES):
        member = await _somebody()
        association = await make_association(member)
        credits = [await make_credit(association) for _ in range(10)]
        deeds: list[Awaitable[object]] = [propagate_credits(now=LATER), _remove(association, member)]

        await at_once(*(deeds if number % 2 else reversed(deeds)))
        await propagate_credits(now=LATER)

        events = [event.kind for event in await CreditEvent.filter(credit__association=association).order_by("id")]
        assert Counter(events) == {"COUNTED": len(credits), "ENDED": len(credits)}


async def test_whoever_ends_a_credit_waits_for_its_propagation_and_sees_it(database: str) -> None:
    """A row that was read before the wait must not be written after it."""
    member = await _somebody()
    association = await make_association(member)
    credit = await make_credit(association)
    has_propagated, is_waited_for = asyncio.Event(), asyncio.Event()

    async def propagate() -> None:
        async with transaction():
            await propagate_credits(now=LATER)
            has_propagated.set()
            await is_waited_for.wait()

    async def remove() -> None:
        await has_propagated.wait()
        await _remove(association, member)

    async def watch() -> None:
        waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
        await has_propagated.wait()
        while not await fetch_value(waiting):
            await asyncio.sleep(0)
        is_waited_for.set()

    await asyncio.gather(propagate(), remove(), watch())

    await credit.refresh_from_db()
    assert (credit.counts_until, credit.next_event_at) == (LATER, LATER)


async def test_a_member_who_signs_in_twice_at_once_is_activated_once(database: str) -> None:
    """R2."""
    for _ in range(TIMES):
        issuer, address = await _invited()

        one, *others = await at_once(*[sign_in_at(issuer, email=address) for _ in range(4)])

        assert isinstance(one, MemberViewer)
        assert others == [one] * 3


async def test_of_two_people_who_take_an_invitation_at_once_one_gets_it(database: str) -> None:
    """R2: an issuer may vouch for the same address twice, and a member is one person."""
    for _ in range(TIMES):
        issuer, address = await _invited()

        outcomes = await at_once(*[sign_in_at(issuer, email=address, subject=subject) for subject in "abc"])

        assert kinds(outcomes) == {MemberViewer: 1, AccountReplaced: 2}


async def test_somebody_who_is_invited_twice_at_once_is_invited_once(database: str, settings: Settings) -> None:
    """R2."""
    for _ in range(TIMES):
        organization = await make_organization(f"Organization{next(_numbers)}")

        outcomes = await at_once(
            *[
                invite_member(
                    organization_domain=organization.domain,
                    work_email=f"mei.tanaka@{organization.domain}",
                    role=MemberRole.MEMBER,
                    now=START,
                    settings=settings,
                )
                for _ in range(3)
            ]
        )

        assert kinds(outcomes) == {int: 1, AlreadyMember: 2}


async def test_an_organization_that_is_created_twice_at_once_is_created_once(database: str, settings: Settings) -> None:
    for number in range(TIMES):
        outcomes = await at_once(
            *[
                create_organization(
                    name="Contoso",
                    domain=f"contoso{number}.example",
                    issuer=issuer_settings(f"https://login.contoso{number}.example"),
                    now=START,
                    settings=settings,
                )
                for _ in range(3)
            ]
        )

        assert kinds(outcomes) == {int: 1, InvalidInput: 2}


async def at_once(*deeds: Awaitable[object]) -> list[object]:
    """Do things at once and return what came of each; whatever is no refusal is raised."""
    outcomes = await asyncio.gather(*deeds, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
            raise outcome
    return list(outcomes)


def kinds(outcomes: list[object]) -> Counter[type]:
    """Return how often each kind of outcome came."""
    return Counter(type(outcome) for outcome in outcomes)


async def _somebody() -> Member:
    return await make_member(await make_organization(f"Organization{next(_numbers)}"))


async def _invited() -> tuple[IdentityIssuer, str]:
    organization = await make_organization(f"Organization{next(_numbers)}")
    member = await make_member(organization, status=MemberStatus.INVITED, subject=None, activated_at=None)
    return await issuer_of(organization), member.work_email


async def _associate(member: Member, profile_id: str) -> Association:
    return await _conclude(await make_attempt(member), profile_id)


async def _conclude(attempt: AssociationAttempt, profile_id: str, now: datetime = LATER) -> Association:
    association_id = await associate(
        attempt_id=attempt.id,
        profile_id=profile_id,
        completions=[completion_record(completion_id=f"msl-{profile_id}")],
        now=now,
        policy=Policy(),
    )
    return await Association.get(id=association_id)


async def _remove(association: Association, member: Member) -> RemovedAssociation:
    return await remove_association(viewer=viewer_of(member), association_id=association.id, now=LATER, policy=Policy())
