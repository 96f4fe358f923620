"""Limits of associations: the cool-off and the yearly limit (R3, R6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import Refusal
from domain.rules.policy import YEAR, Policy


@dataclass(frozen=True, kw_only=True)
class KnownAccount:
    """A learning account that has a history; of its profile id only the ending leaves the domain (R17)."""

    id: int
    ending: str

    @property
    def only_for_this_account(self) -> str:
        which = f"the account ending in {self.ending}" if self.ending else "this account"
        return f"This date is for {which}; another account may have its own."


# With an account it is the account's history that refuses, and not the member's: the message says whose date it is.
class CoolOffActive(Refusal):
    """Fewer than the cool-off's days have passed since the latest association started."""

    code = "COOL_OFF_ACTIVE"

    def __init__(self, next_available_at: datetime, policy: Policy, account: KnownAccount | None = None) -> None:
        self.next_available_at = next_available_at
        self.account = account
        message = (
            "You've attempted to associate with a partner organization. However, we require a period of "
            f"{policy.cool_off.days} days between associations. Your next available date for a subsequent association "
            f"is {_date(next_available_at)}."
        )
        super().__init__(f"{message} {account.only_for_this_account}" if account else message)


class YearlyLimitReached(Refusal):
    """As many associations as a year allows have started within the last 365 days."""

    code = "YEARLY_LIMIT_REACHED"

    def __init__(self, next_available_at: datetime, policy: Policy, account: KnownAccount | None = None) -> None:
        self.next_available_at = next_available_at
        self.account = account
        who = "This account has been" if account else "You have"
        message = (
            f"{who} associated {policy.associations_per_year} times within a year, which is the limit. Your next "
            f"available date for a subsequent association is {_date(next_available_at)}."
        )
        super().__init__(f"{message} {account.only_for_this_account}" if account else message)


LimitRefusal = CoolOffActive | YearlyLimitReached


# Rule R3.
class AlreadyAssociated(Refusal):
    """The member has an active association at the provider."""

    code = "ALREADY_ASSOCIATED"

    def __init__(self) -> None:
        super().__init__("You already have an account linked at this provider. Remove its access first.")


@dataclass(frozen=True, kw_only=True)
class AssociationAllowance:
    """What R3 and R6 allow at an instant ``at``; instants are aware, in UTC."""

    at: datetime
    # The one that ends last, whether its end lies ahead or not.
    limit: LimitRefusal | None
    cool_off_ends_at: datetime | None
    used_in_window: int
    already_associated: bool
    policy: Policy

    @property
    def next_available_at(self) -> datetime:
        """Return the first instant, from ``at`` on, at which the limits allow an association."""
        return self.at if self.limit is None else max(self.at, self.limit.next_available_at)

    # The date that people see and the check that refuses them come from here, so they always agree.
    @property
    def allowed_now(self) -> bool:
        return self.refusal is None

    @property
    def refusal(self) -> Refusal | None:
        if self.already_associated:
            return AlreadyAssociated()
        return self.limit if self.next_available_at > self.at else None


def association_allowance(
    *,
    account: KnownAccount | None,
    account_starts: Iterable[datetime],
    member_starts: Iterable[datetime],
    already_associated: bool,
    now: datetime,
    policy: Policy,
    earlier_refusal: LimitRefusal | None = None,
) -> AssociationAllowance:
    """Return what R3 and R6 allow after associations of the account and of the member that started at some instants.

    If the member may not see the account's history, ``earlier_refusal`` is that of their latest attempt with it.
    """
    # Both limits count over the account and over the member at the provider; the stricter one holds. Otherwise a second
    # account, or a second work account, would be a way around them. The history without an account is the member's own.
    histories = [(None, sorted(member_starts)), (account, sorted(account_starts))]
    cool_offs = [CoolOffActive(starts[-1] + policy.cool_off, policy, owner) for owner, starts in histories if starts]
    years = [
        YearlyLimitReached(starts[-policy.associations_per_year] + YEAR, policy, owner)
        for owner, starts in histories
        if len(starts) >= policy.associations_per_year
    ]
    # Of limits that end at once the first is taken: the cool-off, and the member's own.
    limits: list[LimitRefusal] = [*cool_offs, *years, *([earlier_refusal] if earlier_refusal else [])]
    return AssociationAllowance(
        at=now,
        limit=max(limits, key=lambda limit: limit.next_available_at, default=None),
        cool_off_ends_at=max((limit.next_available_at for limit in cool_offs), default=None),
        used_in_window=max(sum(start + YEAR > now for start in starts) for _, starts in histories),
        already_associated=already_associated,
        policy=policy,
    )


def check_association_limits(allowance: AssociationAllowance) -> None:
    """Refuse an association that is not allowed at the allowance's instant.

    Raises:
        AlreadyAssociated: the member has an active association at the provider.
        CoolOffActive: the cool-off is still running.
        YearlyLimitReached: the year's associations are used up.
    """
    if allowance.refusal is not None:
        raise allowance.refusal


def _date(instant: datetime) -> str:
    # Rounded up: a person who comes back at the minute that is shown must not be refused again.
    minute = instant + timedelta(minutes=1, microseconds=-1)
    return f"{minute:%-d %B %Y, %H:%M} UTC"
