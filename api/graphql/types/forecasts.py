"""Forecast and fragility of an organization's attainments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

import strawberry

from api.graphql.context import Info
from api.graphql.fields import field
from api.graphql.ids import Kind, global_id
from api.graphql.types.attainments import Attainment, RequirementAttainment, attainment_of, requirement_attainment_of
from api.graphql.types.certifications import Certification
from api.graphql.types.from_row import from_row
from api.graphql.types.present import Member
from domain.rules import forecast as rule
from domain.rules.attainment import Holding
from domain.rules.certifications import CertificationFacts
from domain.rules.enums import ForecastCauseKind
from domain.rules.fragility import FragilityFinding as Finding

# As many are built at a time as take a few milliseconds.
CAUSES_AT_ONCE = 20


@dataclass(frozen=True, kw_only=True)
class NamesById:
    members: Mapping[int, Member]
    certifications: Mapping[str, CertificationFacts]


@strawberry.type(description="A credit that attainments depend on.")
class NamedCredit:
    credit_id: strawberry.ID = strawberry.field(description="The global id of the credit.")
    member: Member = strawberry.field(description="The member whose credit it is.")
    certification: Certification = strawberry.field(description="What was earned.")
    counts_from: datetime = strawberry.field(description="From when it counts.")
    counts_until: datetime | None = strawberry.field(
        description="Until when it counts, exclusive; null when no end is known."
    )


@strawberry.type(description="Why something changes on a day.")
class ForecastCause:
    kind: ForecastCauseKind = strawberry.field(description="What happens.")
    at: datetime = strawberry.field(description="When it happens.")
    credit: NamedCredit | None = strawberry.field(description="The credit that begins or ends.")
    edition: str | None = strawberry.field(description="The key of the edition that comes into force.")


@strawberry.type(description="A day, in UTC, on which anything changes if nothing else happens.")
class ForecastStep:
    row: strawberry.Private[rule.ForecastStep]
    names: strawberry.Private[NamesById]

    day: date = strawberry.field(name="date", description="The day.")
    as_of: datetime = strawberry.field(
        description="The day's last microsecond, at which its attainments are; what happens at midnight is the next's."
    )

    @field("What changes on the day, the earliest first.")
    def causes(self, info: Info) -> list[ForecastCause]:
        causes = (
            from_row(ForecastCause, cause, credit=named_credit(cause.credit, self.names) if cause.credit else None)
            for cause in self.row.causes
        )
        if len(self.row.causes) <= CAUSES_AT_ONCE:
            return list(causes)
        # An asynchronous iterator of a list's items is a list to the executor.
        return cast("list[ForecastCause]", info.context.runtime.pacer.paced(causes, at_once=CAUSES_AT_ONCE))

    @field("Every attainment at the end of the day.")
    def attainments(self) -> list[Attainment]:
        return [attainment_of(row) for row in self.row.attainments]

    @field("Those attainments that are not what they were at the end of the day before.")
    def changed(self) -> list[Attainment]:
        return [attainment_of(row) for row in self.row.changed]


@strawberry.type(description="What will change by itself, and how far the organization will be.")
class Forecast:
    rows: strawberry.Private[Sequence[rule.ForecastStep]]
    names: strawberry.Private[NamesById]

    as_of: datetime = strawberry.field(description="The instant at which the forecast begins.")
    until: date = strawberry.field(description="Its last day.")
    attainments: list[Attainment] = strawberry.field(description="How far the organization is when it begins.")

    @field("The days on which anything changes, the earliest first.")
    def steps(self, info: Info) -> list[ForecastStep]:
        # Each step can have hundreds of objects: those of five years held the event loop without a pause.
        steps = (ForecastStep(row=row, names=self.names, day=row.date, as_of=row.at) for row in self.rows)
        return cast("list[ForecastStep]", info.context.runtime.pacer.paced(steps))


@strawberry.type(description="How many people a requirement of an attained program can do without.")
class RequirementMargin:
    attainment: RequirementAttainment = strawberry.field(description="How far the requirement is.")
    spare: int = strawberry.field(
        description="How many of its people can leave it before the program is lost, all else being as it is."
    )


@strawberry.type(description="What an attained program depends on at an instant.")
class FragilityFinding:
    row: strawberry.Private[Finding]
    names: strawberry.Private[NamesById]

    @field("What is attained.")
    def attainment(self) -> Attainment:
        return attainment_of(self.row.attainment)

    @field("How many people each requirement can do without.")
    def requirements(self) -> list[RequirementMargin]:
        return [
            from_row(RequirementMargin, margin, attainment=requirement_attainment_of(margin.measure, margin.attainment))
            for margin in self.row.margins
        ]

    @field("The members, without any one of whose credits the program would be lost.")
    def critical_members(self) -> list[Member]:
        return [self.names.members[int(person)] for person in self.row.people]

    @field("The credits, without any one of which the program would be lost.")
    def critical_credits(self) -> list[NamedCredit]:
        return [named_credit(credit, self.names) for credit in self.row.credits]


def named_credit(credit: Holding, names: NamesById) -> NamedCredit:
    # The rules need no id, so it may lack there; every credit that is read has one.
    assert credit.credit_id is not None
    code = credit.certification
    facts = names.certifications.get(code)
    return from_row(
        NamedCredit,
        credit,
        credit_id=global_id(Kind.CREDIT, credit.credit_id),
        member=names.members[int(credit.person)],
        certification=from_row(Certification, facts) if facts else Certification(code=code, title=None, level=None),
    )


def forecast_of(row: rule.Forecast, names: NamesById) -> Forecast:
    return from_row(
        Forecast,
        row,
        as_of=row.at,
        attainments=[attainment_of(attainment) for attainment in row.attainments],
        rows=row.steps,
        names=names,
    )
