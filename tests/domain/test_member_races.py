"""Races between administrators of members."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from itertools import count

from domain.errors import Forbidden, NotFound, Refusal
from domain.models import Association, AssociationAttempt, BrowserSession, Member, Organization
from domain.operations.associations import RemovedAssociation, associate, remove_association
from domain.operations.attempts import StartedAssociation, start_association
from domain.operations.invitations import InvitationOutcome, Invitee, cancel_invitation, invite_members
from domain.operations.members import EndedMembership, change_member_role, remove_member
from domain.rules.administration import LastAdmin, Operator
from domain.rules.enums import LearningProvider, MemberRole, MemberStatus
from domain.rules.invitations import InvitationAnswered
from domain.rules.policy import Policy
from domain.rules.sign_in import NotAMember
from domain.rules.visibility import MemberViewer
from domain.settings import Settings
from tests.clock import START
from tests.factories import (
    completion_record,
    issuer_of,
    make_association,
    make_attempt,
    make_credit,
    make_member,
    make_organization,
    sign_in_at,
    viewer_of,
)

TIMES = 8
LATER = START + timedelta(days=40)
_numbers = count(1)


async def test_two_admins_who_demote_or_remove_each_other_at_once_leave_one(database: str) -> None:
    for number in range(TIMES):
        organization = await _organization()
        one, other = [await make_member(organization, role=MemberRole.ACCOUNT_ADMIN) for _ in range(2)]
        deeds: list[Awaitable[object]] = (
            [_demote(one, other), _demote(other, one)] if number % 2 else [_remove(one, other), _demote(other, one)]
        )

        outcomes = await _at_once(*deeds)

        assert sum(isinstance(outcome, Forbidden) for outcome in outcomes) == 1
        assert await _active_admins(organization) == 1


async def test_admins_who_all_leave_at_once_leave_one(database: str) -> None:
    for number in range(TIMES):
        organization = await _organization()
        admins = [await make_member(organization, role=MemberRole.ACCOUNT_ADMIN) for _ in range(4)]

        outcomes = await _at_once(*[_remove(admin, admin) if number % 2 else _demote(admin, admin) for admin in admins])

        assert sum(isinstance(outcome, LastAdmin) for outcome in outcomes) == 1
        assert await _active_admins(organization) == 1


async def test_admins_who_demote_one_another_in_a_ring_do_not_wait_for_each_other(database: str) -> None:
    for _ in range(TIMES):
        organization = await _organization()
        admins = [await make_member(organization, role=MemberRole.GLOBAL_ADMIN) for _ in range(4)]

        await _at_once(*[_demote(admin, admins[number - 1]) for number, admin in enumerate(admins)])

        assert await _active_admins(organization) >= 1


async def test_a_member_who_is_removed_twice_at_once_is_removed_once(database: str) -> None:
    for _ in range(TIMES):
        admin, member = await _admin_and_member()
        await make_credit(await make_association(member))

        outcomes = await _at_once(*[_remove(admin, member) for _ in range(3)])

        assert _kinds(outcomes) == {EndedMembership: 1, NotFound: 2}


async def test_who_associates_while_they_are_removed_has_no_association_afterwards(database: str) -> None:
    """The ``database`` fixture checks that nothing of a removed member stays open."""
    for number in range(TIMES * 2):
        admin, member = await _admin_and_member()
        attempt = await make_attempt(member)
        deeds: list[Awaitable[object]] = [_remove(admin, member), _associate(attempt)]

        await _at_once(*(deeds if number % 2 else reversed(deeds)))

        assert await Association.filter(member=member, ended_at=None).count() == 0
        assert await AssociationAttempt.filter(member=member, finished_at=None).count() == 0


async def test_who_moves_while_they_are_removed_ends_there_once(database: str) -> None:
    for number in range(TIMES * 2):
        admin, member = await _admin_and_member()
        association = await make_association(member, profile_id=f"account-{next(_numbers)}")
        await make_credit(association)
        profile_id = (await association.learning_account).profile_id
        elsewhere = await make_member(await _organization())
        deeds: list[Awaitable[object]] = [_remove(admin, member), _associate(await make_attempt(elsewhere), profile_id)]

        outcomes = await _at_once(*(deeds if number % 2 else reversed(deeds)))

        assert _kinds(outcomes) == {EndedMembership: 1, Association: 1}
        await association.refresh_from_db()
        assert association.end_reason in {"MOVED", "MEMBER_REMOVED"}


async def test_who_removes_their_association_while_they_are_removed_ends_it_once(database: str) -> None:
    for number in range(TIMES * 2):
        admin, member = await _admin_and_member()
        association = await make_association(member)
        await make_credit(association)
        deeds: list[Awaitable[object]] = [_remove(admin, member), _remove_association(member, association)]

        outcomes = await _at_once(*(deeds if number % 2 else reversed(deeds)))

        assert _kinds(outcomes) in ({EndedMembership: 1, RemovedAssociation: 1}, {EndedMembership: 1, NotFound: 1})


async def test_who_starts_an_attempt_while_they_are_removed_leaves_none_open(database: str, settings: Settings) -> None:
    for number in range(TIMES * 2):
        admin, member = await _admin_and_member()
        deeds: list[Awaitable[object]] = [_remove(admin, member), _start(member, settings)]

        outcomes = await _at_once(*(deeds if number % 2 else reversed(deeds)))

        assert _kinds(outcomes) in ({EndedMembership: 1, StartedAssociation: 1}, {EndedMembership: 1, Forbidden: 1})
        assert await AssociationAttempt.filter(member=member, finished_at=None).count() == 0
        assert await BrowserSession.filter(member=member, ended_at=None).count() == 0


async def test_an_invitation_is_answered_or_canceled(database: str, settings: Settings) -> None:
    for number in range(TIMES * 2):
        organization = await _organization()
        by = Operator(organization_id=organization.id)
        address = f"mei.tanaka@{organization.domain}"
        (invited,) = await invite_members(by=by, invitees=[Invitee(work_email=address)], now=START, settings=settings)
        assert invited.invitation_id is not None
        issuer = await issuer_of(organization)
        deeds: list[Awaitable[object]] = [
            sign_in_at(issuer, email=address),
            cancel_invitation(by=by, invitation_id=invited.invitation_id, now=START),
        ]

        outcomes = await _at_once(*(deeds if number % 2 else reversed(deeds)))

        kinds = _kinds(outcomes)
        assert kinds in ({MemberViewer: 1, InvitationAnswered: 1}, {NotAMember: 1, type(None): 1})


async def test_addresses_that_are_invited_twice_at_once_are_invited_once(database: str, settings: Settings) -> None:
    for _ in range(TIMES):
        organization = await _organization()
        invitees = [Invitee(work_email=f"person{number}@{organization.domain}") for number in range(5)]
        by = Operator(organization_id=organization.id)

        outcomes = await asyncio.gather(
            *[
                invite_members(by=by, invitees=part, now=START, settings=settings)
                for part in (invitees, list(reversed(invitees)), invitees[2:])
            ]
        )

        flat: list[InvitationOutcome] = [outcome for part in outcomes for outcome in part]
        assert (
            sum(outcome.refusal is None for outcome in flat)
            == await Member.filter(organization=organization).count()
            == 5
        )


async def _at_once(*deeds: Awaitable[object]) -> list[object]:
    outcomes = await asyncio.gather(*deeds, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Refusal):
            raise outcome
    return list(outcomes)


def _kinds(outcomes: list[object]) -> Counter[type]:
    return Counter(type(outcome) for outcome in outcomes)


async def _organization() -> Organization:
    return await make_organization(f"Organization{next(_numbers)}")


async def _admin_and_member() -> tuple[Member, Member]:
    organization = await _organization()
    return await make_member(organization, role=MemberRole.ACCOUNT_ADMIN), await make_member(organization)


async def _active_admins(organization: Organization) -> int:
    return await Member.filter(
        organization=organization, status=MemberStatus.ACTIVE, role__not=MemberRole.MEMBER
    ).count()


async def _demote(by: Member, member: Member) -> None:
    await change_member_role(by=viewer_of(by), member_id=member.id, role=MemberRole.MEMBER, now=START)


async def _remove(by: Member, member: Member) -> EndedMembership:
    return await remove_member(by=viewer_of(by), member_id=member.id, now=LATER)


async def _remove_association(member: Member, association: Association) -> RemovedAssociation:
    return await remove_association(viewer=viewer_of(member), association_id=association.id, now=LATER, policy=Policy())


async def _associate(attempt: AssociationAttempt, profile_id: str | None = None) -> Association:
    profile_id = profile_id or f"account-{next(_numbers)}"
    association_id = await associate(
        attempt_id=attempt.id,
        profile_id=profile_id,
        completions=[completion_record(completion_id=f"msl-{profile_id}")],
        now=LATER,
        policy=Policy(),
    )
    return await Association.get(id=association_id)


async def _start(member: Member, settings: Settings) -> StartedAssociation:
    return await start_association(
        viewer=viewer_of(member),
        provider=LearningProvider.MICROSOFT_LEARN,
        return_to=None,
        now=LATER,
        settings=settings,
    )
