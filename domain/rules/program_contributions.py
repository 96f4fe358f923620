"""What do some people's credits give each program, without everybody's being at hand?

Of all others it is enough to know those who take a requirement's places first: ``decisive_places`` says how many of
each certification. So a long report is explained piece by piece, and the answer is the one that all credits together
would give.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from domain.rules.attainment import Attainment, Holding, MetricAttainment, attainments
from domain.rules.contributions import contributions
from domain.rules.programs import Program
from domain.rules.words import Metric, NoPointsReason, RequirementRole, Track

_WITHOUT_PLACE = {NoPointsReason.PENDING, NoPointsReason.ALREADY_COUNTED, NoPointsReason.CAP_REACHED}


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramContribution:
    """What one credit gives one requirement of a program, or why it gives no points."""

    program: Program
    track: Track
    metric: Metric
    step: int
    role: RequirementRole
    points: Fraction
    reason: NoPointsReason | None


def decisive_places(programs: Iterable[Program]) -> dict[str, int]:
    """Return of each certification that counts how many people, the first by when it counts, can decide anything."""
    places: dict[str, int] = defaultdict(int)
    for program in programs:
        for measure in program.measures:
            for requirement in measure.requirements:
                for code in requirement.certifications:
                    places[code] = max(places[code], requirement.needed)
    return dict(places)


class ProgramContributions:
    """Tells what credits of an organization contribute at an instant (aware, UTC).

    ``first`` holds at least those holdings that count then and that ``decisive_places`` asks for; ``track`` is the
    organization's setting.
    """

    def __init__(
        self, first: Sequence[Holding], programs: Sequence[Program], *, at: datetime, track: Track | None = None
    ) -> None:
        self._at = at
        self._scored = [
            _Scored.of(attainment, metric, first, at=at)
            for attainment in attainments(first, programs, at=at, track=track)
            for metric in attainment.metrics
        ]

    def of(self, holdings: Iterable[Holding]) -> dict[int, tuple[ProgramContribution, ...]]:
        """Return the contributions of each credit; ``holdings`` are all that some people have, and only theirs."""
        wanted = [holding for holding in holdings if holding.credit_id is not None]
        found: dict[int, list[ProgramContribution]] = {
            holding.credit_id: [] for holding in wanted if holding.credit_id is not None
        }
        for scored in self._scored:
            for credit_id, contribution in scored.contributions(wanted, at=self._at):
                if credit_id in found:
                    found[credit_id].append(contribution)
        return {credit_id: tuple(given) for credit_id, given in found.items()}


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """A metric of an attainment, and those whose certifications take its places."""

    program: Program
    metric: MetricAttainment
    placed: tuple[Holding, ...]

    @classmethod
    def of(
        cls, attainment: Attainment, metric: MetricAttainment, first: Iterable[Holding], *, at: datetime
    ) -> "_Scored":
        placed = {
            each.holding.credit_id: each.holding
            for each in contributions(metric, first, at=at)
            if each.reason not in _WITHOUT_PLACE
        }
        return cls(program=attainment.program, metric=metric, placed=tuple(placed.values()))

    def contributions(
        self, wanted: Iterable[Holding], *, at: datetime
    ) -> Iterable[tuple[int | None, ProgramContribution]]:
        codes = self.metric.measure.certifications
        asked = {each.credit_id: each for each in wanted if each.certification in codes}
        if not asked:
            return
        together = asked | {each.credit_id: each for each in self.placed}
        for each in contributions(self.metric, together.values(), at=at):
            yield (
                each.holding.credit_id,
                ProgramContribution(
                    program=self.program,
                    track=self.metric.measure.track,
                    metric=self.metric.metric,
                    step=each.requirement.step,
                    role=each.requirement.role,
                    points=each.points,
                    reason=each.reason,
                ),
            )
