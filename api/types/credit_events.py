"""What is a credit event to clients?"""

from datetime import datetime

import strawberry

from api.context import Info
from api.fields import field
from api.types.credits import Credit, credit_of, details_asked_for
from domain.errors import NotFound
from domain.queries.credit_events import CreditEventRow
from domain.queries.credits import visible_credits
from domain.rules.visibility import check_signed_in
from domain.rules.words import CreditEventKind


@strawberry.type(description="What took effect for a credit; each kind at most once for each credit.")
class CreditEvent:
    """An event as it was recorded; its credit as of the instant at which it is told."""

    kind: CreditEventKind = strawberry.field(description="What took effect.")
    at: datetime = strawberry.field(description="From when on.")
    recorded_at: datetime = strawberry.field(description="When that was written down: at once, or later.")
    credit_number: strawberry.Private[int]

    @field("The credit, as of now.")
    async def credit(self, info: Info) -> Credit:
        """Look up the credit."""
        viewer = check_signed_in(info.context.viewer)
        row = (await visible_credits(viewer, [self.credit_number], as_of=info.context.now)).get(self.credit_number)
        if row is None:
            raise NotFound
        return credit_of(row, await details_asked_for(info, [row], ""))


def credit_event_of(row: CreditEventRow) -> CreditEvent:
    """Return an event."""
    return CreditEvent(kind=row.kind, at=row.at, recorded_at=row.recorded_at, credit_number=row.credit_id)
