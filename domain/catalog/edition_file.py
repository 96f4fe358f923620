"""Pydantic models of an edition's file and stored document."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from domain.catalog.tables import Code, Count, Day, Distinct, Explained, LowerCase, Table, Text, known_in
from domain.rules.certifications import start_of_day
from domain.rules.editions import Edition
from domain.rules.enums import Metric, ProgramKind, RequirementRole, Track, TrackRule
from domain.rules.programs import Measure, Program, Requirement

ScoredMetric = Annotated[Metric, LowerCase()]
Points = Annotated[int, Field(ge=0), Explained("must be a whole number, at least 0")]
Source = Annotated[str, Field(pattern=r"^https://"), Explained("is no https address")]
Designation = Annotated[Text, known_in("designations", "the catalog knows no {}")]
EarlierProgram = Annotated[Text, known_in("earlier", "no edition before this one has it")]


class TrackTable(Table):
    people_for_maximum: Count
    gate_people: Count | None = None
    gate_points: Points | None = None


class MeasureTable(Table):
    metric: ScoredMetric
    since: Day | None = None
    gates: list[Distinct[Code]] = Field([])
    electives: Distinct[Code]
    enterprise: TrackTable | None = None
    smb: TrackTable | None = None
    all: TrackTable | None = None

    @property
    def tracks(self) -> dict[Track, TrackTable]:
        tables = {Track.ENTERPRISE: self.enterprise, Track.SMB: self.smb, Track.ALL: self.all}
        return {track: table for track, table in tables.items() if table is not None}

    @model_validator(mode="after")
    def _check_tracks(self) -> Self:
        if not self.tracks:
            raise ValueError("a measure is for one of the tracks enterprise, smb, all")
        for track, table in self.tracks.items():
            if self.gates and table.gate_people is None:
                raise ValueError(f"gate_people is missing for {track.lower()}")
            if not self.gates and (table.gate_people is not None or table.gate_points is not None):
                raise ValueError(f"gate_people and gate_points for {track.lower()} mean nothing without gates")
        return self

    def measures(self, maximum: int) -> Iterator[Measure]:
        """Yield the measure of each track; the electives give what the gates leave of the maximum."""
        for track, table in self.tracks.items():
            points = Fraction(table.gate_points or 0)
            steps = [(RequirementRole.GATE, table.gate_people or 0, points, codes) for codes in self.gates]
            left = maximum - points * len(self.gates)
            steps.append((RequirementRole.ELECTIVE, table.people_for_maximum, left, self.electives))
            requirements = tuple(
                Requirement(step=step, role=role, needed=needed, points=points, certifications=frozenset(codes))
                for step, (role, needed, points, codes) in enumerate(steps, 1)
            )
            yield Measure(metric=self.metric, track=track, since=self.since, requirements=requirements)


class DesignationTable(Table):
    """One designation; without measures its requirements are not published."""

    title: Text
    track: Annotated[TrackRule, LowerCase()] = TrackRule.BY_SETTING
    maxima: dict[ScoredMetric, Count] = Field({})
    measure: list[MeasureTable] = Field([])

    @field_validator("maxima")
    @classmethod
    def _check_maxima(cls, maxima: dict[Metric, int]) -> dict[Metric, int]:
        if sum(maxima.values()) > 100:
            raise ValueError("no score is more than 100 in all")
        return maxima

    @model_validator(mode="after")
    def _check_measures(self) -> Self:
        scored = set()
        for measure in self.measure:
            metric = measure.metric
            if metric not in self.maxima:
                raise ValueError(f"the designation's maxima do not have {metric.lower()}")
            for track, table in measure.tracks.items():
                scope = f"({metric.lower()}, {track.lower()})"
                if (table.gate_points or 0) * len(measure.gates) >= self.maxima[metric]:
                    raise ValueError(f"the gates leave no points for the electives {scope}")
                if (metric, track, measure.since) in scored:
                    raise ValueError(
                        f"two measures say how one metric is scored on one track from the same day {scope}"
                    )
                scored.add((metric, track, measure.since))
        return self

    def program(self, key: str, edition: str) -> Program:
        return Program(
            key=key,
            kind=ProgramKind.DESIGNATION,
            title=self.title,
            edition=edition,
            track_rule=self.track,
            measures=tuple(measure for table in self.measure for measure in table.measures(self.maxima[table.metric])),
            maxima=tuple((metric, self.maxima[metric]) for metric in Metric if metric in self.maxima),
        )


class GroupTable(Table):
    """How many people a specialization needs with any of some certifications."""

    people: Count
    any_of: Distinct[Code] = Field([])
    note: Text | None = None

    @model_validator(mode="after")
    def _check_certifications(self) -> Self:
        if bool(self.any_of) == bool(self.note):
            raise ValueError("a group says any_of which certifications, or in a note why it cannot")
        return self


class SpecializationTable(Table):
    """One specialization; without groups its requirements are not published."""

    title: Text
    needs_any: Distinct[Designation] = Field([])
    distinct_people: Count | None = None
    groups: list[GroupTable] = Field([])
    replaces: EarlierProgram | None = None

    def program(self, key: str, edition: str) -> Program:
        steps = [(RequirementRole.GROUP, group.people, group.any_of, group.note) for group in self.groups]
        if steps and self.distinct_people is not None:
            codes = [code for group in self.groups for code in group.any_of]
            steps.append((RequirementRole.DISTINCT_PEOPLE, self.distinct_people, codes, None))
        requirements = [
            # The programme knows no points here: one for each person needed makes the way visible.
            Requirement(
                step=step, role=role, needed=people, points=Fraction(people), certifications=frozenset(codes), note=note
            )
            for step, (role, people, codes, note) in enumerate(steps, 1)
        ]
        designations = frozenset(self.needs_any)
        if steps and designations:
            step = len(requirements) + 1
            requirements.append(
                Requirement(step=step, role=RequirementRole.DESIGNATION, needed=1, designations=designations)
            )
        measure = Measure(metric=Metric.KNOWLEDGE, track=Track.ALL, requirements=tuple(requirements))
        return Program(
            key=key,
            kind=ProgramKind.SPECIALIZATION,
            title=self.title,
            edition=edition,
            measures=(measure,) if requirements else (),
            designations=designations,
            replaces=self.replaces,
        )


class EditionFile(Table):
    key: Text
    effective_from: Day
    sources: Distinct[Source]
    designation: dict[str, DesignationTable] = Field({})
    specialization: dict[str, SpecializationTable] = Field({})

    @model_validator(mode="after")
    def _check_programs(self) -> Self:
        if not self.designation and not self.specialization:
            raise ValueError("an edition says something of a designation or a specialization")
        return self

    def edition(self, *, in_force_from: datetime | None = None) -> Edition:
        """Return the edition, which is in force from its effective date unless another instant is given."""
        designations = [table.program(key, self.key) for key, table in self.designation.items()]
        specializations = [table.program(key, self.key) for key, table in self.specialization.items()]
        return Edition(
            key=self.key,
            effective_from=self.effective_from,
            in_force_from=in_force_from or start_of_day(self.effective_from),
            # In one order, since what is stored has lost the file's.
            programs=tuple(sorted((*designations, *specializations), key=lambda program: (program.kind, program.key))),
        )
