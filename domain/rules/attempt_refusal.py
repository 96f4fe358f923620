"""Status and stored refusal of an association attempt."""

from datetime import datetime

from domain.errors import NotFound, Refusal
from domain.rules.association_limits import (
    AlreadyAssociated,
    CoolOffActive,
    KnownAccount,
    LimitRefusal,
    YearlyLimitReached,
)
from domain.rules.enums import AttemptStatus, LearningProvider
from domain.rules.policy import Policy
from domain.rules.sign_in import ProfileIncomplete, ProviderUnavailable, SignInDeclined, SignInNotAccepted

FAILURES = frozenset({ProviderUnavailable.code, SignInNotAccepted.code})


def attempt_status(stored: AttemptStatus, *, expires_at: datetime, at: datetime) -> AttemptStatus:
    """Return an attempt's status: EXPIRED if it still waits for the sign-in when its time is over."""
    if stored is AttemptStatus.AWAITING_SIGN_IN and expires_at <= at:
        return AttemptStatus.EXPIRED
    return stored


def refused_status(code: str) -> AttemptStatus:
    """Return FAILED if the provider did not work, REFUSED if a rule or the person refused."""
    return AttemptStatus.FAILED if code in FAILURES else AttemptStatus.REFUSED


def attempt_refusal(
    code: str,
    *,
    provider: LearningProvider,
    next_available_at: datetime | None,
    account: KnownAccount | None,
    policy: Policy,
) -> Refusal:
    """Return the refusal that an attempt ended with from its stored code, date and account."""
    if next_available_at is not None:
        return limit_refusal(code, next_available_at=next_available_at, account=account, policy=policy)
    titled = {kind.code: kind for kind in (ProfileIncomplete, ProviderUnavailable)}
    if code in titled:
        return titled[code](provider.display_name)
    plain = {kind.code: kind for kind in (AlreadyAssociated, SignInDeclined, SignInNotAccepted, NotFound)}
    return plain[code]()


def limit_refusal(
    code: str, *, next_available_at: datetime, account: KnownAccount | None, policy: Policy
) -> LimitRefusal:
    """Return the refusal of a limit (R6) that an attempt ended with."""
    kind = YearlyLimitReached if code == YearlyLimitReached.code else CoolOffActive
    return kind(next_available_at, policy, account)
