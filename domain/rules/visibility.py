"""Who may see what (R1, R17)?"""

from dataclasses import dataclass
from typing import ClassVar

from domain.errors import Forbidden
from domain.rules.enums import MemberRole, Scope


@dataclass(frozen=True, kw_only=True)
class MemberViewer:
    """The active member who asks."""

    member_id: int
    organization_id: int
    role: MemberRole

    @property
    def is_admin(self) -> bool:
        """Tell whether the viewer administers the organization."""
        return self.role.is_admin

    def may(self, scope: Scope) -> bool:
        """Tell whether the viewer sees what a scope opens: admins see all of their organization."""
        return self.role.is_admin


@dataclass(frozen=True, kw_only=True)
class ApiClientViewer:
    """The API client that asks: never a person, so nothing is its own and it can change nothing (R1)."""

    member_id: ClassVar[None] = None
    is_admin: ClassVar[bool] = False

    api_client_id: int
    organization_id: int
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Tell whether the client was given a scope."""
        return scope in self.scopes


Viewer = MemberViewer | ApiClientViewer


def check_signed_in(viewer: Viewer | None) -> Viewer:
    """Return the viewer.

    Raises:
        Forbidden: nobody is signed in.
    """
    if viewer is None:
        raise Forbidden
    return viewer


def check_person(viewer: Viewer | None) -> MemberViewer:
    """Return the member who asks.

    Raises:
        Forbidden: nobody is signed in, or an API client asks.
    """
    viewer = check_signed_in(viewer)
    if isinstance(viewer, ApiClientViewer):
        raise Forbidden("Only people can do this: an API key reads, and changes nothing.")
    return viewer


def may_see_of(viewer: Viewer, member_id: int, scope: Scope) -> bool:
    """Tell whether a viewer sees what a scope opens of a member: of themself everybody does."""
    return member_id == viewer.member_id or viewer.may(scope)


def profile_id_ending(profile_id: str) -> str:
    """Return the last three characters of a profile id: all that an organization may see of an MCID (R17)."""
    # At least three stay hidden, however short an id is.
    return profile_id[3:][-3:]


def masked_profile_id(profile_id: str) -> str:
    """Return a profile id of which only the ending is shown (R17)."""
    return "•••" + profile_id_ending(profile_id)


def masked_for(profile_id: str, *, owner: bool) -> str | None:
    """Return a profile id for its owner only."""
    return profile_id if owner else None
