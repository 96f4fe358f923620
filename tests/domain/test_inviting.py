"""Invite members, and follow up on invitations (R2)."""

from datetime import timedelta

import pytest

from domain.errors import Forbidden, InvalidInput, NotFound
from domain.models import AuditEvent, Invitation, Member, Organization
from domain.operations.invitations import (
    MAX_AT_ONCE,
    InvitationOutcome,
    Invitee,
    cancel_invitation,
    correct_invitation,
    invite_members,
    resend_invitation,
)
from domain.rules.enums import MemberRole, MemberStatus
from domain.rules.invitations import AlreadyMember, InvitationAnswered, ResentTooSoon
from domain.rules.sign_in import NotAMember
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import issuer_of, make_member, make_organization, sign_in_at, viewer_of

DAY = timedelta(hours=24)
ACCOUNT_ADMIN, GLOBAL_ADMIN = MemberRole.ACCOUNT_ADMIN, MemberRole.GLOBAL_ADMIN
AMARA = "amara.osei@contoso.example"


@pytest.fixture
async def organization(database: str) -> Organization:
    return await make_organization()


@pytest.fixture
async def admin(organization: Organization) -> Member:
    return await make_member(organization, role=ACCOUNT_ADMIN)


@pytest.fixture
def posting(settings: Settings) -> Settings:
    """Settings with a mail server that no test here reaches."""
    return Settings(
        **settings.model_dump() | {"smtp_url": "smtp://localhost:9", "mail_from": "certlink@contoso.example"}
    )


class Desk:
    """An admin who invites."""

    def __init__(self, admin: Member, settings: Settings) -> None:
        self.by, self.settings = viewer_of(admin), settings

    async def invite(self, *addresses: str, role: MemberRole = MemberRole.MEMBER) -> list[InvitationOutcome]:
        invitees = [Invitee(work_email=address, role=role) for address in addresses]
        return await invite_members(by=self.by, invitees=invitees, now=START, settings=self.settings)

    async def invited(self, address: str = AMARA, role: MemberRole = MemberRole.MEMBER) -> Invitation:
        (outcome,) = await self.invite(address, role=role)
        return await Invitation.get(id=outcome.invitation_id)

    async def correct(self, invitation: Invitation, address: str) -> None:
        await correct_invitation(
            by=self.by, invitation_id=invitation.id, work_email=address, now=START, settings=self.settings
        )

    async def resend(self, invitation: Invitation, wait: timedelta = DAY) -> None:
        await resend_invitation(by=self.by, invitation_id=invitation.id, now=START + wait, settings=self.settings)

    async def cancel(self, invitation: Invitation) -> None:
        await cancel_invitation(by=self.by, invitation_id=invitation.id, now=START + DAY)


@pytest.fixture
def desk(admin: Member, posting: Settings) -> Desk:
    return Desk(admin, posting)


async def sign_in(organization: Organization, address: str = AMARA) -> bool:
    """Tell whether somebody whose issuer vouches for an address comes in."""
    try:
        await sign_in_at(await issuer_of(organization), subject=address, email=address, now=START + DAY)
    except NotAMember:
        return False
    return True


async def test_each_address_is_an_outcome_of_its_own(desk: Desk, admin: Member) -> None:
    """Our decision: one that is refused keeps no other from being invited."""
    addresses = [
        " Amara.Osei@Contoso.Example ",
        "mei.tanaka@fabrikam.example",
        "amara.osei@contoso.example",
        "nonsense",
        admin.work_email,
        "priya.raman@contoso.example",
    ]

    outcomes = await desk.invite(*addresses)

    assert [outcome.work_email for outcome in outcomes] == addresses
    assert [type(outcome.refusal) for outcome in outcomes] == [
        type(None),
        InvalidInput,
        AlreadyMember,
        InvalidInput,
        AlreadyMember,
        type(None),
    ]
    invited = await Member.filter(status=MemberStatus.INVITED).order_by("id")
    assert [member.work_email for member in invited] == ["amara.osei@contoso.example", "priya.raman@contoso.example"]
    assert [outcome.member_id for outcome in outcomes if outcome.member_id] == [member.id for member in invited]
    events = await AuditEvent.filter(action="member_invited").order_by("sequence")
    assert [event.subject for event in events] == [f"member:{member.id}" for member in invited]
    assert "contoso" not in str([event.details for event in events])


@pytest.mark.parametrize("signs_in_as", ["jos\u00e9@contoso.example", "jose\u0301@contoso.example"])
async def test_one_address_in_two_spellings_is_one_invitation_and_signs_in(
    desk: Desk, organization: Organization, signs_in_as: str
) -> None:
    one, other = await desk.invite("jose\u0301@contoso.example", "Jos\u00e9@contoso.example")

    assert isinstance(other.refusal, AlreadyMember)
    assert (await Member.get(status=MemberStatus.INVITED)).work_email == "jos\u00e9@contoso.example"
    assert await sign_in(organization, signs_in_as)
    assert (await Member.get(id=one.member_id)).status is MemberStatus.ACTIVE


async def test_where_everybody_is_refused_nothing_is_written(desk: Desk, admin: Member) -> None:
    async with leaving_no_trace():
        outcomes = await desk.invite("nonsense", admin.work_email)

    assert all(outcome.refusal for outcome in outcomes)


@pytest.mark.parametrize("number", [0, MAX_AT_ONCE + 1])
async def test_nobody_or_too_many_are_refused_as_a_whole(desk: Desk, number: int) -> None:
    async with leaving_no_trace():
        with pytest.raises(InvalidInput):
            await desk.invite(*(f"person-{each}@contoso.example" for each in range(number)))


async def test_as_many_as_allowed_are_invited_in_their_order(desk: Desk) -> None:
    outcomes = await desk.invite(*(f"person-{number}@contoso.example" for number in range(MAX_AT_ONCE)))

    numbers = [outcome.invitation_id or 0 for outcome in outcomes]
    assert numbers == sorted(numbers)
    assert await Invitation.all().count() == MAX_AT_ONCE


async def test_an_account_admin_invites_admins_and_no_global_admin(desk: Desk) -> None:
    (refused,) = await desk.invite(AMARA, role=GLOBAL_ADMIN)
    (invited,) = await desk.invite(AMARA, role=ACCOUNT_ADMIN)

    assert isinstance(refused.refusal, Forbidden)
    assert (await Member.get(id=invited.member_id)).role is ACCOUNT_ADMIN


async def test_who_was_removed_is_invited_anew_as_somebody_else(desk: Desk, organization: Organization) -> None:
    gone = await make_member(organization, work_email=AMARA, status=MemberStatus.REMOVED, removed_at=START)

    (outcome,) = await desk.invite(AMARA)

    assert outcome.member_id not in {None, gone.id}


async def test_the_first_sign_in_answers_the_invitation(desk: Desk, organization: Organization) -> None:
    invitation = await desk.invited()

    assert await sign_in(organization)

    await invitation.refresh_from_db()
    assert (invitation.responded_at, invitation.claimable_at) == (START + DAY, None)


async def test_a_corrected_invitation_is_answered_by_the_new_address_only(
    desk: Desk, organization: Organization
) -> None:
    invitation = await desk.invited("amara.oseii@contoso.example")
    await Invitation.all().update(sent_at=START, send_count=1, claimable_at=None, tries=3)

    await desk.correct(invitation, AMARA)

    await invitation.refresh_from_db()
    assert (invitation.sent_at, invitation.send_count, invitation.tries) == (None, 1, 0)
    assert invitation.claimable_at is not None
    assert not await sign_in(organization, "amara.oseii@contoso.example")
    assert await sign_in(organization)


async def test_an_address_that_somebody_has_is_no_correction(desk: Desk, admin: Member) -> None:
    invitation = await desk.invited()

    async with leaving_no_trace():
        for address, refusal in (
            (admin.work_email, AlreadyMember),
            (AMARA, InvalidInput),
            ("amara@fabrikam.example", InvalidInput),
            ("nonsense", InvalidInput),
        ):
            with pytest.raises(refusal):
                await desk.correct(invitation, address)


async def test_an_invitation_is_sent_again_a_day_later_and_not_earlier(desk: Desk) -> None:
    invitation = await desk.invited()
    await Invitation.all().update(sent_at=START, send_count=1, claimable_at=None)

    async with leaving_no_trace():
        with pytest.raises(ResentTooSoon) as refused:
            await desk.resend(invitation, DAY - timedelta(microseconds=1))
    await desk.resend(invitation)

    assert refused.value.next_available_at == START + DAY
    await invitation.refresh_from_db()
    assert (invitation.requested_at, invitation.sent_at) == (START + DAY, START)
    assert invitation.claimable_at is not None
    with pytest.raises(ResentTooSoon):
        await desk.resend(invitation, DAY * 2 - timedelta(microseconds=1))


async def test_an_invitation_that_did_not_go_out_is_sent_again_at_once(desk: Desk) -> None:
    invitation = await desk.invited()
    await Invitation.all().update(claimable_at=None, delivery_problem="UNREACHABLE")

    await desk.resend(invitation, timedelta(0))

    await invitation.refresh_from_db()
    assert (invitation.delivery_problem, invitation.claimable_at is not None) == (None, True)


async def test_a_canceled_invitation_is_answered_by_nobody(desk: Desk, organization: Organization) -> None:
    invitation = await desk.invited()

    await desk.cancel(invitation)

    await invitation.refresh_from_db()
    member = await Member.get(id=invitation.member_id)
    assert (invitation.canceled_at, invitation.claimable_at) == (START + DAY, None)
    assert (member.status, member.removed_at) == (MemberStatus.REMOVED, START + DAY)
    async with leaving_no_trace():
        assert not await sign_in(organization)
        for mutation_call in (desk.cancel(invitation), desk.resend(invitation), desk.correct(invitation, AMARA)):
            with pytest.raises(NotFound):
                await mutation_call


async def test_an_answered_invitation_cannot_be_changed(desk: Desk, organization: Organization) -> None:
    invitation = await desk.invited()
    await sign_in(organization)

    async with leaving_no_trace():
        for mutation_call in (
            desk.cancel(invitation),
            desk.resend(invitation),
            desk.correct(invitation, "x@contoso.example"),
        ):
            with pytest.raises(InvitationAnswered):
                await mutation_call


async def test_an_account_admin_cannot_take_a_global_admin_s_invitation(
    desk: Desk, organization: Organization, posting: Settings
) -> None:
    """By correcting its address to one of their own they would become a global admin."""
    higher = Desk(await make_member(organization, role=GLOBAL_ADMIN), posting)
    invitation = await higher.invited(AMARA, GLOBAL_ADMIN)

    async with leaving_no_trace():
        for mutation_call in (
            desk.cancel(invitation),
            desk.resend(invitation),
            desk.correct(invitation, "x@contoso.example"),
        ):
            with pytest.raises(Forbidden):
                await mutation_call
    await higher.correct(invitation, "x@contoso.example")


async def test_nobody_else_invites_or_changes_invitations(
    desk: Desk, organization: Organization, posting: Settings
) -> None:
    invitation = await desk.invited()
    colleague = Desk(await make_member(organization), posting)
    stranger = Desk(await make_member(await make_organization("Fabrikam"), role=GLOBAL_ADMIN), posting)

    async with leaving_no_trace():
        for other, refusal in ((colleague, Forbidden), (stranger, NotFound)):
            for mutation_call in (
                other.cancel(invitation),
                other.resend(invitation),
                other.correct(invitation, "x@contoso.example"),
            ):
                with pytest.raises(refusal):
                    await mutation_call
        with pytest.raises(Forbidden):
            await colleague.invite("x@contoso.example")
        (outcome,) = await stranger.invite("x@contoso.example")
        assert isinstance(outcome.refusal, InvalidInput)
