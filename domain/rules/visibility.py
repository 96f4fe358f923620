"""Who may see what (R1, R17)?"""

from dataclasses import dataclass

from domain.errors import Forbidden
from domain.rules.words import MemberRole


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """The active member who asks."""

    member_id: int
    organization_id: int
    role: MemberRole

    @property
    def is_admin(self) -> bool:
        """Tell whether the viewer sees the organization's members and credits."""
        return self.role.is_admin


def check_signed_in(viewer: Viewer | None) -> Viewer:
    """Return the viewer.

    Raises:
        Forbidden: nobody is signed in.
    """
    if viewer is None:
        raise Forbidden
    return viewer


def masked_profile_id(profile_id: str) -> str:
    """Return the last three characters of a profile id: all that an organization may see of an MCID (R17)."""
    # At least three stay hidden, however short an id is.
    return "•••" + profile_id[3:][-3:]


def masked_for(profile_id: str, *, owner: bool) -> str | None:
    """Return a profile id for its owner only."""
    return profile_id if owner else None
