"""The programme's policy, association limits, and rate limits."""

from datetime import datetime

import strawberry

from api.graphql.context import Context, Info
from api.graphql.fields import field
from api.graphql.refusals import Refusal, refusal_of
from api.graphql.types.from_row import from_row
from api.limits.charge import Charge
from domain.queries.associations import known_accounts_of_members
from domain.rules.association_limits import AssociationAllowance as Allowance
from domain.rules.enums import LearningProvider
from domain.rules.policy import OVERDUE_AFTER, YEAR
from domain.rules.visibility import check_signed_in


@strawberry.type(description="The programme's policy, as it is set here.")
class Policy:
    cool_off_days: int = strawberry.field(
        description="Days that must pass from the start of one association to the start of the next."
    )
    associations_per_year: int = strawberry.field(description="How many associations may start within a rolling year.")
    year_days: int = strawberry.field(description="How long that rolling year is, in days.")
    credit_delay_days: int = strawberry.field(
        description="Days from the completion, or the association's start if that is later, until a credit counts."
    )
    attempt_minutes: int = strawberry.field(description="Minutes that an association attempt waits for the sign-in.")
    overdue_after_seconds: int = strawberry.field(
        description="Seconds after which a change that is due and not recorded counts as overdue."
    )


def policy_of(context: Context) -> Policy:
    policy = context.runtime.settings.policy
    return Policy(
        cool_off_days=policy.cool_off.days,
        associations_per_year=policy.associations_per_year,
        year_days=YEAR.days,
        credit_delay_days=policy.credit_delay.days,
        attempt_minutes=int(policy.attempt_lifetime.total_seconds() // 60),
        overdue_after_seconds=int(OVERDUE_AFTER.total_seconds()),
    )


@strawberry.type(
    description="Whether an attempt with one account would be refused now, by its history and the member's."
)
class AccountAllowance:
    profile_id_ending: str = strawberry.field(description="The last three characters of the account's id.")
    allowed_now: bool = strawberry.field(description="Whether an association with this account may start now.")
    next_available_at: datetime = strawberry.field(
        description="The first instant at which the limits allow one with this account, or now."
    )
    refusal: Refusal | None = strawberry.field(description="Why an attempt would be refused now; null if it would not.")


@strawberry.type(
    description="Whether an attempt to associate would be refused now, whatever the account. This is a dry run: it "
    "changes nothing."
)
class AssociationAllowance:
    member_id: strawberry.Private[int]
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
    refusal: Refusal | None = strawberry.field(description="Why an attempt would be refused now; null if it would not.")

    @field(
        "The accounts that the member knows, each with its own date, the earliest first: those that the member has or "
        "had linked here, and those whose history refused an attempt of theirs, with the date of that refusal as long "
        "as it lies ahead. Another account may have another date, which an attempt shows."
    )
    async def known_accounts(self, info: Info) -> list[AccountAllowance]:
        context = info.context
        accounts = await context.loaders.load(
            known_accounts_of_members,
            check_signed_in(context.viewer),
            self.member_id,
            self.provider,
            now=context.now,
            policy=context.runtime.settings.policy,
        )
        return [
            from_row(
                AccountAllowance,
                account.allowance,
                profile_id_ending=account.account.ending,
                refusal=refusal_of(account.allowance.refusal) if account.allowance.refusal else None,
            )
            for account in accounts
        ]


def allowance_of(allowance: Allowance, member_id: int, provider: LearningProvider) -> AssociationAllowance:
    return from_row(
        AssociationAllowance,
        allowance,
        member_id=member_id,
        provider=provider,
        limit_in_window=allowance.policy.associations_per_year,
        window_days=YEAR.days,
        refusal=refusal_of(allowance.refusal) if allowance.refusal else None,
    )


@strawberry.type(description="The points of all callers of an organization together, as of this request.")
class OrganizationRateLimit:
    limit: int = strawberry.field(description="How many points they may use in a minute.")
    remaining: int = strawberry.field(description="How many points are left.")
    reset_at: datetime = strawberry.field(
        description="From when all points are there again, if nobody uses any until then."
    )


@strawberry.type(description="The points that the caller may use in a minute, as of this request.")
class RateLimit:
    cost: int = strawberry.field(
        description="How many points this operation costs, without those of scoring an organization."
    )
    limit: int = strawberry.field(description="How many points the caller may use in a minute.")
    remaining: int = strawberry.field(description="How many points are left to the caller.")
    reset_at: datetime = strawberry.field(
        description="From when all points are there again, if the caller uses none until then."
    )
    organization: OrganizationRateLimit | None = strawberry.field(
        description="What all callers of the organization share; null when nobody is signed in."
    )


def rate_limit_of(charge: Charge | None) -> RateLimit | None:
    if charge is None or charge.budgets is None:
        return None
    shared = charge.budgets.organization
    return from_row(
        RateLimit,
        charge.budgets.own,
        cost=charge.cost,
        organization=from_row(OrganizationRateLimit, shared) if shared else None,
    )
