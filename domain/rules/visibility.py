"""Viewers and what they may see (R1, R17)."""

from dataclasses import dataclass
from typing import ClassVar

from domain.errors import Forbidden
from domain.rules.enums import MemberRole, Scope


@dataclass(frozen=True, kw_only=True)
class MemberViewer:
    """An active member who makes a request."""

    member_id: int
    organization_id: int
    role: MemberRole

    @property
    def is_admin(self) -> bool:
        return self.role.is_admin

    def may(self, scope: Scope) -> bool:
        """Tell whether the member may read a scope: admins may read all of their organization."""
        return self.role.is_admin


@dataclass(frozen=True, kw_only=True)
class ApiClientViewer:
    """An API client that makes a request: as it is no person, it owns nothing and can change nothing (R1)."""

    # Both are asked of every viewer, and no client is ever a member or an admin.
    member_id: ClassVar[None] = None
    is_admin: ClassVar[bool] = False

    api_client_id: int
    organization_id: int
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes


Viewer = MemberViewer | ApiClientViewer


def check_signed_in(viewer: Viewer | None) -> Viewer:
    """Return the viewer, or raise Forbidden where nobody is signed in."""
    if viewer is None:
        raise Forbidden
    return viewer


def check_person(viewer: Viewer | None) -> MemberViewer:
    """Return the viewer if it is a member.

    Raises:
        Forbidden: nobody is signed in, or the viewer is an API client.
    """
    viewer = check_signed_in(viewer)
    if isinstance(viewer, ApiClientViewer):
        raise Forbidden("Only people can do this: an API key reads, and changes nothing.")
    return viewer


def may_see_of(viewer: Viewer, member_id: int, scope: Scope) -> bool:
    """Tell whether a viewer may read a scope of a member: everybody may read their own."""
    return member_id == viewer.member_id or viewer.may(scope)


def profile_id_ending(profile_id: str) -> str:
    # At least three characters stay hidden, however short an id is.
    return profile_id[3:][-3:]


def masked_profile_id(profile_id: str) -> str:
    return "•••" + profile_id_ending(profile_id)


def masked_for(profile_id: str, *, owner: bool) -> str | None:
    return profile_id if owner else None
