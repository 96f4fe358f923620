"""Requests of a directory at the same moment end as if one had come after the other."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from domain.database.pool import fetch_value
from domain.errors import Refusal
from domain.models import DirectoryUser, Invitation, Member, Organization
from domain.operations.members import activate_member, remove_member
from domain.rules.administration import Operator
from domain.rules.enums import MemberRole, MemberStatus
from domain.rules.identity import Identity
from tests.clock import START, FrozenClock
from tests.factories import issuer_of, make_member
from tests.scim.conftest import Directory, user

ROUNDS = 5
ADDRESS = "amara.osei@contoso.example"


async def test_of_two_creations_of_one_user_one_is_refused(directory: Directory) -> None:
    for number in range(ROUNDS):
        answers = await asyncio.gather(
            *(directory.send("POST", "/Users", json=user(f"person{number}")) for _ in range(2))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]

    assert await DirectoryUser.all().count() == await Member.all().count() == ROUNDS
    assert await Invitation.all().count() == ROUNDS


async def test_of_two_users_with_one_address_at_once_one_is_refused(directory: Directory) -> None:
    for number in range(ROUNDS):
        emails = [{"type": "work", "value": f"shared{number}@contoso.example"}]
        answers = await asyncio.gather(
            *(directory.send("POST", "/Users", json=user(f"{name}{number}", emails=emails)) for name in ("a", "b"))
        )
        # Who waited may also be asked to come back, and is refused then.
        assert sorted(answer.status_code for answer in answers) in ([201, 409], [201, 503])

    assert await Member.all().count() == ROUNDS


async def test_of_two_changes_of_one_version_one_is_refused(directory: Directory) -> None:
    created = await directory.create()
    for number in range(ROUNDS):
        version = (await directory.read(created["id"]))["meta"]["version"]
        answers = await asyncio.gather(
            *(
                directory.patch(
                    created["id"],
                    {"op": "replace", "path": "title", "value": f"{title} {number}"},
                    headers={"If-Match": version},
                )
                for title in ("Lead", "Architect")
            )
        )
        assert sorted(answer.status_code for answer in answers) == [204, 412]


async def test_changes_without_a_version_all_take_effect(directory: Directory) -> None:
    created = await directory.create()
    operations = [
        {"op": "replace", "path": path, "value": "new"} for path in ("title", "nickName", "userType", "locale")
    ]

    answers = await asyncio.gather(*(directory.patch(created["id"], operation) for operation in operations))

    assert {answer.status_code for answer in answers} == {204}
    read = await directory.read(created["id"])
    assert [read[name] for name in ("title", "nickName", "userType", "locale")] == ["new"] * 4
    assert read["meta"]["version"] == 'W/"5"'


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
async def test_who_signs_in_while_the_directory_lets_them_go_has_left_in_the_end(
    directory: Directory, contoso: Organization, method: str
) -> None:
    issuer = await issuer_of(contoso)
    for number in range(ROUNDS):
        created = await directory.create(f"person{number}")
        identity = Identity(
            issuer=issuer.issuer, subject=f"subject-{number}", address=f"person{number}@contoso.example"
        )

        async def sign_in(identity: Identity = identity) -> None:
            with suppress(Refusal):
                await activate_member(identity=identity, identity_issuer_id=issuer.id, now=START)

        gone = (
            directory.send("DELETE", f"/Users/{created['id']}")
            if method == "DELETE"
            else directory.patch(created["id"], {"op": "replace", "path": "active", "value": False})
        )
        answer, _ = await asyncio.gather(gone, sign_in())
        assert answer.status_code == 204

    assert {member.status for member in await Member.all()} == {MemberStatus.REMOVED}
    assert await fetch_value("SELECT count(*) FROM work_identity WHERE ended_at IS NULL") == 0


async def test_of_the_last_two_admins_who_leave_at_once_one_stays(
    directory: Directory, contoso: Organization, clock: FrozenClock
) -> None:
    for number in range(ROUNDS):
        names = [f"first{number}", f"second{number}"]
        admins = [
            await make_member(contoso, role=MemberRole.ACCOUNT_ADMIN, work_email=f"{name}@contoso.example")
            for name in names
        ]
        users = [await directory.create(name) for name in names]

        answers = await asyncio.gather(*(directory.send("DELETE", f"/Users/{row['id']}") for row in users))

        assert sorted(answer.status_code for answer in answers) == [204, 400]
        assert await Member.filter(status=MemberStatus.ACTIVE).count() == 1
        # The next round begins with none.
        await Member.filter(id__in=[admin.id for admin in admins]).update(role=MemberRole.MEMBER)
        clock.advance(timedelta(seconds=1))
        for row, answer in zip(users, answers, strict=True):
            if answer.status_code == 400:
                assert (await directory.send("DELETE", f"/Users/{row['id']}")).status_code == 204


async def test_an_admin_and_the_directory_remove_somebody_at_once(directory: Directory, contoso: Organization) -> None:
    operator = Operator(organization_id=contoso.id)
    for number in range(ROUNDS):
        member = await make_member(contoso, work_email=f"person{number}@contoso.example")
        created = await directory.create(f"person{number}")

        async def remove(member: Member = member) -> None:
            with suppress(Refusal):
                await remove_member(by=operator, member_id=member.id, now=START)

        answer, _ = await asyncio.gather(directory.send("DELETE", f"/Users/{created['id']}"), remove())
        assert answer.status_code == 204

    assert {member.status for member in await Member.all()} == {MemberStatus.REMOVED}
