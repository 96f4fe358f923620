"""Ids of accounts in the profiles of learning providers."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.rules.enums import LearningProvider
from domain.rules.text import is_printable


def _mcid(userinfo: Mapping[str, Any]) -> str | None:
    """Return the MCID, which an account has once its certification profile is complete (R3)."""
    mcid = userinfo.get("mcid")
    return mcid if isinstance(mcid, str) and mcid.isascii() and mcid.isdigit() and len(mcid) <= 20 else None


def _learner_id(userinfo: Mapping[str, Any]) -> str | None:
    """Return the learner id, which every account has from the start."""
    learner_id = userinfo.get("learner_id")
    is_valid = isinstance(learner_id, str) and learner_id and is_printable(learner_id, max_length=100)
    return learner_id if is_valid else None


# Each returns the account's id, or nothing if the profile is incomplete.
PROFILE_IDS: Mapping[LearningProvider, Callable[[Mapping[str, Any]], str | None]] = {
    LearningProvider.MICROSOFT_LEARN: _mcid,
    LearningProvider.PARTNER_UNIVERSITY: _learner_id,
}
