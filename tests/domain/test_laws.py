"""Laws over random histories in the real database.

Hypothesis is synchronous, so the machine runs in a thread, with a loop, a database and a pool of its own for each
example. ``HYPOTHESIS_PROFILE=thorough`` tries many more and longer histories.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from enum import Enum, auto
from itertools import count
from typing import ClassVar

import asyncpg
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from typing_extensions import override

from domain.database.pool import connection_arguments, open_database
from domain.rules.enums import LearningProvider
from local.engines import Engines
from tests.domain.reference_model import DAY, Account
from tests.domain.stateful import ACCOUNTS, INVITED, MEMBERS, MICROSECOND, History, Prelude

HISTORIES = {"quick": 20, "thorough": 250}


class Moment(Enum):
    """When somebody comes to associate."""

    ANY = auto()
    TOO_EARLY = auto()
    AS_SOON_AS_ALLOWED = auto()


waits = st.one_of(
    st.just(timedelta(0)),
    st.timedeltas(timedelta(0), 60 * DAY),
    # The number of a boundary ahead, and microseconds before or after it.
    st.tuples(st.integers(0, 11), st.integers(-1, 1)),
)
# Whether the issuer verified the address of the member who signs in.
sign_ins = st.sampled_from([None, None, True, False])
flags = st.booleans()
preludes = st.builds(Prelude, wait=waits, signs_in=sign_ins, propagates=flags)
moments = st.sampled_from(Moment)
members = st.sampled_from(range(len(MEMBERS)))
accounts = st.sampled_from(ACCOUNTS)


class People(RuleBasedStateMachine):
    """Several people of three organizations, with four learning accounts; refusals are part of the history."""

    address: ClassVar[str]
    template: ClassVar[str]
    numbers: ClassVar["count[int]"] = count(1)

    def __init__(self) -> None:
        super().__init__()
        self.history = History()
        self.runner = asyncio.Runner()
        self.rooms = AsyncExitStack()

    @initialize()
    def begin(self) -> None:
        self.runner.run(self._begin())

    @override
    def teardown(self) -> None:
        self.runner.run(self.rooms.aclose())
        self.runner.close()

    @rule(prelude=preludes, place=members, account=accounts, moment=moments, is_free=flags, asks_first=flags)
    def associate(
        self, prelude: Prelude, place: int, account: Account, moment: Moment, is_free: bool, asks_first: bool
    ) -> None:
        """By chance people would seldom come at the right instant, or without an account."""
        number = self.history.present[place]
        self.runner.run(self.history.go_on(prelude))
        if is_free:
            self.runner.run(self.history.remove(number, LearningProvider(account.provider)))
        if moment is not Moment.ANY:
            first = self.history.programme.first_start(number, account, self.history.now)
            self.history.now = max(self.history.now, first - (moment is Moment.TOO_EARLY) * MICROSECOND)
        if asks_first:
            self.runner.run(self.history.try_allowance(number, account))
        self.runner.run(self.history.associate(number, account))

    @rule(prelude=preludes, link_number=st.integers(0, 11), is_own=flags)
    def remove(self, prelude: Prelude, link_number: int, is_own: bool) -> None:
        self.runner.run(self.history.go_on(prelude))
        if self.history.programme.links:
            link = self.history.programme.links[link_number % len(self.history.programme.links)]
            number = link.member if is_own else (link.member + 1) % len(self.history.members)
            self.runner.run(self.history.remove_link(link, number))

    @rule(prelude=preludes, place=members.filter(lambda place: place != INVITED))
    def leave(self, prelude: Prelude, place: int) -> None:
        self.runner.run(self.history.go_on(prelude))
        self.runner.run(self.history.leave(place))

    @invariant()
    def the_database_says_what_the_rules_say(self) -> None:
        self.runner.run(self.history.check())

    async def _begin(self) -> None:
        """Copy the migrated database and open it."""
        arguments = connection_arguments(self.address)
        maker = await asyncpg.connect(**arguments)
        self.rooms.push_async_callback(maker.close)
        name = f"history_{next(self.numbers)}"
        await maker.execute(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        self.rooms.push_async_callback(maker.execute, f"DROP DATABASE {name} WITH (FORCE)")
        address = self.address.replace(f"/{arguments['database']}?", f"/{name}?")
        await self.rooms.enter_async_context(open_database(address, pool_size=2))
        await self.history.begin()


async def test_all_rules_hold_after_any_history(engines: Engines, template_database: str) -> None:
    """R3 to R8, R10 to R12, and that a refusal leaves no trace."""
    People.address, People.template = engines.database_url, template_database
    profile = settings.get_current_profile_name()
    bound = settings(settings.get_profile(profile), max_examples=HISTORIES[profile])

    await asyncio.to_thread(run_state_machine_as_test, People, settings=bound)
