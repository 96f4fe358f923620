"""People and credits without which an organization loses a program."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from domain.rules.attainment import Attainment, Holding, Person, RequirementAttainment, attainments_of
from domain.rules.enums import ProgramKind, RequirementRole, Track, TrackRule
from domain.rules.programs import Measure, Program

# A program by its key, and its track unless the higher total of both tracks counts.
Attained = tuple[str, Track | None]


@dataclass(frozen=True, kw_only=True)
class RequirementMargin:
    """How many of a requirement's people can leave before the program is lost, if nothing else changes."""

    measure: Measure
    attainment: RequirementAttainment
    spare: int


@dataclass(frozen=True, kw_only=True)
class FragilityFinding:
    """The people and credits of an attained program without any single one of which it is lost."""

    attainment: Attainment
    margins: tuple[RequirementMargin, ...]
    people: tuple[Person, ...]
    credits: tuple[Holding, ...]


def fragility(
    holdings: Iterable[Holding], programs: Sequence[Program], *, at: datetime, track: Track | None = None
) -> tuple[FragilityFinding, ...]:
    """Return the finding of each program that is attained at an instant (aware, UTC).

    ``track`` is the organization's setting.
    """
    # Who does not count yet can neither lose a program nor save it.
    counting = tuple(holding for holding in holdings if holding.is_counting(at))
    return _Fragility(counting, programs, at, track).findings()


class _Crowd:
    """Counts people, less a number for each set of certifications; nobody is pending."""

    def __init__(self, holders: "_Holders", less: Mapping[frozenset[str], int], at: datetime) -> None:
        self._holders = holders
        self._less = less
        self._at = at

    @property
    def at(self) -> datetime:
        return self._at

    def counting(self, certifications: frozenset[str]) -> int:
        return len(self._holders.of(certifications)) - self._less.get(certifications, 0)

    def pending(self, certifications: frozenset[str]) -> int:
        return 0


class _Holders:
    """The people who count with any of some certifications, and their credits."""

    def __init__(self, holdings: Iterable[Holding]) -> None:
        self._by_code: Mapping[str, list[Holding]] = defaultdict(list)
        for holding in holdings:
            self._by_code[holding.certification].append(holding)
        self._by_set: dict[frozenset[str], dict[Person, list[Holding]]] = {}

    def of(self, certifications: frozenset[str]) -> Mapping[Person, list[Holding]]:
        holders = self._by_set.get(certifications)
        if holders is None:
            holders = self._by_set[certifications] = defaultdict(list)
            for code in certifications:
                for holding in self._by_code.get(code, ()):
                    holders[holding.person].append(holding)
        return holders


# To score every program without each single person would take as many scorings as there are people.
class _Fragility:
    """Finds what is lost with fewer people, and tries each set of requirements once."""

    def __init__(
        self, holdings: Sequence[Holding], programs: Sequence[Program], at: datetime, track: Track | None
    ) -> None:
        self._at = at
        self._track = track
        self._holdings = holdings
        self._holders = _Holders(holdings)
        scored = attainments_of(_Crowd(self._holders, {}, at), programs, track=track)
        self._attained = {_identity(attainment): attainment for attainment in scored if attainment.attained}
        keys = {key for key, _ in self._attained}
        self._programs = [
            program for program in programs if program.kind is ProgramKind.DESIGNATION or program.key in keys
        ]
        self._lost: dict[frozenset[frozenset[str]], frozenset[Attained]] = {}

    def findings(self) -> tuple[FragilityFinding, ...]:
        people: dict[Person, set[frozenset[str]]] = defaultdict(set)
        single: dict[int, set[frozenset[str]]] = defaultdict(set)
        # The requirements that one person less leaves unmet: only through these can a single person or credit matter.
        tight = {
            requirement.certifications
            for program in self._programs
            for measure in program.measures
            for requirement in measure.requirements
            if len(self._holders.of(requirement.certifications)) <= requirement.needed
        }
        for codes in tight:
            for person, credits in self._holders.of(codes).items():
                people[person].add(codes)
                # A person with two such credits still counts when one of them is gone.
                if len(credits) == 1:
                    single[id(credits[0])].add(codes)
        in_order = dict.fromkeys(holding.person for holding in self._holdings)
        people_lost = {person: self._lost_with_fewer(people[person]) for person in in_order if person in people}
        credits_lost = [
            (credit, self._lost_with_fewer(single[id(credit)])) for credit in self._holdings if id(credit) in single
        ]
        return tuple(
            FragilityFinding(
                attainment=attainment,
                margins=tuple(
                    RequirementMargin(
                        measure=metric.measure,
                        attainment=part,
                        spare=part.spare
                        if part.requirement.role is RequirementRole.DESIGNATION
                        else self._spare(identity, part),
                    )
                    for metric in attainment.metrics
                    for part in metric.requirements
                ),
                people=tuple(person for person, lost in people_lost.items() if identity in lost),
                credits=tuple(credit for credit, lost in credits_lost if identity in lost),
            )
            for identity, attainment in self._attained.items()
        )

    def _lost_with_fewer(self, sets: Set[frozenset[str]]) -> frozenset[Attained]:
        # Most people and credits are in the same few sets: each combination is scored once.
        fewer = frozenset(sets)
        if fewer not in self._lost:
            self._lost[fewer] = self._lost_with(dict.fromkeys(fewer, 1), self._programs)
        return self._lost[fewer]

    def _lost_with(self, less: Mapping[frozenset[str], int], programs: Sequence[Program]) -> frozenset[Attained]:
        scored = attainments_of(_Crowd(self._holders, less, self._at), programs, track=self._track)
        lost = frozenset(_identity(attainment) for attainment in scored if not attainment.attained)
        return lost & self._attained.keys()

    def _spare(self, identity: Attained, part: RequirementAttainment) -> int:
        """Return how many can leave; more than the requirement has to spare where the rest of a program carries it."""
        key, _ = identity
        keys = {key}.union(*(program.designations for program in self._programs if program.key == key))
        programs = [program for program in self._programs if program.key in keys]
        spare = part.spare
        while spare < part.counting and identity not in self._lost_with(
            {part.requirement.certifications: spare + 1}, programs
        ):
            spare += 1
        return spare


def _identity(attainment: Attainment) -> Attained:
    is_free = attainment.program.track_rule is TrackRule.HIGHER_TOTAL
    return attainment.program.key, None if is_free else attainment.track
