"""Requirements of designations and specializations (R13, R14)."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from domain.rules.enums import Metric, ProgramKind, RequirementRole, Track, TrackRule


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A number of distinct people with any of some certifications, and the points that they give."""

    step: int
    role: RequirementRole
    # People, or designations where the role is ``DESIGNATION``.
    needed: int
    # A gate gives them all at once, when as many people as needed count. Everything else gives an equal share for each
    # person, up to the people needed.
    points: Fraction = Fraction(0)
    certifications: frozenset[str] = frozenset()
    designations: frozenset[str] = frozenset()
    note: str | None = None

    @property
    def points_each(self) -> Fraction:
        """Return the points that one of the people needed gives when all gates are met."""
        return self.points / self.needed


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How one metric is scored on one track, from the date ``since`` on if that is not the edition's own."""

    metric: Metric
    track: Track
    requirements: tuple[Requirement, ...]
    since: date | None = None

    @property
    def certifications(self) -> frozenset[str]:
        return frozenset(code for requirement in self.requirements for code in requirement.certifications)

    @property
    def max_points(self) -> Fraction:
        return sum((requirement.points for requirement in self.requirements), Fraction(0))


@dataclass(frozen=True, kw_only=True)
class Program:
    """A designation or a specialization as one edition has it; without measures its requirements are not published."""

    key: str
    kind: ProgramKind
    title: str
    edition: str
    track_rule: TrackRule = TrackRule.BY_SETTING
    measures: tuple[Measure, ...] = ()
    maxima: tuple[tuple[Metric, int], ...] = ()
    designations: frozenset[str] = frozenset()
    replaces: str | None = None

    @property
    def is_published(self) -> bool:
        """Tell whether the edition says how many people with which certifications are needed."""
        return bool(self.measures)

    @property
    def tracks(self) -> tuple[Track, ...]:
        return tuple(track for track in Track if any(measure.track is track for measure in self.measures))

    @property
    def certifications(self) -> frozenset[str]:
        return frozenset(code for measure in self.measures for code in measure.certifications)

    def on_track(self, track: Track) -> tuple[Measure, ...]:
        return tuple(measure for measure in self.measures if measure.track is track)
