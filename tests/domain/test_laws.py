"""Does everything hold after any sequence of what several people do at any times?

The machine runs in a thread with a loop, a database and a pool of its own for each example: Hypothesis is synchronous.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from typing_extensions import override

from domain.rules.words import LearningProvider
from tests.clock import START
from tests.domain.programme import DAY, Account, Programme

MICROSECOND = timedelta(microseconds=1)
ACCOUNTS = [
    Account("MICROSOFT_LEARN", "991204737"),
    Account("MICROSOFT_LEARN", "991204738"),
    Account("MICROSOFT_LEARN", "991204739"),
    Account("PARTNER_UNIVERSITY", "991204737"),
]
# Members by the organization of each, and whether they are still to come in.
MEMBERS = [("Contoso", False), ("Contoso", True), ("Fabrikam", False), ("Fabrikam", False), ("Northwind", True)]
INVITED = [number for number, (_, is_invited) in enumerate(MEMBERS) if is_invited]
LISTED = """SELECT a.id, l.provider, l.profile_id, a.member_id, a.started_at, a.ended_at, a.end_reason,
    (SELECT array_agg((p.completion_id, c.counts_from, c.counts_until, c.ineligible_reason) ORDER BY p.completion_id)
     FROM credit c JOIN completion p ON p.id = c.completion_id WHERE c.association_id = a.id) AS credits
    FROM association a JOIN learning_account l ON l.id = a.learning_account_id ORDER BY a.started_at, a.id"""
EVENTS = """SELECT p.completion_id, a.started_at, c.counts_from, c.counts_until, c.ineligible_reason,
    array_agg(e.kind ORDER BY e.kind) FILTER (WHERE e.kind IS NOT NULL) AS events
    FROM credit c JOIN association a ON a.id = c.association_id JOIN completion p ON p.id = c.completion_id
    LEFT JOIN credit_event e ON e.credit_id = c.id GROUP BY c.id, a.started_at, p.completion_id"""

members = st.sampled_from(range(len(MEMBERS)))
accounts = st.sampled_from(ACCOUNTS)


class Undone(Exception):
    """What was tried is taken back."""


class People(RuleBasedStateMachine):
    """Several people of three organizations, with four learning accounts."""

    address: ClassVar[str]
    numbers: ClassVar[Any] = count(1)

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.programme = Programme()
        self.runner = asyncio.Runner()
        self.rooms = AsyncExitStack()

    @initialize()
    def arrive(self) -> None:
        self.runner.run(self._arrive())

    @override
    def teardown(self) -> None:
        self.runner.run(self.rooms.aclose())
        self.runner.close()

    @rule(days=st.sampled_from([0, 1, 9, 10, 29, 30, 31, 90, 364, 365]), seconds=st.integers(0, 3600))
    def wait(self, days: int, seconds: int) -> None:
        self.now += days * DAY + timedelta(seconds=seconds)

    @rule(number=st.integers(0, 11), nudge=st.sampled_from([-1, 0, 0, 1]))
    def wait_for_a_boundary(self, number: int, nudge: int) -> None:
        ahead = [instant for instant in self.programme.boundaries() if instant - MICROSECOND > self.now]
        if ahead:
            self.now = ahead[number % len(ahead)] + nudge * MICROSECOND

    @rule(number=members, account=accounts)
    def associate(self, number: int, account: Account) -> None:
        self.runner.run(self._associate(number, account))

    @rule(number=members, account=accounts)
    def associate_as_soon_as_allowed(self, number: int, account: Account) -> None:
        if number not in self.invited and self.programme.active(number, account.provider) is None:
            self.now = self.programme.first_start(number, account, self.now)
            self.runner.run(self._associate(number, account))

    @rule(number=members, provider=st.sampled_from(LearningProvider))
    def remove(self, number: int, provider: LearningProvider) -> None:
        self.runner.run(self._remove(number, provider))

    @precondition(lambda self: self.programme.links)
    @rule(data=st.data())
    def remove_what_is_ended_or_another_ones(self, data: st.DataObject) -> None:
        self.runner.run(self._remove_in_vain(data.draw(members), data.draw(st.integers(0, 99))))

    @rule(number=st.sampled_from(INVITED), subject=st.sampled_from(["one", "other"]), is_verified=st.booleans())
    def sign_in(self, number: int, subject: str, is_verified: bool) -> None:
        self.runner.run(self._sign_in(number, subject, is_verified=is_verified))

    @rule()
    def propagate(self) -> None:
        self.runner.run(self._propagate())

    @rule(number=members, account=accounts)
    def ask_when_the_next_association_may_start(self, number: int, account: Account) -> None:
        if number not in self.invited and self.programme.active(number, account.provider) is None:
            self.runner.run(self._check_allowance(number, account))

    @invariant()
    def the_database_says_what_the_rules_say(self) -> None:
        if hasattr(self, "ids"):
            self.runner.run(self._check())
