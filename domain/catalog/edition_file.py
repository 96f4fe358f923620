"""What does the file of an edition say, or the document that the database keeps of it?"""

from collections.abc import Collection, Iterator
from datetime import datetime
from fractions import Fraction

from domain.catalog.entries import Entry
from domain.rules.certifications import start_of_day
from domain.rules.editions import Edition
from domain.rules.enums import Metric, ProgramKind, RequirementRole, Track, TrackRule
from domain.rules.programs import Measure, Program, Requirement


def edition_of(
    file: Entry,
    *,
    certifications: Collection[str] | None = None,
    earlier: Collection[str] | None = None,
    in_force_from: datetime | None = None,
) -> Edition:
    """Return an edition, which is in force from its effective date unless said otherwise.

    ``certifications`` are those that it may ask for, ``earlier`` the programs of the editions before; without them
    it may ask for anything.

    Raises:
        InvalidCatalog: it is wrong.
    """
    file.check_keys("key", "effective_from", "sources", "designation", "specialization")
    key, effective_from = file.text("key"), file.day("effective_from")
    _check_sources(file)
    designations = [_designation(entry, key, certifications) for entry in file.entries("designation")]
    needed = None if earlier is None else {*earlier, *(program.key for program in designations)}
    specializations = [
        _specialization(entry, key, certifications, needed, earlier) for entry in file.entries("specialization")
    ]
    if not designations and not specializations:
        raise file.wrong("an edition says something of a designation or a specialization")
    return Edition(
        key=key,
        effective_from=effective_from,
        in_force_from=in_force_from or start_of_day(effective_from),
        # In one order, since what is stored has lost the file's.
        programs=tuple(sorted((*designations, *specializations), key=lambda program: (program.kind, program.key))),
    )


def _check_sources(file: Entry) -> None:
    for source in file.texts("sources"):
        if not source.startswith("https://"):
            raise file.wrong(f'"{source}" is no https address', "sources")


def _designation(entry: Entry, edition: str, certifications: Collection[str] | None) -> Program:
    entry.check_keys("title", "track", "maxima", "measure")
    maxima = _maxima(entry)
    measures = [
        each for measure in entry.entries("measure") for each in _measures(measure, dict(maxima), certifications)
    ]
    places = [(measure.metric, measure.track, measure.since) for measure in measures]
    if len(set(places)) < len(places):
        raise entry.wrong("two measures say how one metric is scored on one track from the same day on")
    return Program(
        key=entry.name,
        kind=ProgramKind.DESIGNATION,
        title=entry.text("title"),
        edition=edition,
        track_rule=entry.word("track", TrackRule, TrackRule.BY_SETTING),
        measures=tuple(measures),
        maxima=maxima,
    )


def _maxima(entry: Entry) -> tuple[tuple[Metric, int], ...]:
    if "maxima" not in entry.keys:
        return ()
    maxima = entry.entry("maxima")
    maxima.check_keys(*(metric.value.lower() for metric in Metric))
    found = tuple((metric, maxima.number(key)) for metric in Metric if (key := metric.value.lower()) in maxima.keys)
    if sum(maximum for _, maximum in found) > 100:
        raise entry.wrong("no score is more than 100 in all", "maxima")
    return found


def _measures(entry: Entry, maxima: dict[Metric, int], certifications: Collection[str] | None) -> Iterator[Measure]:
    tracks = {track.value.lower(): track for track in Track}
    entry.check_keys("metric", "since", "gates", "electives", *tracks)
    metric = entry.word("metric", Metric)
    if metric not in maxima:
        raise entry.wrong("the designation's maxima do not have it", "metric")
    gates = entry.lists("gates", known=certifications)
    electives = entry.texts("electives", known=certifications)
    found = [entry.entry(name) for name in tracks if name in entry.keys]
    if not found:
        raise entry.wrong(f"a measure is for one of the tracks {', '.join(tracks)}")
    for track in found:
        yield Measure(
            metric=metric,
            track=tracks[track.name],
            since=entry.day("since") if "since" in entry.keys else None,
            requirements=_steps(track, maxima[metric], gates, electives),
        )


def _steps(
    track: Entry, maximum: int, gates: tuple[tuple[str, ...], ...], electives: tuple[str, ...]
) -> tuple[Requirement, ...]:
    track.check_keys("people_for_maximum", *(("gate_people", "gate_points") if gates else ()))
    points = track.number("gate_points", 0, least=0)
    left = maximum - points * len(gates)
    if left <= 0:
        raise track.wrong("the gates leave no points for the electives", "gate_points")
    steps = [
        Requirement(
            step=step,
            role=RequirementRole.GATE,
            needed=track.number("gate_people"),
            points=Fraction(points),
            certifications=frozenset(codes),
        )
        for step, codes in enumerate(gates, 1)
    ]
    elective = Requirement(
        step=len(gates) + 1,
        role=RequirementRole.ELECTIVE,
        needed=track.number("people_for_maximum"),
        points=Fraction(left),
        certifications=frozenset(electives),
    )
    return (*steps, elective)


def _specialization(
    entry: Entry,
    edition: str,
    certifications: Collection[str] | None,
    designations: Collection[str] | None,
    earlier: Collection[str] | None,
) -> Program:
    entry.check_keys("title", "needs_any", "distinct_people", "groups", "replaces")
    needed = frozenset(entry.texts("needs_any", known=designations) if "needs_any" in entry.keys else ())
    replaces = entry.text("replaces") if "replaces" in entry.keys else None
    if replaces is not None and earlier is not None and replaces not in earlier:
        raise entry.wrong("no edition before this one has it", "replaces")
    requirements = _groups(entry, needed, certifications)
    return Program(
        key=entry.name,
        kind=ProgramKind.SPECIALIZATION,
        title=entry.text("title"),
        edition=edition,
        measures=(Measure(metric=Metric.KNOWLEDGE, track=Track.ALL, requirements=requirements),)
        if requirements
        else (),
        designations=needed,
        replaces=replaces,
    )


def _groups(entry: Entry, needed: frozenset[str], certifications: Collection[str] | None) -> tuple[Requirement, ...]:
    """Return a specialization's requirements: its groups, then distinct people, then a needed designation."""
    found = [_group(group, step, certifications) for step, group in enumerate(entry.entries("groups"), 1)]
    if found and "distinct_people" in entry.keys:
        people = entry.number("distinct_people")
        found.append(
            Requirement(
                step=len(found) + 1,
                role=RequirementRole.DISTINCT_PEOPLE,
                needed=people,
                points=Fraction(people),
                certifications=frozenset(code for group in found for code in group.certifications),
            )
        )
    if found and needed:
        found.append(Requirement(step=len(found) + 1, role=RequirementRole.DESIGNATION, needed=1, designations=needed))
    return tuple(found)


def _group(entry: Entry, step: int, certifications: Collection[str] | None) -> Requirement:
    entry.check_keys("people", "any_of", "note")
    if ("any_of" in entry.keys) == ("note" in entry.keys):
        raise entry.wrong("a group says any_of which certifications, or in a note why it cannot")
    people = entry.number("people")
    return Requirement(
        step=step,
        role=RequirementRole.GROUP,
        needed=people,
        # The programme knows no points here: one for each person needed makes the way visible.
        points=Fraction(people),
        certifications=frozenset(entry.texts("any_of", known=certifications) if "any_of" in entry.keys else ()),
        note=entry.text("note") if "note" in entry.keys else None,
    )
