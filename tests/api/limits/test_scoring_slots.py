"""The turns that scorings take, with real threads."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest

from api.limits.scoring_slots import SCORINGS_AT_ONCE, ScoringSlots


@pytest.fixture
async def slots() -> ScoringSlots:
    return ScoringSlots()


class Work:
    """Pieces of work that count how many of them are at work at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work: Counter[int] = Counter()
        self.begun: list[int] = []
        self.most_of_one = 0
        self.most = 0

    def of(self, organization_id: int) -> Callable[[], int]:
        """Return a piece of an organization's work."""

        def work() -> int:
            with self._lock:
                self.begun.append(organization_id)
                self._at_work[organization_id] += 1
                self.most_of_one = max(self.most_of_one, *self._at_work.values())
                self.most = max(self.most, self._at_work.total())
            time.sleep(0.003)
            with self._lock:
                self._at_work[organization_id] -= 1
            return organization_id

        return work


async def do(slots: ScoringSlots, organization_id: int, work: Callable[[], object], *, pieces: int = 1) -> None:
    async with slots.turn(organization_id) as turn:
        for _ in range(pieces):
            await turn.run(work)


async def turns_of_the_loop(number: int = 20) -> None:
    for _ in range(number):
        await asyncio.sleep(0.001)


async def test_one_of_an_organization_and_two_in_all_are_at_work_and_everybody_finishes(slots: ScoringSlots) -> None:
    work = Work()

    await asyncio.gather(*(do(slots, number // 6, work.of(number // 6), pieces=2) for number in range(24)))

    assert len(work.begun) == 48
    assert (work.most_of_one, work.most) == (1, SCORINGS_AT_ONCE)
    assert len(slots) == 0


async def test_an_organization_with_many_waiting_operations_does_not_keep_others_waiting(slots: ScoringSlots) -> None:
    work = Work()
    many = [asyncio.create_task(do(slots, 1, work.of(1), pieces=5)) for _ in range(10)]
    await asyncio.sleep(0)

    await asyncio.gather(*(do(slots, number, work.of(number)) for number in (2, 3, 4)))
    begun = list(work.begun)
    await asyncio.gather(*many)

    assert {2, 3, 4} <= set(begun)
    # Of the two slots each piece of the one organization takes no more than every second.
    assert begun.count(1) <= 5
    assert work.begun.count(1) == 50


async def test_what_is_canceled_while_it_waits_leaves_the_queue_and_releases_nothing(slots: ScoringSlots) -> None:
    done = threading.Event()
    working = [asyncio.create_task(do(slots, number, done.wait)) for number in (1, 2)]
    await turns_of_the_loop()
    for_turn = asyncio.create_task(do(slots, 1, done.wait))
    for_slot = asyncio.create_task(do(slots, 3, done.wait))
    await turns_of_the_loop()
    for task in (for_turn, for_slot):
        task.cancel()
    await asyncio.wait({for_turn, for_slot})

    work = Work()
    later = [asyncio.create_task(do(slots, number, work.of(number))) for number in (1, 3)]
    await turns_of_the_loop()
    waiting = list(work.begun)
    done.set()
    await asyncio.gather(*working, *later)

    assert (for_turn.cancelled(), for_slot.cancelled()) == (True, True)
    assert waiting == []
    assert sorted(work.begun) == [1, 3]
    assert len(slots) == 0


async def test_a_slot_is_held_until_the_thread_is_done_whoever_has_gone(slots: ScoringSlots) -> None:
    done = threading.Event()
    gone = [asyncio.create_task(do(slots, number, done.wait)) for number in (1, 2)]
    await turns_of_the_loop()
    for task in gone:
        task.cancel()
    await asyncio.wait(gone)

    work = Work()
    next_ones = [asyncio.create_task(do(slots, number, work.of(number))) for number in (1, 3)]
    await turns_of_the_loop()
    meanwhile = list(work.begun)
    done.set()
    await asyncio.gather(*next_ones)

    assert meanwhile == []
    assert sorted(work.begun) == [1, 3]
    assert len(slots) == 0


async def test_a_fault_releases_everything(slots: ScoringSlots) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            await do(slots, 1, fail)
    gone = asyncio.create_task(do(slots, 1, fail))
    await asyncio.sleep(0)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone

    work = Work()
    await asyncio.gather(*(do(slots, number, work.of(number)) for number in (1, 2, 3)))

    assert sorted(work.begun) == [1, 2, 3]
    assert len(slots) == 0
