"""How does Partner University name an account?"""

from collections.abc import Mapping
from typing import Any

from domain.rules.enums import LearningProvider


class PartnerUniversity:
    """Partner University: every account has a learner id from the start."""

    provider = LearningProvider.PARTNER_UNIVERSITY

    def profile_id(self, userinfo: Mapping[str, Any]) -> str | None:
        """Return the learner id."""
        learner_id = userinfo.get("learner_id")
        is_one = isinstance(learner_id, str) and 0 < len(learner_id) <= 100 and learner_id.isprintable()
        return learner_id if is_one else None
