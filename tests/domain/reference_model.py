"""A second, plain model of the programme's rules.

Nothing here uses the domain's rules: an association is a link in a list, and every question is a search through it.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from domain.providers.learning import CompletionRecord
from domain.rules.enums import CompletionKind
from tests.clock import START

DAY = timedelta(days=1)
COOL_OFF, YEAR, DELAY = 30 * DAY, 365 * DAY, 10 * DAY
NEVER = datetime.max.replace(tzinfo=UTC)
# In the catalog, but not or no longer for anybody who associates now.
INELIGIBLE_CODES = {"NONE-1", "MS-500"}


@dataclass(frozen=True)
class Account:
    """A learning account of the history."""

    provider: str
    profile_id: str


@dataclass
class Link:
    """One association of the history, and what the provider told when it started."""

    account: Account
    member: int
    organization: str
    started_at: datetime
    completions: list[CompletionRecord]
    ended_at: datetime | None = None
    reason: str | None = None
    # Until when a leaver's credits may count on: an association elsewhere, or of the person who came back, ends them.
    overtaken_at: datetime = NEVER

    def status(self, completion: CompletionRecord, at: datetime) -> str:
        """Return what a completion is for the organization at an instant not before the link (R10 to R12)."""
        ends = [end for end in (completion.expires_at, completion.revoked_at) if end is not None]
        if completion.certification in INELIGIBLE_CODES or any(end <= self.started_at for end in ends):
            return "INELIGIBLE"
        if min([*ends, self._end(completion)]) <= at:
            return "ENDED"
        return "COUNTING" if at >= self._counts_from(completion) else "PENDING"

    def _counts_from(self, completion: CompletionRecord) -> datetime:
        return max(self.started_at, completion.completed_at) + DELAY

    def _end(self, completion: CompletionRecord) -> datetime:
        """Return when the association's end ends a credit: at once, or for what a leaver had counting later (R8)."""
        if self.ended_at is None:
            return NEVER
        if self.reason != "MEMBER_REMOVED" or self._counts_from(completion) > self.ended_at:
            return self.ended_at
        return min(refresh(self.ended_at), self.overtaken_at)


@dataclass
class Programme:
    """All links so far, in the order in which they started."""

    links: list[Link] = field(default_factory=list)

    def active(self, member: int, provider: str) -> Link | None:
        """Return the link that a member has at a provider."""
        return next(
            (
                link
                for link in self.links
                if link.member == member and link.account.provider == provider and not link.ended_at
            ),
            None,
        )

    def related(self, member: int, account: Account) -> list[Link]:
        """Return the links that R6 counts: the account's, and the member's at the provider."""
        return [
            link
            for link in self.links
            if link.account == account or (link.member == member and link.account.provider == account.provider)
        ]

    def may_start(self, member: int, account: Account, at: datetime) -> bool:
        """Tell whether R6 lets a link start at an instant."""
        related = self.related(member, account)
        of_account = [link.started_at for link in related if link.account == account]
        of_member = [link.started_at for link in related if link.member == member]
        return all(
            all(at - start >= COOL_OFF for start in starts) and sum(at - start < YEAR for start in starts) < 3
            for starts in (of_account, of_member)
        )

    def first_start(self, member: int, account: Account, now: datetime) -> datetime:
        """Return the first instant from now on at which R6 lets a link start, by trying every one that could be it."""
        candidates = [now] + [link.started_at + wait for link in self.links for wait in (COOL_OFF, YEAR)]
        return min(at for at in candidates if at >= now and self.may_start(member, account, at))

    def start(self, member: int, organization: str, account: Account, now: datetime) -> None:
        """Start a link, and end the account's link elsewhere at the same instant (R5)."""
        for link in self.links:
            if link.account == account and not link.ended_at:
                link.ended_at, link.reason = now, "MOVED"
            elif link.account == account:
                end = now + DELAY if link.organization == organization else now
                link.overtaken_at = min(link.overtaken_at, end)
        self.links.append(Link(account, member, organization, now, transcript(account, now)))

    def leave(self, member: int, now: datetime) -> None:
        """End the links of a member who is removed (R8)."""
        for link in self.links:
            if link.member == member and not link.ended_at:
                link.ended_at, link.reason = now, "MEMBER_REMOVED"

    def boundaries(self) -> list[datetime]:
        """Return every instant at which something changes by itself."""
        waits = (COOL_OFF, YEAR, DELAY)
        return sorted(
            {link.started_at + wait for link in self.links for wait in waits}
            | {refresh(link.ended_at) for link in self.links if link.ended_at is not None}
            | {instant for _, *instants in COMPLETIONS for instant in instants if instant is not None}
        )


def refresh(left_at: datetime) -> datetime:
    """Return the beginning of the 10th of the following month."""
    first = left_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + 32 * DAY).replace(day=10)


# Certification, completed, expires, revoked.
COMPLETIONS: list[tuple[str, datetime, datetime | None, datetime | None]] = [
    ("AZ-104", START - 30 * DAY, START + 335 * DAY, None),
    ("AZ-305", START - 300 * DAY, START + 65 * DAY, None),
    ("DP-300", START - 400 * DAY, START - 35 * DAY, None),
    ("AI-102", datetime(2026, 6, 29, tzinfo=UTC), None, None),
    ("AZ-700", START + 15 * DAY, START + 380 * DAY, None),
    ("PL-300", START - 100 * DAY, START + 265 * DAY, START + 45 * DAY),
    ("NONE-1", START - 10 * DAY, None, None),
    ("MS-500", START - 10 * DAY, START + 355 * DAY, None),
]
RENEWED_AT = START + 60 * DAY


def transcript(account: Account, now: datetime) -> list[CompletionRecord]:
    """Return what a provider knows of an account at an instant: not what is still to come."""
    records = [
        CompletionRecord(
            completion_id=f"{account.profile_id}-{certification}",
            certification=certification,
            kind=CompletionKind.CERTIFICATION,
            completed_at=completed_at,
            expires_at=expires_at,
            revoked_at=revoked_at if revoked_at is not None and revoked_at <= now else None,
        )
        for certification, completed_at, expires_at, revoked_at in COMPLETIONS
        if completed_at <= now
    ]
    return [
        replace(record, expires_at=START + 430 * DAY)
        if record.certification == "AZ-305" and now >= RENEWED_AT
        else record
        for record in records
    ]
