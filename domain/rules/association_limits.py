"""When may the next association start, and may one start now (R6)?

The date that people are shown and the check that they meet come from the same function.
"""

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
        """Return the sentence that a date is this account's, without the ending of an id too short to have one."""
        which = f"the account ending in {self.ending}" if self.ending else "this account"
        return f"This date is for {which}; another account may have its own."


class CoolOffActive(Refusal):
    """Fewer than the cool-off's days have passed since the latest association started.

    With an account it is the account's history that refuses, and not the member's.
    """

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
    """As many associations as a year allows have started within the last 365 days.

    With an account it is the account's history that refuses, and not the member's.
    """

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


class AlreadyAssociated(Refusal):
    """The member has an active association at the provider.

    Rule R3.
    """

    code = "ALREADY_ASSOCIATED"

    def __init__(self) -> None:
        super().__init__("You already have an account linked at this provider. Remove its access first.")


@dataclass(frozen=True, kw_only=True)
class AssociationAllowance:
    """What R3 and R6 say about an association that would start at an instant; instants are aware, in UTC."""

    asked_at: datetime
    # What is told until the later end of both limits, whether that lies ahead or not.
    limit: LimitRefusal | None
    cool_off_ends_at: datetime | None
    used_in_window: int
    already_associated: bool
    policy: Policy

    @property
    def next_available_at(self) -> datetime:
        """Return the first instant at which the limits allow an association: at the earliest the one asked about."""
        return self.asked_at if self.limit is None else max(self.asked_at, self.limit.next_available_at)

    @property
    def allowed_now(self) -> bool:
        """Tell whether an association may start at the instant asked about."""
        return self.refusal is None

    @property
    def refusal(self) -> Refusal | None:
        """Return what an attempt at the instant asked about would be told."""
        if self.already_associated:
            return AlreadyAssociated()
        return self.limit if self.next_available_at > self.asked_at else None


def association_allowance(
    *,
    account: KnownAccount | None,
    account_starts: Iterable[datetime],
    member_starts: Iterable[datetime],
    already_associated: bool,
    now: datetime,
    policy: Policy,
    told: LimitRefusal | None = None,
) -> AssociationAllowance:
    """Return what R3 and R6 allow, given when the associations of the account and of the member started.

    Both limits count over the account and over the member at the provider; the stricter one holds. Of an account whose
    history is not the member's to know, ``told`` is what an attempt with it was refused with.
    """
    histories = [(None, sorted(member_starts)), (account, sorted(account_starts))]
    cool_offs = [CoolOffActive(starts[-1] + policy.cool_off, policy, whose) for whose, starts in histories if starts]
    years = [
        YearlyLimitReached(starts[-policy.associations_per_year] + YEAR, policy, whose)
        for whose, starts in histories
        if len(starts) >= policy.associations_per_year
    ]
    # The limit that ends last is the one that the person waits for; of equal ones the cool-off, and the member's own.
    limits: list[LimitRefusal] = [*cool_offs, *years, *([told] if told else [])]
    return AssociationAllowance(
        asked_at=now,
        limit=max(limits, key=lambda limit: limit.next_available_at, default=None),
        cool_off_ends_at=max((limit.next_available_at for limit in cool_offs), default=None),
        used_in_window=max(sum(start + YEAR > now for start in starts) for _, starts in histories),
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
