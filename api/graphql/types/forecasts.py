"""How are a forecast, and what an attainment hangs on, told to clients?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.fields import field
from api.graphql.ids import Kind, global_id
from api.graphql.types.attainments import Attainment, RequirementAttainment, attainment_of, requirement_attainment_of
from api.graphql.types.certifications import Certification
from domain.rules import forecast as rule
from domain.rules.attainment import Holding, Person
from domain.rules.certifications import CertificationFacts
from domain.rules.enums import ForecastCauseKind
from domain.rules.fragility import FragilityFinding as Finding

if TYPE_CHECKING:
    from api.graphql.types.members import Member


@dataclass(frozen=True, kw_only=True)
class Named:
    """The organization's people and the catalog's certifications, by number and code."""

    members: Mapping[int, "Member"]
    certifications: Mapping[str, CertificationFacts]

    def member(self, person: Person) -> "Member":
        """Return a member who was looked up."""
        return self.members[int(person)]

    def certification(self, code: str) -> Certification:
        """Return a certification, with what the catalog says of it."""
        facts = self.certifications.get(code)
        return Certification(code=code, title=facts.title if facts else None, level=facts.level if facts else None)


@strawberry.type(description="A credit that attainments depend on.")
class NamedCredit:
    """Whose it is, what it is for, and until when it counts."""

    credit_id: strawberry.ID = strawberry.field(description="The global id of the credit.")
    member: Annotated["Member", strawberry.lazy("api.graphql.types.members")] = strawberry.field(
        description="Whose it is."
    )
    certification: Certification = strawberry.field(description="What was earned.")
    counts_from: datetime = strawberry.field(description="From when it counts.")
    counts_until: datetime | None = strawberry.field(
        description="Until when it counts, exclusive; null when no end is known."
    )


@strawberry.type(description="Why something changes on a day.")
class ForecastCause:
    """A credit begins or ends, or an edition comes into force."""

    kind: ForecastCauseKind = strawberry.field(description="What happens.")
    at: datetime = strawberry.field(description="When it happens.")
    credit: NamedCredit | None = strawberry.field(description="The credit that begins or ends.")
    edition: str | None = strawberry.field(description="The key of the edition that comes into force.")


@strawberry.type(description="A day, in UTC, on which anything changes if nothing else happens.")
class ForecastStep:
    """What changes, and how far the organization is when the day is over."""

    row: strawberry.Private[rule.ForecastStep]
    named: strawberry.Private[Named]

    day: date = strawberry.field(name="date", description="The day.")
    as_of: datetime = strawberry.field(
        description="The day's last microsecond, at which its attainments are; what happens at midnight is the next's."
    )

    @field("What changes on the day, the earliest first.")
    def causes(self) -> list[ForecastCause]:
        """Return the causes."""
        return [
            ForecastCause(
                kind=cause.kind,
                at=cause.at,
                credit=None if cause.credit is None else named_credit(cause.credit, self.named),
                edition=cause.edition,
            )
            for cause in self.row.causes
        ]

    @field("Every attainment at the end of the day.")
    def attainments(self) -> list[Attainment]:
        """Return the attainments."""
        return [attainment_of(each) for each in self.row.attainments]

    @field("Those attainments that are not what they were at the end of the day before.")
    def changed(self) -> list[Attainment]:
        """Return the attainments that differ."""
        return [attainment_of(each) for each in self.row.changed]


@strawberry.type(description="What will change by itself, and how far the organization will be.")
class Forecast:
    """Days on which nothing changes are left out."""

    as_of: datetime = strawberry.field(description="The instant at which the forecast begins.")
    until: date = strawberry.field(description="Its last day.")
    attainments: list[Attainment] = strawberry.field(description="How far the organization is when it begins.")
    steps: list[ForecastStep] = strawberry.field(description="The days on which anything changes, the earliest first.")


@strawberry.type(description="How many people a requirement of an attained program can do without.")
class RequirementMargin:
    """All else being as it is."""

    attainment: RequirementAttainment = strawberry.field(description="How far the requirement is.")
    spare: int = strawberry.field(
        description="How many of its people can leave it before the program is lost, all else being as it is."
    )


@strawberry.type(description="What an attained program hangs on at an instant.")
class FragilityFinding:
    """Whom and what it cannot do without."""

    row: strawberry.Private[Finding]
    named: strawberry.Private[Named]

    @field("What is attained.")
    def attainment(self) -> Attainment:
        """Return the attainment."""
        return attainment_of(self.row.attainment)

    @field("How many people each requirement can do without.")
    def requirements(self) -> list[RequirementMargin]:
        """Return the margins."""
        return [
            RequirementMargin(attainment=requirement_attainment_of(each.measure, each.attainment), spare=each.spare)
            for each in self.row.margins
        ]

    @field("The members, without any one of whose credits the program would be lost.")
    def critical_members(self) -> list[Annotated["Member", strawberry.lazy("api.graphql.types.members")]]:
        """Return the members."""
        return [self.named.member(person) for person in self.row.people]

    @field("The credits, without any one of which the program would be lost.")
    def critical_credits(self) -> list[NamedCredit]:
        """Return the credits."""
        return [named_credit(each, self.named) for each in self.row.credits]


def named_credit(credit: Holding, named: Named) -> NamedCredit:
    """Return a credit with its member and certification."""
    assert credit.credit_id is not None
    return NamedCredit(
        credit_id=global_id(Kind.CREDIT, credit.credit_id),
        member=named.member(credit.person),
        certification=named.certification(credit.certification),
        counts_from=credit.counts_from,
        counts_until=credit.counts_until,
    )


def forecast_of(row: rule.Forecast, named: Named) -> Forecast:
    """Return a forecast."""
    return Forecast(
        as_of=row.at,
        until=row.until,
        attainments=[attainment_of(each) for each in row.attainments],
        steps=[ForecastStep(row=step, named=named, day=step.date, as_of=step.at) for step in row.steps],
    )
