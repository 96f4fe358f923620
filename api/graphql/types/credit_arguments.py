"""Which credits are asked for, and as of when?"""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.context import Context
from domain.errors import InvalidInput
from domain.queries.credits import CreditFilter as Matching
from domain.rules.enums import CreditStatus, LearningProvider

MAX_CODE_LENGTH = 100


@strawberry.input(description="Which credits are wanted; what is left out does not restrict.")
class CreditFilter:
    """The conditions, all of which must hold."""

    statuses: list[CreditStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Only credits with one of these statuses at the instant asked for."
    )
    certification: str | None = strawberry.field(
        default=strawberry.UNSET, description="Only credits for the certification with this code, such as AZ-104."
    )
    provider: LearningProvider | None = strawberry.field(
        default=strawberry.UNSET, description="Only credits for completions at this learning provider."
    )


Filter = Annotated[
    CreditFilter | None, strawberry.argument(name="filter", description="Which credits are wanted; all by default.")
]
AsOf = Annotated[
    datetime | None,
    strawberry.argument(description="The instant, past or future, at which to look; now by default."),
]


def matching(wanted: CreditFilter | None) -> Matching:
    """Return a filter in the domain's terms.

    Raises:
        InvalidInput: a code is none.
    """
    if not wanted:
        return Matching()
    code = wanted.certification or None
    if code is not None and (len(code) > MAX_CODE_LENGTH or not code.isprintable()):
        raise InvalidInput("This is no code of a certification.")
    return Matching(
        statuses=None if not isinstance(wanted.statuses, list) else tuple(wanted.statuses),
        certification=code,
        provider=wanted.provider or None,
    )


def instant(as_of: datetime | None, context: Context) -> datetime:
    """Return the instant asked for, which is the operation's own by default."""
    return as_of or context.now
