"""May a member associate now, and if not, when?"""

from datetime import datetime

import strawberry

from api.context import Info
from api.fields import field
from api.refusals import Refusal, refusal_of
from domain.queries.associations import AccountAllowance as KnownAllowance
from domain.queries.associations import known_accounts_of_members
from domain.rules.association_limits import AssociationAllowance as Allowance
from domain.rules.policy import YEAR
from domain.rules.visibility import check_signed_in
from domain.rules.words import LearningProvider


@strawberry.type(description="What an attempt with one account would be told now, by its history and the member's.")
class AccountAllowance:
    """R6 for one of the accounts that the member knows."""

    profile_id_ending: str = strawberry.field(description="The last three characters of the account's id.")
    allowed_now: bool = strawberry.field(description="Whether an association with this account may start now.")
    next_available_at: datetime = strawberry.field(
        description="The first instant at which the limits allow one with this account, or now."
    )
    refusal: Refusal | None = strawberry.field(description="What an attempt made now would be told; null if allowed.")


@strawberry.type(
    description="What an attempt to associate would be told now, whatever the account. Asking is a dry run: it changes "
    "nothing."
)
class AssociationAllowance:
    """R3 and R6, asked beforehand."""

    member_number: strawberry.Private[int]
    provider: strawberry.Private[LearningProvider]
    allowed_now: bool = strawberry.field(description="Whether an association may start now.")
    next_available_at: datetime = strawberry.field(
        description="The first instant at which the limits allow the member an association: now, or the later end of "
        "both limits. An account may have a later date of its own: see `knownAccounts`."
    )
    cool_off_ends_at: datetime | None = strawberry.field(
        description="When the cool-off since the start of the member's latest association ends or ended; null if there "
        "was none."
    )
    used_in_window: int = strawberry.field(
        description="How many of the member's associations started within the window up to now."
    )
    limit_in_window: int = strawberry.field(description="How many associations may start within the window.")
    window_days: int = strawberry.field(description="How long the rolling window is, in days.")
    refusal: Refusal | None = strawberry.field(description="What an attempt made now would be told; null if allowed.")

    @field(
        "The accounts that the member knows, each with its own date, the earliest first: those that the member has or "
        "had linked here, and those whose history refused an attempt of theirs, with the date that they were told, as "
        "long as it lies ahead. Another account may have another date, which an attempt tells."
    )
    async def known_accounts(self, info: Info) -> list[AccountAllowance]:
        """Ask the rules of each account without changing anything."""
        context = info.context
        known = await context.batches.load(
            known_accounts_of_members,
            check_signed_in(context.viewer),
            self.member_number,
            self.provider,
            now=context.now,
            policy=context.runtime.settings.policy,
        )
        return [account_allowance_of(each) for each in known]


def account_allowance_of(known: KnownAllowance) -> AccountAllowance:
    """Return the domain's answer for one account as clients see it."""
    return AccountAllowance(
        profile_id_ending=known.account.ending,
        allowed_now=known.allowance.allowed_now,
        next_available_at=known.allowance.next_available_at,
        refusal=refusal_of(known.allowance.refusal) if known.allowance.refusal else None,
    )


def allowance_of(allowance: Allowance, member_number: int, provider: LearningProvider) -> AssociationAllowance:
    """Return the domain's answer as clients see it."""
    return AssociationAllowance(
        member_number=member_number,
        provider=provider,
        allowed_now=allowance.allowed_now,
        next_available_at=allowance.next_available_at,
        cool_off_ends_at=allowance.cool_off_ends_at,
        used_in_window=allowance.used_in_window,
        limit_in_window=allowance.policy.associations_per_year,
        window_days=YEAR.days,
        refusal=refusal_of(allowance.refusal) if allowance.refusal else None,
    )
