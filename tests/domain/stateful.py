"""A Hypothesis state machine over the database and the reference model."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

import pytest

from domain.database.pool import connection
from domain.database.transaction import transaction
from domain.errors import NotFound, Refusal
from domain.models import Association, LearningAccount, Member, Organization
from domain.operations.associations import associate, remove_association
from domain.operations.credits import propagate_credits
from domain.operations.members import remove_member
from domain.queries.associations import allowance
from domain.queries.invariants import violations
from domain.rules.administration import Operator
from domain.rules.association_limits import AssociationAllowance
from domain.rules.credit_interval import credit_status
from domain.rules.enums import LearningProvider, MemberStatus
from domain.rules.identity import AddressNotVerified
from domain.rules.policy import Policy
from tests.clock import START
from tests.domain.assert_unchanged import leaving_no_trace
from tests.domain.reference_model import COOL_OFF, DAY, NEVER, YEAR, Account, Link, Programme, transcript
from tests.factories import (
    issuer_of,
    make_attempt,
    make_member,
    make_organization,
    sign_in_at,
    subject_of,
    viewer_of,
)

MICROSECOND = timedelta(microseconds=1)
ACCOUNTS = [
    Account("MICROSOFT_LEARN", "991204737"),
    Account("MICROSOFT_LEARN", "991204738"),
    Account("PARTNER_UNIVERSITY", "991204737"),
]
# The organization of each member, and whether they are still to come in.
MEMBERS = [("Contoso", False), ("Fabrikam", False), ("Fabrikam", False), ("Northwind", True)]
INVITED = 3
ASSOCIATIONS = """SELECT a.id, a.organization_id, a.member_id, l.provider, l.profile_id, a.started_at, a.ended_at,
        a.end_reason
    FROM association a JOIN learning_account l ON l.id = a.learning_account_id ORDER BY a.id"""
CREDITS = """SELECT c.association_id, c.completion_id, p.completion_id AS name, c.counts_from, c.counts_until,
        c.ineligible_reason,
        ARRAY(SELECT e.kind::text FROM credit_event e WHERE e.credit_id = c.id ORDER BY e.at, e.id) AS events
    FROM credit c JOIN completion p ON p.id = c.completion_id"""
EVENTS_OF_STATUS = {"INELIGIBLE": [], "PENDING": [], "COUNTING": ["COUNTED"], "ENDED": ["COUNTED", "ENDED"]}


class Undone(Exception):
    """What was tried is taken back."""


@dataclass(frozen=True)
class Prelude:
    """What happens before a mutation_call: time passes, the invited member signs in, and credits are propagated."""

    wait: timedelta | tuple[int, int]
    signs_in: bool | None
    propagates: bool


class History:
    """The people, the instant, and what must have come of it so far."""

    def __init__(self) -> None:
        self.now = START
        self.programme = Programme()
        self.members: list[Member] = []
        # Who leaves comes back as another member of the same organization.
        self.present: list[int] = list(range(len(MEMBERS)))

    async def begin(self) -> None:
        """Write the organizations and their people."""
        organizations = {name: await make_organization(name) for name in dict.fromkeys(name for name, _ in MEMBERS)}
        for number, (name, is_invited) in enumerate(MEMBERS):
            waiting: dict[str, Any] = {"status": MemberStatus.INVITED, "subject": None, "activated_at": None}
            email = f"person{number}@{organizations[name].domain}"
            self.members.append(
                await make_member(organizations[name], work_email=email, **(waiting if is_invited else {}))
            )

    async def go_on(self, prelude: Prelude) -> None:
        """Let pass what happens before the next mutation_call."""
        if isinstance(prelude.wait, timedelta):
            self.now += prelude.wait
        elif ahead := [instant for instant in self.programme.boundaries() if instant - MICROSECOND > self.now]:
            number, nudge = prelude.wait
            self.now = ahead[number % len(ahead)] + nudge * MICROSECOND
        if prelude.signs_in is not None:
            await self.sign_in(is_verified=prelude.signs_in)
        if prelude.propagates:
            await self.propagate()

    async def associate(self, number: int, account: Account) -> None:
        """Let a member try to associate an account; it succeeds or is refused exactly as the rules say."""
        member, now = self.members[number], self.now
        expected = self._expected_refusal(number, account)
        attempt = await make_attempt(member, provider=LearningProvider(account.provider))
        if expected is None:
            await self._associate(attempt.id, account, now)
            self.programme.start(number, self.organization_of(number), account, now)
            return
        async with leaving_no_trace():
            with pytest.raises(Refusal) as refused:
                await self._associate(attempt.id, account, now)
        assert (refused.value.code, getattr(refused.value, "next_available_at", None)) == expected

    async def remove(self, number: int, provider: LearningProvider) -> None:
        """Let a member remove the association that they have at a provider, if any."""
        link = self.programme.active(number, provider)
        if link is not None:
            await self.remove_link(link, number)

    async def remove_link(self, link: Link, number: int) -> None:
        """Let a member try to remove an association: it must be their own and active."""
        row = (await Association.all().order_by("id"))[self.programme.links.index(link)]
        viewer = viewer_of(self.members[number])
        if link.member == number and link.ended_at is None:
            removed = await remove_association(viewer=viewer, association_id=row.id, now=self.now, policy=Policy())
            link.ended_at, link.reason = self.now, "REMOVED"
            assert removed.next_available_at == self.programme.first_start(link.member, link.account, self.now)
            return
        async with leaving_no_trace():
            with pytest.raises(NotFound):
                await remove_association(viewer=viewer, association_id=row.id, now=self.now, policy=Policy())

    async def leave(self, place: int) -> None:
        """Let the operator remove who is at a place, and let somebody with the same address come in their stead."""
        number = self.present[place]
        member = self.members[number]
        await remove_member(by=Operator(organization_id=member.organization_id), member_id=member.id, now=self.now)
        self.programme.leave(number, self.now)
        organization = await Organization.get(id=member.organization_id)
        self.present[place] = len(self.members)
        self.members.append(
            await make_member(organization, work_email=member.work_email, subject=await subject_of(member))
        )

    def organization_of(self, number: int) -> str:
        """Return the organization of a member, present or gone, by its mail domain."""
        return self.members[number].work_email.rpartition("@")[2]

    async def sign_in(self, *, is_verified: bool) -> None:
        """Let the invited member sign in, again and again."""
        member = self.members[INVITED]
        issuer = await issuer_of(await Organization.get(id=member.organization_id))
        if member.status is MemberStatus.INVITED and not is_verified:
            async with leaving_no_trace():
                with pytest.raises(AddressNotVerified):
                    await sign_in_at(issuer, email=member.work_email, verified=False, now=self.now)
            return

        viewer = await sign_in_at(issuer, email=member.work_email, verified=is_verified, now=self.now)

        await member.refresh_from_db()
        assert member.status is MemberStatus.ACTIVE
        assert viewer == viewer_of(member)

    async def propagate(self) -> None:
        """Let what is due take effect: then the events are what the statuses say, each once."""
        await propagate_credits(now=self.now)
        for row in await fetch(CREDITS):
            status = credit_status(
                counts_from=row["counts_from"],
                counts_until=row["counts_until"],
                ineligible_reason=row["ineligible_reason"],
                at=self.now,
            )
            cancelled = row["counts_from"] is not None and row["counts_from"] == row["counts_until"]
            expected = [EVENTS_OF_STATUS[status]]
            if cancelled and status == "ENDED":
                # Unless it was ended at the very instant at which it had begun to count.
                expected.append(["ENDED"])
            assert row["events"] in expected

    async def try_allowance(self, number: int, account: Account) -> None:
        """Try the instant that the allowance shows: it succeeds, and one microsecond earlier it is refused."""
        member = self.members[number]
        if member.status is not MemberStatus.ACTIVE or self.programme.active(number, account.provider):
            return
        shown = (await self._allowance(number, account)).next_available_at
        assert shown == self.programme.first_start(number, account, self.now)
        attempt = await make_attempt(member, provider=LearningProvider(account.provider))
        if shown > self.now:
            with pytest.raises(Refusal) as refused:
                await self._associate(attempt.id, account, shown - MICROSECOND)
            assert getattr(refused.value, "next_available_at", None) == shown
        async with leaving_no_trace():
            with pytest.raises(Undone):
                async with transaction():
                    await self._associate(attempt.id, account, shown)
                    raise Undone

    async def check(self) -> None:
        """Compare the database with the rules: who is linked, since when, until when, and what counts."""
        rows = await fetch(ASSOCIATIONS)
        assert [
            (
                row["member_id"],
                row["provider"],
                row["profile_id"],
                row["started_at"],
                row["ended_at"],
                row["end_reason"],
            )
            for row in rows
        ] == [
            (
                self.members[link.member].id,
                link.account.provider,
                link.account.profile_id,
                link.started_at,
                link.ended_at,
                link.reason,
            )
            for link in self.programme.links
        ]
        check_limits(rows)
        await self._check_credits({row["id"]: number for number, row in enumerate(rows)})
        assert await violations() == []

    async def _check_credits(self, numbers: dict[int, int]) -> None:
        credits = await fetch(CREDITS)
        found = {
            (numbers[row["association_id"]], row["name"], at): credit_status(
                counts_from=row["counts_from"],
                counts_until=row["counts_until"],
                ineligible_reason=row["ineligible_reason"],
                at=at,
            )
            for row in credits
            for at in self._instants()
            if at >= self.programme.links[numbers[row["association_id"]]].started_at
        }
        expected = {
            (number, completion.completion_id, at): link.status(completion, at)
            for number, link in enumerate(self.programme.links)
            for completion in link.completions
            for at in self._instants()
            if at >= link.started_at
        }
        assert found == expected
        for one, other in combinations(credits, 2):
            if one["completion_id"] == other["completion_id"]:
                assert not overlap(one["counts_from"], one["counts_until"], other["counts_from"], other["counts_until"])

    def _instants(self) -> list[datetime]:
        return [self.now - 20 * DAY, self.now - MICROSECOND, self.now, self.now + 10 * DAY, self.now + YEAR]

    def _expected_refusal(self, number: int, account: Account) -> tuple[str, datetime | None] | None:
        if self.members[number].status is not MemberStatus.ACTIVE:
            return ("NOT_FOUND", None)
        if self.programme.active(number, account.provider):
            return ("ALREADY_ASSOCIATED", None)
        available_at = self.programme.first_start(number, account, self.now)
        if available_at == self.now:
            return None
        latest = max(link.started_at for link in self.programme.related(number, account))
        is_cool_off = latest + COOL_OFF == available_at
        return ("COOL_OFF_ACTIVE" if is_cool_off else "YEARLY_LIMIT_REACHED", available_at)

    async def _associate(self, attempt_id: int, account: Account, now: datetime) -> None:
        await associate(
            attempt_id=attempt_id,
            profile_id=account.profile_id,
            completions=transcript(account, now),
            now=now,
            policy=Policy(),
        )

    async def _allowance(self, number: int, account: Account) -> AssociationAllowance:
        row = await LearningAccount.get_or_none(provider=account.provider, profile_id=account.profile_id)
        return await allowance(
            self.members[number].id,
            LearningProvider(account.provider),
            now=self.now,
            policy=Policy(),
            # An account that nobody associated has no history, as no account has the number zero.
            account_id=row.id if row else 0,
        )


async def fetch(sql: str) -> list[dict[str, Any]]:
    """Return rows by their columns."""
    async with connection() as current:
        return [dict(row) for row in await current.fetch(sql)]


def check_limits(rows: list[dict[str, Any]]) -> None:
    """R3, R4 and R6 for each pair and each three and a fourth, from the rows alone."""
    for names in (("provider", "profile_id"), ("provider", "member_id")):
        groups: dict[object, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            groups[tuple(row[name] for name in names)].append(row)
        for group in groups.values():
            starts = sorted(row["started_at"] for row in group)
            assert all(later - earlier >= COOL_OFF for earlier, later in pairwise(starts))
            assert all(fourth - first >= YEAR for first, fourth in zip(starts, starts[3:], strict=False))
            for one, other in combinations(group, 2):
                assert not overlap(one["started_at"], one["ended_at"], other["started_at"], other["ended_at"])


def overlap(
    start: datetime | None, end: datetime | None, other_start: datetime | None, other_end: datetime | None
) -> bool:
    """Tell whether two intervals share an instant; what never begins is empty, and what has no end is open."""
    if start is None or other_start is None:
        return False
    return max(start, other_start) < min(end or NEVER, other_end or NEVER)
