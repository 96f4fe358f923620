"""For how long is a provider that fails left alone?"""

from datetime import timedelta

from domain.rules.enums import LearningProvider
from workers.circuit_breaker import FIRST_SECONDS, LAST_SECONDS, MOST_SECONDS, Pauses

LEARN, UNIVERSITY = LearningProvider.MICROSOFT_LEARN, LearningProvider.PARTNER_UNIVERSITY


def test_each_pause_is_twice_as_long_as_the_one_before_and_the_other_provider_has_none() -> None:
    pauses, now, lengths = Pauses(), 1000.0, []

    for _ in range(9):
        pauses.fails(LEARN, now_seconds=now, retry_after=None)
        assert pauses.is_paused(LEARN, now_seconds=now)
        assert not pauses.is_paused(UNIVERSITY, now_seconds=now)
        length = next(seconds for seconds in range(1, 10_000) if not pauses.is_paused(LEARN, now_seconds=now + seconds))
        lengths.append(length)
        now += length

    assert lengths[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert lengths[-1] == LAST_SECONDS


def test_a_provider_gets_the_patience_that_it_asks_for_up_to_an_hour() -> None:
    pauses = Pauses()

    pauses.fails(LEARN, now_seconds=0, retry_after=timedelta(seconds=60))
    pauses.fails(UNIVERSITY, now_seconds=0, retry_after=timedelta(days=1))

    assert pauses.is_paused(LEARN, now_seconds=59.9)
    assert not pauses.is_paused(LEARN, now_seconds=60)
    assert not pauses.is_paused(UNIVERSITY, now_seconds=MOST_SECONDS)


def test_an_answer_ends_the_pause_and_its_growing() -> None:
    pauses = Pauses()
    pauses.fails(LEARN, now_seconds=0, retry_after=None)
    pauses.fails(LEARN, now_seconds=0, retry_after=None)

    pauses.answers(LEARN)
    assert not pauses.is_paused(LEARN, now_seconds=0)
    pauses.fails(LEARN, now_seconds=0, retry_after=None)

    assert not pauses.is_paused(LEARN, now_seconds=FIRST_SECONDS)
