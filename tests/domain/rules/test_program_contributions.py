"""Contributions computed in parts, compared with the whole (R13, R14)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.rules.attainment import Holding, attainments
from domain.rules.contributions import ProgramContributions, contributions, decisive_people
from tests.domain.rules.catalog import AT, PROGRAMS

Told = tuple[str, str, str, int, float, str | None]

_CODES = st.sampled_from(sorted({code for program in PROGRAMS for code in program.certifications} | {"NO-SUCH-CODE"}))
_DAYS = st.integers(-30, 5).map(lambda days: AT + timedelta(days=days))


@st.composite
def _organizations(draw: st.DrawFn) -> list[Holding]:
    """Draw what some people have; few codes and people, so that they compete for places."""
    codes = draw(st.lists(_CODES, min_size=1, max_size=5))
    drawn = draw(
        st.lists(
            st.tuples(st.integers(1, 30), st.sampled_from(codes), _DAYS, st.none() | st.integers(1, 40)), max_size=80
        )
    )
    return [
        Holding(
            person=person,
            certification=code,
            counts_from=counts_from,
            counts_until=None if days is None else counts_from + timedelta(days=days),
            credit_id=number,
        )
        for number, (person, code, counts_from, days) in enumerate(drawn, start=1)
    ]


@given(_organizations(), st.integers(1, 7))
def test_a_report_in_pieces_tells_what_the_whole_tells(holdings: list[Holding], people: int) -> None:
    pieces = defaultdict(list)
    for holding in holdings:
        pieces[int(holding.person) // people].append(holding)
    scored = ProgramContributions(first_of(holdings), PROGRAMS, at=AT)

    told = {
        credit_id: {
            (each.program.key, each.track.value, each.metric.value, each.step, float(each.points), each.reason)
            for each in given
        }
        for piece in pieces.values()
        for credit_id, given in scored.of(piece).items()
    }

    assert told == {holding.credit_id: set() for holding in holdings} | whole(holdings)


def whole(holdings: Sequence[Holding]) -> dict[int | None, set[Told]]:
    """Return what all credits together give, by the rule alone."""
    found: dict[int | None, set[Told]] = defaultdict(set)
    for attainment in attainments(holdings, PROGRAMS, at=AT):
        for metric in attainment.metrics:
            for each in contributions(metric, holdings, at=AT):
                found[each.holding.credit_id].add(
                    (
                        attainment.program.key,
                        attainment.track.value,
                        metric.metric.value,
                        each.requirement.step,
                        float(each.points),
                        each.reason,
                    )
                )
    return dict(found)


def first_of(holdings: Sequence[Holding]) -> list[Holding]:
    """Return the fewest holdings that ``decisive_people`` allows to be known."""
    places = decisive_people(PROGRAMS)
    ordered = sorted(holdings, key=lambda each: (each.counts_from, str(each.person), each.credit_id))
    seen: dict[str, set[object]] = defaultdict(set)
    first = []
    for holding in ordered:
        people = seen[holding.certification]
        if holding.is_counting(AT) and holding.person not in people:
            people.add(holding.person)
            if len(people) <= places.get(holding.certification, 0):
                first.append(holding)
    return first
