"""When may the next association start, and may one start now (R6)?

The date that people are shown and the check that they meet come from the same function.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import Refusal
from domain.rules.policy import YEAR, Policy


class CoolOffActive(Refusal):
    """Fewer than the cool-off's days have passed since the latest association started."""

    code = "COOL_OFF_ACTIVE"

    def __init__(self, next_available_at: datetime, policy: Policy) -> None:
        self.next_available_at = next_available_at
        super().__init__(
            "You've attempted to associate with a partner organization. However, we require a period of "
            f"{policy.cool_off.days} days between associations. Your next available date for a subsequent association "
            f"is {_date(next_available_at)}."
        )


class YearlyLimitReached(Refusal):
    """As many associations as a year allows have started within the last 365 days."""

    code = "YEARLY_LIMIT_REACHED"

    def __init__(self, next_available_at: datetime, policy: Policy) -> None:
        self.next_available_at = next_available_at
        super().__init__(
            f"You have associated {policy.associations_per_year} times within a year, which is the limit. Your next "
            f"available date for a subsequent association is {_date(next_available_at)}."
        )


class AlreadyAssociated(Refusal):
    """The member has an active association at the provider (R3)."""

    code = "ALREADY_ASSOCIATED"

    def __init__(self) -> None:
        super().__init__("You already have an account linked at this provider. Remove its access first.")


@dataclass(frozen=True, kw_only=True)
class AssociationAllowance:
    """What R3 and R6 say about an association that would start at an instant; instants are aware, in UTC."""

    asked_at: datetime
    next_available_at: datetime
    cool_off_ends_at: datetime | None
    used_in_window: int
    already_associated: bool
    policy: Policy

    @property
    def allowed_now(self) -> bool:
        """Tell whether an association may start at the instant asked about."""
        return self.refusal is None

    @property
    def refusal(self) -> Refusal | None:
        """Return what an attempt at the instant asked about would be told."""
        if self.already_associated:
            return AlreadyAssociated()
        if self.next_available_at <= self.asked_at:
            return None
        # The limit that ends last is the one that the person waits for.
        if self.next_available_at == self.cool_off_ends_at:
            return CoolOffActive(self.next_available_at, self.policy)
        return YearlyLimitReached(self.next_available_at, self.policy)


def association_allowance(
    *,
    account_starts: Iterable[datetime],
    member_starts: Iterable[datetime],
    already_associated: bool,
    now: datetime,
    policy: Policy,
) -> AssociationAllowance:
    """Return what R3 and R6 allow, given when the associations of the account and of the member started.

    Both limits count over the account and over the member at the provider; the stricter one holds.
    """
    histories = [sorted(account_starts), sorted(member_starts)]
    cool_offs = [starts[-1] + policy.cool_off for starts in histories if starts]
    years = [
        starts[-policy.associations_per_year] + YEAR
        for starts in histories
        if len(starts) >= policy.associations_per_year
    ]
    return AssociationAllowance(
        asked_at=now,
        next_available_at=max([now, *cool_offs, *years]),
        cool_off_ends_at=max(cool_offs, default=None),
        used_in_window=max(sum(start + YEAR > now for start in starts) for starts in histories),
        already_associated=already_associated,
        policy=policy,
    )


def check_association_limits(allowance: AssociationAllowance) -> None:
    """Refuse an association that is not allowed at the instant the allowance was asked for.

    Raises:
        AlreadyAssociated: the member has an active association at the provider.
        CoolOffActive: the cool-off is still running.
        YearlyLimitReached: the year's associations are used up.
    """
    if allowance.refusal is not None:
        raise allowance.refusal


def _date(instant: datetime) -> str:
    # Rounded up: who comes back at the minute that is shown must not be refused again.
    minute = instant + timedelta(minutes=1, microseconds=-1)
    return f"{minute:%-d %B %Y, %H:%M} UTC"
