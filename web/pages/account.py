"""What does a page say of a member's account at each learning provider?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.rules.enums import LearningProvider
from web.instants import parsed


@dataclass(frozen=True, kw_only=True)
class AccountOnPage:
    """A member's account at a provider: linked or not, and what the limits say (R6)."""

    provider: LearningProvider
    association: Mapping[str, Any] | None
    allowance: Mapping[str, Any]
    waits: bool
    held: list[Mapping[str, Any]]
    cool_off_day: int | None
    icon: str
    id_name: str
    verb: str
    object: str
    invitation: str

    @property
    def title(self) -> str:
        """Return the provider's name."""
        return self.provider.display_name


_WORDS = {
    LearningProvider.MICROSOFT_LEARN: {
        "icon": "cap",
        "id_name": "MCID",
        "verb": "Associate",
        "object": "Microsoft Learn",
        "invitation": "Sign in with the personal account that holds your certification profile.",
    },
    LearningProvider.PARTNER_UNIVERSITY: {
        "icon": "school",
        "id_name": "Learner id",
        "verb": "Get access",
        "object": "to Partner University",
        "invitation": "Sign in with your personal account, or create one. Courses you finish there count as well.",
    },
}


def accounts_on_page(member: Mapping[str, Any], policy: Mapping[str, Any], *, now: datetime) -> list[AccountOnPage]:
    """Return the account at each provider at an instant."""
    linked = {each["learningAccount"]["provider"]: each for each in member["associations"]["nodes"]}
    allowances = {
        LearningProvider.MICROSOFT_LEARN: member["microsoftLearn"],
        LearningProvider.PARTNER_UNIVERSITY: member["partnerUniversity"],
    }
    return [
        AccountOnPage(
            provider=provider,
            association=linked.get(provider),
            allowance=allowance,
            waits=parsed(allowance["nextAvailableAt"]) > now,
            held=held_accounts(allowance),
            cool_off_day=_cool_off_day(allowance["coolOffEndsAt"], policy["coolOffDays"], now=now),
            **_WORDS[provider],
        )
        for provider, allowance in allowances.items()
    ]


def held_accounts(allowance: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return those accounts that the member knows and that have a later date than the member's own."""
    own = parsed(allowance["nextAvailableAt"])
    return [account for account in allowance["knownAccounts"] if parsed(account["nextAvailableAt"]) > own]


def _cool_off_day(ends_at: str | None, days: int, *, now: datetime) -> int | None:
    """Return which day of the cool-off it is, or nothing where none is running."""
    if ends_at is None or parsed(ends_at) <= now:
        return None
    return min(days, max(0, (now - (parsed(ends_at) - timedelta(days=days))).days))
