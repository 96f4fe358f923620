"""What a directory says of a user, the organization's member follows (R2, R8)."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from domain.database.pool import fetch_value
from domain.models import Association, BrowserSession, Credit, DirectoryUser, Invitation, Member, Organization
from domain.operations.credits import propagate_credits
from domain.operations.invitations import invite_member
from domain.operations.members import activate_member, change_member_role, remove_member
from domain.queries.callers import viewer_of_session
from domain.rules.administration import Operator
from domain.rules.enums import AssociationEndReason, CreditEndReason, MemberRole, MemberStatus
from domain.rules.identity import Identity
from domain.secrets import hash_token
from domain.settings import Settings
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import (
    issuer_of,
    make_association,
    make_credit,
    make_invitation,
    make_member,
    make_organization,
    subject_of,
)
from tests.scim.conftest import Directory, audited, is_error, user

DAY = timedelta(days=1)
ADDRESS = "amara.osei@contoso.example"
INACTIVE: dict[str, Any] = {"op": "replace", "path": "active", "value": False}
ACTIVE: dict[str, Any] = {"op": "replace", "path": "active", "value": True}


def work_email(address: str) -> dict[str, Any]:
    """Return the operation that gives a user another work address."""
    return {"op": "replace", "path": 'emails[type eq "work"].value', "value": address}


async def test_a_created_user_is_invited_by_the_directory(directory: Directory, contoso: Organization) -> None:
    created = await directory.create()

    member = await Member.get(work_email=ADDRESS)
    assert (member.status, member.role, member.name) == (MemberStatus.INVITED, MemberRole.MEMBER, "Amara Osei")
    invitation = await Invitation.get(member=member)
    assert (invitation.requested_at, invitation.canceled_at) == (START, None)
    assert (await DirectoryUser.get(id=created["id"])).member_id == member.id
    assert ("directory", "member_invited") in await audited(contoso)
    assert ("directory", "directory_user_created") in await audited(contoso)


@pytest.mark.parametrize("status", [MemberStatus.ACTIVE, MemberStatus.INVITED])
async def test_a_person_who_is_a_member_already_is_found_and_keeps_the_role(
    directory: Directory, contoso: Organization, status: MemberStatus
) -> None:
    is_active = status is MemberStatus.ACTIVE
    member = await make_member(
        contoso,
        role=MemberRole.ACCOUNT_ADMIN,
        work_email=ADDRESS,
        status=status,
        **({} if is_active else {"subject": None, "activated_at": None}),
    )
    await make_invitation(member)

    created = await directory.create()

    assert (await DirectoryUser.get(id=created["id"])).member_id == member.id
    assert [(m.id, m.role, m.status) for m in await Member.all()] == [(member.id, MemberRole.ACCOUNT_ADMIN, status)]
    assert await Invitation.all().count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"emails": [{"type": "work", "value": "amara@contoso.example.evil.example"}]},
        {"emails": [{"primary": True, "value": "amara@gmail.example"}]},
        {"emails": [], "userName": "amara@fabrikam.example"},
        {"emails": None, "userName": "amara"},
    ],
)
async def test_who_has_no_address_of_the_organization_is_refused_with_the_reason(
    directory: Directory, values: dict[str, Any]
) -> None:
    await directory.find("active eq true")

    async with leaving_no_trace():
        answer = await directory.send("POST", "/Users", json=user(**values))

    assert is_error(answer, 400, "invalidValue")
    assert "work e-mail" in answer.json()["detail"]


async def test_an_inactive_user_is_recorded_and_invited_once_active(directory: Directory) -> None:
    created = await directory.create(active=False)

    assert await Member.all().count() == 0
    await directory.patch(created["id"], ACTIVE)
    assert [member.work_email for member in await Member.all()] == [ADDRESS]


async def test_who_becomes_inactive_leaves_as_if_an_admin_removed_them(
    directory: Directory, contoso: Organization
) -> None:
    member = await make_member(contoso, work_email=ADDRESS)
    association = await make_association(member, started_at=START - 20 * DAY)
    counting = await make_credit(association)
    pending = await make_credit(association, completed_at=START - DAY)
    await propagate_credits(now=START)
    created = await directory.create()

    answer = await directory.patch(created["id"], INACTIVE)

    assert answer.is_success
    await member.refresh_from_db()
    assert (member.status, member.removed_at) == (MemberStatus.REMOVED, START)
    await association.refresh_from_db()
    assert (association.ended_at, association.end_reason) == (START, AssociationEndReason.MEMBER_REMOVED)
    assert (await Credit.get(id=pending.id)).end_reason is CreditEndReason.MEMBER_REMOVED
    still_counting = await Credit.get(id=counting.id)
    assert still_counting.counts_until is not None
    assert still_counting.counts_until > START
    # Entra reads a disabled user again and again.
    assert (await directory.read(created["id"]))["active"] is False
    assert (await directory.find(f'userName eq "{ADDRESS}"'))["totalResults"] == 1
    assert (await audited(contoso))[-2:] == [("directory", "member_removed"), ("directory", "directory_user_changed")]


async def test_who_leaves_has_no_session_any_more(directory: Directory, contoso: Organization) -> None:
    member = await make_member(contoso, work_email=ADDRESS)
    await BrowserSession.create(
        member=member, token_hash=hash_token("cookie"), created_at=START, expires_at=START + DAY
    )
    created = await directory.create()
    assert await viewer_of_session("cookie", now=START) is not None

    await directory.send("DELETE", f"/Users/{created['id']}")

    assert await viewer_of_session("cookie", now=START) is None
    assert await fetch_value("SELECT count(*) FROM work_identity WHERE ended_at IS NULL") == 0


@pytest.mark.parametrize("how", ["inactive", "deleted"])
async def test_an_invitation_without_response_is_canceled(directory: Directory, how: str) -> None:
    created = await directory.create()

    if how == "inactive":
        await directory.patch(created["id"], INACTIVE)
    else:
        await directory.send("DELETE", f"/Users/{created['id']}")

    assert (await Member.get(work_email=ADDRESS)).status is MemberStatus.REMOVED
    assert (await Invitation.all().first()).canceled_at == START  # type: ignore[union-attr]


async def test_who_comes_back_is_invited_anew_and_bound_by_their_sign_in_and_nothing_old_revives(
    directory: Directory, contoso: Organization
) -> None:
    member = await make_member(contoso, work_email=ADDRESS, role=MemberRole.GLOBAL_ADMIN)
    await make_member(contoso, role=MemberRole.ACCOUNT_ADMIN)
    subject = await subject_of(member)
    association = await make_association(member, started_at=START - 20 * DAY)
    created = await directory.create()
    await directory.patch(created["id"], INACTIVE)

    await directory.patch(created["id"], ACTIVE)
    issuer = await issuer_of(contoso)
    viewer = await activate_member(
        identity=Identity(issuer=issuer.issuer, subject=subject, address=ADDRESS),
        identity_issuer_id=issuer.id,
        now=START,
    )

    back = await Member.get(id=viewer.member_id)
    assert (back.id != member.id, back.status, back.role) == (True, MemberStatus.ACTIVE, MemberRole.MEMBER)
    # The issuer told no name; the directory's stays.
    assert back.name == "Amara Osei"
    assert (await DirectoryUser.get(id=created["id"])).member_id == back.id
    assert (await Association.get(id=association.id)).ended_at == START
    assert await Association.filter(member_id=back.id).count() == 0


async def test_name_and_address_of_an_active_member_follow(directory: Directory, contoso: Organization) -> None:
    member = await make_member(contoso, work_email=ADDRESS, role=MemberRole.ACCOUNT_ADMIN)
    created = await directory.create()

    answer = await directory.patch(
        created["id"],
        work_email("Amara.Mensah@Contoso.Example"),
        {"op": "replace", "path": "displayName", "value": "Amara Mensah"},
    )

    assert answer.is_success
    await member.refresh_from_db()
    assert (member.work_email, member.name) == ("amara.mensah@contoso.example", "Amara Mensah")
    assert (member.status, member.role) == (MemberStatus.ACTIVE, MemberRole.ACCOUNT_ADMIN)
    assert ("directory", "member_followed_directory") in await audited(contoso)


async def test_an_invitation_goes_to_the_address_that_the_directory_corrects(
    directory: Directory, contoso: Organization
) -> None:
    created = await directory.create()

    await directory.patch(created["id"], work_email("amara.mensah@contoso.example"))

    (member,) = await Member.all()
    assert (member.work_email, member.status) == ("amara.mensah@contoso.example", MemberStatus.INVITED)
    assert ("directory", "invitation_corrected") in await audited(contoso)


async def test_a_change_of_something_else_leaves_name_and_address_as_they_are(
    directory: Directory, contoso: Organization
) -> None:
    member = await make_member(contoso, work_email=ADDRESS)
    created = await directory.create()
    # As a sign-in may have told them since.
    await Member.filter(id=member.id).update(name="A. Osei", work_email="a.osei@contoso.example")

    await directory.patch(created["id"], {"op": "replace", "path": "title", "value": "Lead"})

    await member.refresh_from_db()
    assert (member.name, member.work_email) == ("A. Osei", "a.osei@contoso.example")


@pytest.mark.parametrize(
    ("address", "status", "scim_type"),
    [("mei.tanaka@contoso.example", 409, "uniqueness"), ("amara@fabrikam.example", 400, "invalidValue")],
)
async def test_an_address_that_the_member_cannot_have_is_refused(
    directory: Directory, contoso: Organization, address: str, status: int, scim_type: str
) -> None:
    await make_member(contoso, work_email="mei.tanaka@contoso.example")
    created = await directory.create()

    async with leaving_no_trace():
        answer = await directory.patch(created["id"], work_email(address))

    assert is_error(answer, status, scim_type)


async def test_a_second_user_with_the_address_of_a_first_is_refused(directory: Directory) -> None:
    await directory.create()
    inactive = await directory.create("another", active=False)
    same = {"emails": [{"type": "work", "value": ADDRESS}]}

    async with leaving_no_trace():
        created = await directory.send("POST", "/Users", json=user("third", **same))
    moved = await directory.send("PUT", f"/Users/{inactive['id']}", json=user("another", active=False, **same))
    async with leaving_no_trace():
        activated = await directory.patch(inactive["id"], ACTIVE)

    assert is_error(created, 409, "uniqueness")
    assert moved.status_code == 200
    assert is_error(activated, 409, "uniqueness")


@pytest.mark.parametrize("how", ["inactive", "replaced", "deleted"])
async def test_the_last_admin_stays_and_the_operator_is_told(
    directory: Directory, contoso: Organization, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    member = await make_member(contoso, work_email=ADDRESS, role=MemberRole.ACCOUNT_ADMIN)
    created = await directory.create()
    path = f"/Users/{created['id']}"
    capsys.readouterr()

    async with leaving_no_trace():
        if how == "inactive":
            answer = await directory.patch(created["id"], INACTIVE)
        elif how == "replaced":
            answer = await directory.send("PUT", path, json=user(active=False))
        else:
            answer = await directory.send("DELETE", path)

    assert is_error(answer, 400, "mutability")
    assert "last active admin" in answer.json()["detail"]
    logged = "".join(capsys.readouterr())
    assert "directory refused" in logged
    assert f"organization={contoso.id}" in logged
    assert "LAST_ADMIN" in logged
    assert ADDRESS not in logged
    assert "Amara" not in logged
    # With another admin it is an ordinary leaving.
    await make_member(contoso, role=MemberRole.ACCOUNT_ADMIN)
    assert (await directory.patch(created["id"], INACTIVE)).is_success
    assert (await Member.get(id=member.id)).status is MemberStatus.REMOVED


@pytest.mark.parametrize(
    "values",
    [
        {"subject": None},
        {"subject": None, "status": MemberStatus.INVITED, "activated_at": None},
    ],
    ids=["bound to no issuer", "invited"],
)
async def test_the_last_admin_who_cannot_act_at_the_moment_stays_too(
    directory: Directory, contoso: Organization, values: dict[str, Any]
) -> None:
    member = await make_member(contoso, work_email=ADDRESS, role=MemberRole.ACCOUNT_ADMIN, **values)
    if member.status is MemberStatus.INVITED:
        await make_invitation(member)
    created = await directory.create()

    async with leaving_no_trace():
        answer = await directory.patch(created["id"], INACTIVE)

    assert is_error(answer, 400, "mutability")


async def test_a_user_whose_person_an_admin_removed_gets_nobody_else_s_member(
    directory: Directory, contoso: Organization
) -> None:
    boss = await make_member(contoso, work_email="boss@contoso.example", role=MemberRole.GLOBAL_ADMIN)
    await make_member(contoso, role=MemberRole.GLOBAL_ADMIN)
    created = await directory.create()
    member = await Member.get(work_email=ADDRESS)
    await remove_member(by=Operator(organization_id=contoso.id), member_id=member.id, now=START)

    moved = await directory.patch(created["id"], work_email("boss@contoso.example"))
    await directory.patch(created["id"], {"op": "replace", "path": "title", "value": "Lead"})
    await directory.patch(created["id"], INACTIVE)

    assert is_error(moved, 409, "uniqueness")
    assert (await Member.get(id=boss.id)).status is MemberStatus.ACTIVE


async def test_who_an_admin_removed_is_not_brought_back_by_a_repetition(
    directory: Directory, contoso: Organization, settings: Settings
) -> None:
    created = await directory.create()
    operator = Operator(organization_id=contoso.id)
    member = await Member.get(work_email=ADDRESS)
    await remove_member(by=operator, member_id=member.id, now=START)

    repeated = await directory.send("PUT", f"/Users/{created['id']}", json=user(title="Lead"))

    assert repeated.status_code == 200
    assert [row.status for row in await Member.all()] == [MemberStatus.REMOVED]
    # To be made inactive and active again is a decision of the directory.
    await directory.patch(created["id"], INACTIVE)
    await directory.patch(created["id"], ACTIVE)
    assert {row.status for row in await Member.all()} == {MemberStatus.REMOVED, MemberStatus.INVITED}


async def test_who_an_admin_invited_anew_leaves_by_the_directory_all_the_same(
    directory: Directory, contoso: Organization, settings: Settings
) -> None:
    created = await directory.create()
    operator = Operator(organization_id=contoso.id)
    await remove_member(by=operator, member_id=(await Member.get(work_email=ADDRESS)).id, now=START)
    again = await invite_member(
        organization_domain="contoso.example",
        work_email=ADDRESS,
        role=MemberRole.MEMBER,
        now=START,
        settings=settings,
    )

    await directory.patch(created["id"], INACTIVE)

    assert (await Member.get(id=again)).status is MemberStatus.REMOVED


async def test_a_replacement_that_does_not_say_whether_a_user_is_active_changes_nothing_of_it(
    directory: Directory,
) -> None:
    created = await directory.create()
    silent = user(title="Lead")
    del silent["active"]

    await directory.patch(created["id"], INACTIVE)
    await directory.send("PUT", f"/Users/{created['id']}", json=silent)

    assert (await directory.find("active eq true"))["totalResults"] == 0
    assert [row.status for row in await Member.all()] == [MemberStatus.REMOVED]


async def test_a_directory_changes_no_role(directory: Directory, contoso: Organization) -> None:
    member = await make_member(contoso, work_email=ADDRESS)
    await make_member(contoso, role=MemberRole.GLOBAL_ADMIN)
    created = await directory.create(roles=[{"value": "GLOBAL_ADMIN", "primary": True}])
    await change_member_role(
        by=Operator(organization_id=contoso.id), member_id=member.id, role=MemberRole.ACCOUNT_ADMIN, now=START
    )

    await directory.send(
        "PUT", f"/Users/{created['id']}", json=user(userType="GLOBAL_ADMIN", roles=[{"value": "GLOBAL_ADMIN"}])
    )

    assert (await Member.get(id=member.id)).role is MemberRole.ACCOUNT_ADMIN


async def test_a_user_of_one_organization_touches_no_member_of_another(
    directory: Directory, client: AsyncClient
) -> None:
    fabrikam = await make_organization("Fabrikam")
    stranger = await make_member(fabrikam, work_email="amara.osei@fabrikam.example")
    created = await directory.create(
        userName="amara.osei@fabrikam.example", emails=[{"type": "work", "value": ADDRESS}]
    )

    await directory.send("DELETE", f"/Users/{created['id']}")

    assert (await Member.get(id=stranger.id)).status is MemberStatus.ACTIVE
