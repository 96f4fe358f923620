"""Hypothesis strategies for the history of a completion."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from domain.rules.certifications import CertificationFacts, start_of_day
from domain.rules.contributions import ProgramContribution
from domain.rules.credit_interval import CreditInterval, credit_interval, ended_interval, left_interval
from domain.rules.enums import (
    AssociationEndReason,
    CertificationLevel,
    LearningProvider,
    RetirementRule,
)
from domain.rules.explanation import CreditFacts, Explanation, explanation
from domain.rules.policy import Policy
from tests.clock import START
from tests.domain.instants import DAY, MICROSECOND


def known(**retirement: object) -> CertificationFacts:
    return CertificationFacts(
        code="AZ-104",
        title="Azure Administrator",
        level=CertificationLevel.ASSOCIATE,
        provider=LearningProvider.MICROSOFT_LEARN,
        **retirement,  # type: ignore[arg-type]
    )


CERTIFICATIONS = [
    known(),
    known(
        retires_on=date(2026, 10, 1), retirement_rule=RetirementRule.ELIGIBLE_UNTIL, eligible_until=date(2026, 11, 20)
    ),
    known(retires_on=date(2026, 10, 1), retirement_rule=RetirementRule.ONE_YEAR_IF_EARNED_BEFORE),
    None,
]


@dataclass(frozen=True, kw_only=True)
class Life:
    """What happens to one completion and its association, said without the rules."""

    completed_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    started_at: datetime
    recorded_at: datetime
    ended_at: datetime | None
    end: AssociationEndReason
    certification: CertificationFacts | None

    @property
    def due_at(self) -> datetime:
        return max(self.completed_at + 10 * DAY, self.started_at + 10 * DAY, self.recorded_at)

    def counts(self, at: datetime) -> bool:
        """Tell whether it counts at an instant."""
        facts = self.certification
        ends = [self.expires_at, self.revoked_at]
        if facts is None or any(end is not None and end <= max(at, self.started_at) for end in ends):
            return False
        if facts.eligible_until and max(at, self.started_at) >= start_of_day(facts.eligible_until):
            return False
        if facts.retirement_rule is RetirementRule.ONE_YEAR_IF_EARNED_BEFORE:
            assert facts.retires_on is not None
            if self.completed_at >= start_of_day(facts.retires_on):
                return False
        return at >= self.due_at and not self._is_over(at)

    def _is_over(self, at: datetime) -> bool:
        if self.ended_at is None:
            return False
        if self.end is not AssociationEndReason.MEMBER_REMOVED:
            return at >= self.ended_at
        month = self.ended_at.year * 12 + self.ended_at.month
        return self.ended_at < self.due_at or at >= datetime(month // 12, month % 12 + 1, 10, tzinfo=UTC)

    @property
    def interval(self) -> CreditInterval:
        """Return what the operations would store."""
        interval = credit_interval(
            completed_at=self.completed_at,
            expires_at=self.expires_at,
            revoked_at=self.revoked_at,
            started_at=self.started_at,
            recorded_at=self.recorded_at,
            certification=self.certification,
            policy=Policy(),
        )
        if self.ended_at is None:
            return interval
        if self.end is AssociationEndReason.MEMBER_REMOVED:
            return left_interval(interval, left_at=self.ended_at)
        return ended_interval(interval, ended_at=self.ended_at, reason=self.end)

    @property
    def facts(self) -> CreditFacts:
        return CreditFacts(
            completed_at=self.completed_at,
            expires_at=self.expires_at,
            recorded_at=self.recorded_at,
            started_at=self.started_at,
            association_ended_at=self.ended_at,
            association_end_reason=None if self.ended_at is None else self.end,
            interval=self.interval,
            certification=self.certification,
            renewal_opens_at=None,
        )

    def explained(self, at: datetime, contributions: Iterable[ProgramContribution] = ()) -> Explanation:
        return explanation(self.facts, at=at, contributions=contributions)


days = st.integers(0, 40).map(lambda number: number * DAY)
waits = st.one_of(days, st.builds(lambda wait, nudge: abs(wait + nudge * MICROSECOND), days, st.integers(-1, 1)))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Return any history of one completion: short distances make ends and beginnings meet."""
    completed_at = START + draw(st.integers(-40, 40)) * DAY
    started_at = START + draw(st.integers(-20, 20)) * DAY
    recorded_at = max(started_at, completed_at) + draw(waits)
    expires_in, revoked_in, ends_in = (draw(st.one_of(st.none(), waits)) for _ in range(3))
    return Life(
        completed_at=completed_at,
        expires_at=None if expires_in is None else completed_at + expires_in,
        revoked_at=None if revoked_in is None else completed_at + revoked_in,
        started_at=started_at,
        recorded_at=recorded_at,
        ended_at=None if ends_in is None else recorded_at + ends_in,
        end=draw(st.sampled_from(AssociationEndReason)),
        certification=draw(st.sampled_from(CERTIFICATIONS)),
    )


near = st.sampled_from([-60, -20, -10, -1, 0, 1, 5, 9, 10, 11, 30, 60, 90, 400]).map(
    lambda number: START + number * DAY
)


def a_life(**changes: object) -> Life:
    """Return a completion that counts from ten days after START for a year, with changes."""
    values = {
        "completed_at": START - 30 * DAY,
        "expires_at": START + 335 * DAY,
        "revoked_at": None,
        "started_at": START,
        "recorded_at": START,
        "ended_at": None,
        "end": AssociationEndReason.REMOVED,
        "certification": known(),
    }
    return Life(**values | changes)  # type: ignore[arg-type]
