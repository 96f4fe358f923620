"""How are a program's requirements, and what differs between two editions of them, said in lines?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.rules.attainment import shown_points
from domain.rules.programs import Program, Requirement
from domain.rules.words import RequirementRole


def program_lines(program: Program) -> Iterator[str]:
    """Yield a program with its requirements, one a line."""
    kind = program.kind.lower()
    if not program.is_published:
        yield f"{kind} {program.key}: {program.title}: requirements not published"
        return
    yield f"{kind} {program.key}: {program.title}, edition {program.edition}"
    for place, line in _requirements(program).items():
        yield f"  {place}: {line}"


def program_json(program: Program) -> dict[str, Any]:
    """Return a program as JSON tells it."""
    return {
        "program": program.key,
        "kind": program.kind.lower(),
        "title": program.title,
        "edition": program.edition,
        "published": program.is_published,
        "measures": [
            {
                "metric": measure.metric.lower(),
                "track": measure.track.lower(),
                "maxPoints": shown_points(measure.max_points),
                "requirements": [_requirement_json(requirement) for requirement in measure.requirements],
            }
            for measure in program.measures
        ],
    }


def difference(before: Sequence[Program], after: Sequence[Program]) -> Mapping[str, list[str]]:
    """Return for each program that differs what was dropped (-), added (+), and changed."""
    old, new = ({program.key: program for program in programs} for programs in (before, after))
    changes = {key: _changes(old.get(key), new.get(key)) for key in sorted({*old, *new})}
    return {key: lines for key, lines in changes.items() if lines}


def _changes(before: Program | None, after: Program | None) -> list[str]:
    if before is None or after is None:
        return ["+ is new"] if before is None else ["- is no more"]
    old, new = _requirements(before), _requirements(after)
    if not old or not new:
        return (
            []
            if bool(old) == bool(new)
            else ["+ its requirements are published" if new else "- not published any more"]
        )
    lines = []
    for place in dict.fromkeys([*old, *new]):
        if old.get(place) != new.get(place):
            lines += [f"{sign} {place}: {found[place]}" for sign, found in (("-", old), ("+", new)) if place in found]
    return lines


def _requirements(program: Program) -> Mapping[str, str]:
    return {
        f"{measure.metric.lower()}, {measure.track.lower()}, step {requirement.step}": _sentence(requirement)
        for measure in program.measures
        for requirement in measure.requirements
    }


def _sentence(requirement: Requirement) -> str:
    role = requirement.role.lower().replace("_", " ")
    points = f" for {shown_points(requirement.points):g} points" if requirement.points else ""
    what = requirement.note or ", ".join(sorted(requirement.certifications or requirement.designations))
    who = "person" if requirement.needed == 1 else "people"
    if requirement.role is RequirementRole.DESIGNATION:
        who = "of these"
    return f"{role}, {requirement.needed} {who}{points}: {what}"


def _requirement_json(requirement: Requirement) -> dict[str, Any]:
    return {
        "step": requirement.step,
        "role": requirement.role.lower(),
        "needed": requirement.needed,
        "points": shown_points(requirement.points),
        "certifications": sorted(requirement.certifications),
        "designations": sorted(requirement.designations),
        "note": requirement.note,
    }
