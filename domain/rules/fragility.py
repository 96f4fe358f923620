"""Whose leaving, or which lapse, would cost an organization what it has attained, and whom can it spare?"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.rules.attainment import Attainment, Holding, Person, RequirementAttainment, attainments_of
from domain.rules.enums import ProgramKind, RequirementRole, Track, TrackRule
from domain.rules.programs import Measure, Program, Requirement

# What a program was attained by: its key, and its track unless the higher total counts anyhow.
Attained = tuple[str, Track | None]
Fewer = frozenset[frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class RequirementMargin:
    """How many of a requirement's people can leave it, all else being as it is, before the program is lost."""

    measure: Measure
    attainment: RequirementAttainment
    spare: int


@dataclass(frozen=True, kw_only=True)
class FragilityFinding:
    """What an attained program hangs on: people and credits, without any single one of which it is lost."""

    attainment: Attainment
    margins: tuple[RequirementMargin, ...]
    people: tuple[Person, ...]
    credits: tuple[Holding, ...]


def fragility(
    holdings: Iterable[Holding], programs: Sequence[Program], *, at: datetime, track: Track | None = None
) -> tuple[FragilityFinding, ...]:
    """Return for each program that is attained at an aware instant what would cost it; ``track`` is the setting."""
    return _Fragility(tuple(each for each in holdings if each.is_counting(at)), programs, at, track).findings()


class _Crowd:
    """The people who count, less some for each set of certifications; nobody is pending."""

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
    """Who counts with any of some certifications, and by how many credits."""

    def __init__(self, holdings: Iterable[Holding]) -> None:
        self._by_code: Mapping[str, list[Holding]] = defaultdict(list)
        for holding in holdings:
            self._by_code[holding.certification].append(holding)
        self._by_set: dict[frozenset[str], dict[Person, list[Holding]]] = {}

    def of(self, certifications: frozenset[str]) -> Mapping[Person, list[Holding]]:
        found = self._by_set.get(certifications)
        if found is None:
            found = self._by_set[certifications] = defaultdict(list)
            for code in certifications:
                for holding in self._by_code.get(code, ()):
                    found[holding.person].append(holding)
        return found


class _Fragility:
    """What would be lost, each set of requirements with fewer people tried once."""

    def __init__(
        self, holdings: Sequence[Holding], programs: Sequence[Program], at: datetime, track: Track | None
    ) -> None:
        self._at = at
        self._track = track
        self._holdings = holdings
        self._holders = _Holders(holdings)
        scored = attainments_of(_Crowd(self._holders, {}, at), programs, track=track)
        self._attained = {_identity(each): each for each in scored if each.attained}
        keys = {key for key, _ in self._attained}
        self._programs = [each for each in programs if each.kind is ProgramKind.DESIGNATION or each.key in keys]
        self._lost: dict[Fewer, frozenset[Attained]] = {}

    def findings(self) -> tuple[FragilityFinding, ...]:
        people, credits = self._people_lost(), self._credits_lost()
        return tuple(
            FragilityFinding(
                attainment=attainment,
                margins=tuple(self._margins(identity, attainment)),
                people=tuple(person for person, lost in people.items() if identity in lost),
                credits=tuple(credit for credit, lost in credits if identity in lost),
            )
            for identity, attainment in self._attained.items()
        )

    def _people_lost(self) -> Mapping[Person, frozenset[Attained]]:
        sets: dict[Person, set[frozenset[str]]] = defaultdict(set)
        for codes in self._tight_sets():
            for person in self._holders.of(codes):
                sets[person].add(codes)
        people = dict.fromkeys(each.person for each in self._holdings)
        return {person: self._lost_with_fewer(frozenset(sets[person])) for person in people if person in sets}

    def _credits_lost(self) -> list[tuple[Holding, frozenset[Attained]]]:
        sets: dict[int, set[frozenset[str]]] = defaultdict(set)
        for codes in self._tight_sets():
            for held in self._holders.of(codes).values():
                # Whoever holds two of them still counts without either.
                if len(held) == 1:
                    sets[id(held[0])].add(codes)
        single = [each for each in self._holdings if id(each) in sets]
        return [(each, self._lost_with_fewer(frozenset(sets[id(each)]))) for each in single]

    def _tight_sets(self) -> set[frozenset[str]]:
        """Return the certifications of those requirements that a single person less could make a difference to."""
        return {
            each.certifications
            for program in self._programs
            for measure in program.measures
            for each in measure.requirements
            if len(self._holders.of(each.certifications)) <= each.needed
        }

    def _lost_with_fewer(self, sets: Fewer) -> frozenset[Attained]:
        if sets not in self._lost:
            self._lost[sets] = self._lost_with(dict.fromkeys(sets, 1), self._programs)
        return self._lost[sets]

    def _lost_with(self, less: Mapping[frozenset[str], int], programs: Sequence[Program]) -> frozenset[Attained]:
        scored = attainments_of(_Crowd(self._holders, less, self._at), programs, track=self._track)
        return frozenset(_identity(each) for each in scored if not each.attained) & self._attained.keys()

    def _margins(self, identity: Attained, attainment: Attainment) -> Iterable[RequirementMargin]:
        for metric in attainment.metrics:
            for each in metric.requirements:
                spare = (
                    each.spare
                    if each.requirement.role is RequirementRole.DESIGNATION
                    else self._spare(identity, each.requirement)
                )
                yield RequirementMargin(measure=metric.measure, attainment=each, spare=spare)

    def _spare(self, identity: Attained, requirement: Requirement) -> int:
        codes = requirement.certifications
        counting = len(self._holders.of(codes))
        spare = max(0, counting - requirement.needed)
        needed = self._programs_for(identity[0])
        while spare < counting and identity not in self._lost_with({codes: spare + 1}, needed):
            spare += 1
        return spare

    def _programs_for(self, key: str) -> list[Program]:
        needed = {key}.union(*(each.designations for each in self._programs if each.key == key))
        return [each for each in self._programs if each.key in needed]


def _identity(attainment: Attainment) -> Attained:
    is_free = attainment.program.track_rule is TrackRule.HIGHER_TOTAL
    return attainment.program.key, None if is_free else attainment.track
