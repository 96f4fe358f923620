"""How does Microsoft Learn name an account?"""

from collections.abc import Mapping
from typing import Any

from domain.rules.enums import LearningProvider


class MicrosoftLearn:
    """Microsoft Learn: an account counts once its certification profile has an MCID (R3)."""

    provider = LearningProvider.MICROSOFT_LEARN

    def profile_id(self, userinfo: Mapping[str, Any]) -> str | None:
        """Return the MCID, or nothing where the certification profile is incomplete."""
        mcid = userinfo.get("mcid")
        return mcid if isinstance(mcid, str) and mcid.isascii() and mcid.isdigit() and len(mcid) <= 20 else None
