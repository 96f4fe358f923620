"""What of its programs does an organization show to its admins?"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import program_key
from api.graphql.pagination.arguments import none_if_unset
from api.graphql.types import members
from api.graphql.types.attainments import Attainment, attainment_of
from api.graphql.types.credit_arguments import AsOf, instant
from api.graphql.types.forecasts import Forecast, FragilityFinding, Named, forecast_of
from domain.queries.attainments import AttainmentsAt, ForecastUntil, FragilityAt, may_be_scored_for
from domain.queries.catalog import certifications_by_code
from domain.queries.members import members_by_number
from domain.rules.attainment import Holding
from domain.rules.enums import ProgramKind
from domain.rules.visibility import Viewer

WantedKind = Annotated[
    ProgramKind | None, strawberry.argument(name="kind", description="Only programs of this kind; both by default.")
]
Until = Annotated[date, strawberry.argument(description="The last day, at most five years ahead.")]
ProgramId = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only what one program depends on; all programs by default.")
]


@strawberry.type
class OrganizationPrograms:
    """For its admins and API clients; a part of the organization."""

    row_id: strawberry.Private[int]

    @field(
        "How far the organization is in each program whose requirements are published; null unless an admin or an API "
        "client with the scope ATTAINMENTS_READ asks."
    )
    async def attainments(self, info: Info, as_of: AsOf = UNSET, wanted: WantedKind = UNSET) -> list[Attainment] | None:
        """Ask the rules."""
        context = info.context
        if context.viewer is None or not may_be_scored_for(context.viewer, self.row_id):
            return None
        found = await context.scorings.of(self.row_id, AttainmentsAt(at=instant(as_of, context)), info)
        kind = none_if_unset(wanted)
        return [attainment_of(each) for each in found if kind in {None, each.program.kind}]

    @field(
        "What changes by itself until the end of a day, and what comes of it; null unless an admin or an API client "
        "with the scope ATTAINMENTS_READ asks."
    )
    async def forecast(self, info: Info, until: Until, program_id: ProgramId = UNSET) -> Forecast | None:
        """Ask the rules."""
        context = info.context
        if context.viewer is None or not may_be_scored_for(context.viewer, self.row_id):
            return None
        wanted = none_if_unset(program_id)
        program = None if wanted is None else program_key(wanted) or ""
        scoring = ForecastUntil(after=context.now, until=until, program=program)
        scoring.check()
        found = await context.scorings.of(self.row_id, scoring, info)
        causes = [cause.credit for step in found.steps for cause in step.causes if cause.credit is not None]
        return forecast_of(found, await _named(info, context.viewer, causes))

    @field(
        "What each attained program hangs on, and whom it can do without; null unless an admin or an API client with "
        "the scope ATTAINMENTS_READ asks."
    )
    async def fragility(self, info: Info, as_of: AsOf = UNSET) -> list[FragilityFinding] | None:
        """Ask the rules."""
        context = info.context
        if context.viewer is None or not may_be_scored_for(context.viewer, self.row_id):
            return None
        found = await context.scorings.of(self.row_id, FragilityAt(at=instant(as_of, context)), info)
        people = {int(person) for finding in found for person in finding.people}
        named = await _named(info, context.viewer, [credit for each in found for credit in each.credits], people)
        return [FragilityFinding(row=finding, named=named) for finding in found]


async def _named(info: Info, viewer: Viewer, credits: Sequence[Holding], people: Iterable[int] = ()) -> Named:
    """Look up the people and certifications that an answer names."""
    loaders = info.context.loaders
    codes = frozenset(credit.certification for credit in credits)
    member_ids = frozenset(int(credit.person) for credit in credits).union(people)
    rows = await loaders.load_once(info, members_by_number, viewer, member_ids)
    return Named(
        members={number: members.member_of(row) for number, row in rows.items()},
        certifications=await loaders.load_once(info, certifications_by_code, codes),
    )
