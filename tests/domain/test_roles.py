"""Changes of members' roles."""

import pytest

from domain.errors import Forbidden, NotFound
from domain.models import AuditEvent, Member, Organization
from domain.operations.members import change_member_role
from domain.rules.administration import LastAdmin, Operator
from domain.rules.enums import MemberRole, MemberStatus
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.factories import make_member, make_organization, viewer_of

MEMBER, ACCOUNT_ADMIN, GLOBAL_ADMIN = MemberRole


@pytest.fixture
async def organization(database: str) -> Organization:
    return await make_organization()


async def change(by: Member, member: Member, role: MemberRole) -> MemberRole:
    """Change a role and return what it is now."""
    await change_member_role(by=viewer_of(by), member_id=member.id, role=role, now=START)
    await member.refresh_from_db()
    return member.role


@pytest.mark.parametrize("status", [MemberStatus.ACTIVE, MemberStatus.INVITED])
async def test_an_admin_makes_an_active_or_invited_member_an_admin(
    organization: Organization, status: MemberStatus
) -> None:
    admin = await make_member(organization, role=ACCOUNT_ADMIN)
    member = await make_member(organization, status=status)

    assert await change(admin, member, ACCOUNT_ADMIN) is ACCOUNT_ADMIN
    event = await AuditEvent.get(action="member_role_changed")
    assert (event.actor, event.subject) == (f"member:{admin.id}", f"member:{member.id}")
    assert event.details == {"from": "MEMBER", "to": "ACCOUNT_ADMIN"}


async def test_a_role_that_a_member_has_already_changes_nothing(organization: Organization) -> None:
    admin = await make_member(organization, role=ACCOUNT_ADMIN)

    async with leaving_no_trace():
        assert await change(admin, admin, ACCOUNT_ADMIN) is ACCOUNT_ADMIN


async def test_only_a_global_admin_makes_changes_or_demotes_a_global_admin(organization: Organization) -> None:
    admin, member = await make_member(organization, role=ACCOUNT_ADMIN), await make_member(organization)
    higher = await make_member(organization, role=GLOBAL_ADMIN)

    async with leaving_no_trace():
        for target, role in ((member, GLOBAL_ADMIN), (admin, GLOBAL_ADMIN), (higher, MEMBER), (higher, GLOBAL_ADMIN)):
            with pytest.raises(Forbidden):
                await change(admin, target, role)

    assert await change(higher, member, GLOBAL_ADMIN) is GLOBAL_ADMIN
    assert await change(member, higher, MEMBER) is MEMBER


async def test_the_last_active_admin_stays_one(organization: Organization) -> None:
    admin = await make_member(organization, role=ACCOUNT_ADMIN)
    await make_member(organization, role=GLOBAL_ADMIN, status=MemberStatus.INVITED, subject=None, activated_at=None)

    async with leaving_no_trace():
        with pytest.raises(LastAdmin):
            await change(admin, admin, MEMBER)
        with pytest.raises(LastAdmin):
            await change_member_role(
                by=Operator(organization_id=organization.id), member_id=admin.id, role=MEMBER, now=START
            )


async def test_an_admin_demotes_themself_where_another_one_stays(organization: Organization) -> None:
    admin = await make_member(organization, role=ACCOUNT_ADMIN)
    await make_member(organization, role=ACCOUNT_ADMIN)

    assert await change(admin, admin, MEMBER) is MEMBER


async def test_nobody_else_changes_roles(organization: Organization) -> None:
    member, colleague = await make_member(organization), await make_member(organization)
    foreign = await make_member(await make_organization("Fabrikam"), role=GLOBAL_ADMIN)
    gone = await make_member(organization, status=MemberStatus.REMOVED, removed_at=START)
    admin = await make_member(organization, role=ACCOUNT_ADMIN)

    async with leaving_no_trace():
        for by, target, refusal in (
            (colleague, member, Forbidden),
            (colleague, colleague, Forbidden),
            (foreign, member, NotFound),
            (admin, foreign, NotFound),
            (admin, gone, NotFound),
        ):
            with pytest.raises(refusal):
                await change(by, target, ACCOUNT_ADMIN)


async def test_a_role_is_looked_up_when_it_matters(organization: Organization) -> None:
    """Their request may have begun when they still were a global admin."""
    admin, member = await make_member(organization, role=GLOBAL_ADMIN), await make_member(organization)
    viewer = viewer_of(admin)
    await Member.filter(id=admin.id).update(role=ACCOUNT_ADMIN)

    async with leaving_no_trace():
        with pytest.raises(Forbidden):
            await change_member_role(by=viewer, member_id=member.id, role=GLOBAL_ADMIN, now=START)
