"""Attainments, forecast and fragility: a part of the organization's type."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.graphql.context import Info
from api.graphql.fields import AsOf, field, none_if_unset
from api.graphql.ids import program_key
from api.graphql.scorings import scorings_of
from api.graphql.types.attainments import Attainment, attainment_of
from api.graphql.types.forecasts import Forecast, FragilityFinding, NamesById, forecast_of
from api.graphql.types.present import member_of
from domain.queries.attainments import AttainmentsAt, ForecastUntil, FragilityAt, may_be_scored_for
from domain.queries.catalog import certifications_by_code
from domain.queries.members import members_by_id
from domain.rules.attainment import Holding
from domain.rules.enums import ProgramKind
from domain.rules.visibility import Viewer

ProgramKindArgument = Annotated[
    ProgramKind | None, strawberry.argument(name="kind", description="Only programs of this kind; both by default.")
]
Until = Annotated[date, strawberry.argument(description="The last day, at most five years ahead.")]
ProgramId = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only what one program depends on; all programs by default.")
]


@strawberry.type
class OrganizationPrograms:
    row_id: strawberry.Private[int]

    @field(
        "How far the organization is in each program whose requirements are published; null unless an admin or an API "
        "client with the scope ATTAINMENTS_READ asks."
    )
    async def attainments(
        self, info: Info, as_of: AsOf = UNSET, kind: ProgramKindArgument = UNSET
    ) -> list[Attainment] | None:
        context = info.context
        if context.viewer is None or not may_be_scored_for(context.viewer, self.row_id):
            return None
        attainments = await scorings_of(self.row_id, info).score(AttainmentsAt(at=as_of or context.now))
        requested = none_if_unset(kind)
        return [attainment_of(row) for row in attainments if requested in {None, row.program.kind}]

    @field(
        "What changes by itself until the end of a day, and what comes of it; null unless an admin or an API client "
        "with the scope ATTAINMENTS_READ asks."
    )
    async def forecast(self, info: Info, until: Until, program_id: ProgramId = UNSET) -> Forecast | None:
        context = info.context
        if context.viewer is None or not may_be_scored_for(context.viewer, self.row_id):
            return None
        identifier = none_if_unset(program_id)
        # What is no program's id is refused like that of an unknown program.
        program = None if identifier is None else program_key(identifier) or ""
        scoring = ForecastUntil(after=context.now, until=until, program=program)
        scoring.check()
        forecast = await scorings_of(self.row_id, info).score(scoring)
        credits = [cause.credit for step in forecast.steps for cause in step.causes if cause.credit is not None]
        return forecast_of(forecast, await _names(info, context.viewer, credits))

    @field(
        "What each attained program depends on, and whom it can do without; null unless an admin or an API client with "
        "the scope ATTAINMENTS_READ asks."
    )
    async def fragility(self, info: Info, as_of: AsOf = UNSET) -> list[FragilityFinding] | None:
        context = info.context
        if context.viewer is None or not may_be_scored_for(context.viewer, self.row_id):
            return None
        findings = await scorings_of(self.row_id, info).score(FragilityAt(at=as_of or context.now))
        people = {int(person) for finding in findings for person in finding.people}
        credits = [credit for finding in findings for credit in finding.credits]
        names = await _names(info, context.viewer, credits, people)
        return [FragilityFinding(row=finding, names=names) for finding in findings]


async def _names(info: Info, viewer: Viewer, credits: Sequence[Holding], people: Iterable[int] = ()) -> NamesById:
    loaders = info.context.loaders
    member_ids = frozenset(int(credit.person) for credit in credits).union(people)
    codes = frozenset(credit.certification for credit in credits)
    rows = await loaders.load_once(info, members_by_id, viewer, member_ids)
    return NamesById(
        members={member_id: member_of(row) for member_id, row in rows.items()},
        certifications=await loaders.load_once(info, certifications_by_code, codes),
    )
