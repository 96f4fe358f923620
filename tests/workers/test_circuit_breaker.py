"""The circuit breaker of a failing provider."""

from datetime import timedelta

from domain.rules.enums import LearningProvider
from workers.circuit_breaker import FIRST_SECONDS, LAST_SECONDS, MOST_SECONDS, CircuitBreaker

LEARN, UNIVERSITY = LearningProvider.MICROSOFT_LEARN, LearningProvider.PARTNER_UNIVERSITY


def test_each_pause_is_twice_as_long_as_the_one_before_and_the_other_provider_has_none() -> None:
    circuit_breaker, now, lengths = CircuitBreaker[LearningProvider](), 1000.0, []

    for _ in range(9):
        circuit_breaker.record_failure(LEARN, now_seconds=now, retry_after=None)
        assert circuit_breaker.is_open(LEARN, now_seconds=now)
        assert not circuit_breaker.is_open(UNIVERSITY, now_seconds=now)
        assert circuit_breaker.all_open(now_seconds=now) == [LEARN]
        length = next(
            seconds for seconds in range(1, 10_000) if not circuit_breaker.is_open(LEARN, now_seconds=now + seconds)
        )
        lengths.append(length)
        now += length

    assert lengths[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert lengths[-1] == LAST_SECONDS


def test_a_provider_gets_the_patience_that_it_asks_for_up_to_an_hour() -> None:
    circuit_breaker = CircuitBreaker[LearningProvider]()

    circuit_breaker.record_failure(LEARN, now_seconds=0, retry_after=timedelta(seconds=60))
    circuit_breaker.record_failure(UNIVERSITY, now_seconds=0, retry_after=timedelta(days=1))

    assert circuit_breaker.is_open(LEARN, now_seconds=59.9)
    assert not circuit_breaker.is_open(LEARN, now_seconds=60)
    assert not circuit_breaker.is_open(UNIVERSITY, now_seconds=MOST_SECONDS)


def test_an_answer_ends_the_pause_and_its_growing() -> None:
    circuit_breaker = CircuitBreaker[LearningProvider]()
    circuit_breaker.record_failure(LEARN, now_seconds=0, retry_after=None)
    circuit_breaker.record_failure(LEARN, now_seconds=0, retry_after=None)

    circuit_breaker.record_success(LEARN)
    assert not circuit_breaker.is_open(LEARN, now_seconds=0)
    circuit_breaker.record_failure(LEARN, now_seconds=0, retry_after=None)

    assert not circuit_breaker.is_open(LEARN, now_seconds=FIRST_SECONDS)
