"""Permissions to administer an organization's members (R2, R8)."""

from dataclasses import dataclass

from domain.errors import Forbidden, Refusal
from domain.rules.enums import MemberRole
from domain.rules.visibility import MemberViewer, Viewer, check_person


class LastAdmin(Refusal):
    """Without this member nobody active could administer the organization."""

    code = "LAST_ADMIN"

    def __init__(self) -> None:
        super().__init__(
            "This is the organization's last active admin. Make another active member an admin first, "
            "then try again. Nothing was changed."
        )


@dataclass(frozen=True, kw_only=True)
class Operator:
    """The person who runs certlink, on the command line, with the rights of a global admin in an organization."""

    organization_id: int
    role: MemberRole = MemberRole.GLOBAL_ADMIN


@dataclass(frozen=True, kw_only=True)
class Directory:
    """An organization's directory, which provisions members with the rights of a global admin and changes no role."""

    organization_id: int
    role: MemberRole = MemberRole.GLOBAL_ADMIN


def check_admin(role: MemberRole) -> None:
    """Refuse a role that is not an admin's.

    Raises:
        Forbidden: the role is a member's.
    """
    if not role.is_admin:
        raise Forbidden("Only an admin of your organization can do this.")


def check_signed_in_admin(viewer: Viewer | None) -> MemberViewer:
    """Return the viewer if they are an admin.

    Raises:
        Forbidden: nobody is signed in, the viewer is an API client, or they are not an admin.
    """
    person = check_person(viewer)
    check_admin(person.role)
    return person


def check_may_administer(role: MemberRole, *roles: MemberRole) -> None:
    """Refuse an admin who would make, change or remove somebody of a higher role than their own.

    Raises:
        Forbidden: one of the roles is GLOBAL_ADMIN, and the admin's is not.
    """
    check_admin(role)
    # Otherwise an account admin could become a global one by correcting an invitation's address (our decision).
    if MemberRole.GLOBAL_ADMIN in roles and role is not MemberRole.GLOBAL_ADMIN:
        raise Forbidden("Only a global admin can make, change or remove a global admin.")


def check_admin_stays(*, is_active_admin: bool, stays_admin: bool, other_active_admins: int) -> None:
    """Refuse to take the last active admin from an organization.

    Raises:
        LastAdmin: the member is the last one, and would stop being one.
    """
    # Admins may demote or remove themselves, but an organization without an admin needs the operator to get one.
    if is_active_admin and not stays_admin and other_active_admins == 0:
        raise LastAdmin
