"""The programme's rules said a second time, as plainly as they can be, to compare the database with.

Nothing here uses the domain's rules: an association is a link in a list, and every question is a search through it.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from domain.providers.learning import CompletionRecord
from domain.rules.words import CompletionKind
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
    started_at: datetime
    completions: list[CompletionRecord]
    ended_at: datetime | None = None
    reason: str | None = None

    def status(self, completion: CompletionRecord, at: datetime) -> str:
        """Return what a completion is for the organization at an instant not before the link (R10 to R12)."""
        ends = [end for end in (completion.expires_at, completion.revoked_at) if end is not None]
        if completion.certification in INELIGIBLE_CODES or any(end <= self.started_at for end in ends):
            return "INELIGIBLE"
        if min([*ends, self.ended_at or NEVER]) <= at:
            return "ENDED"
        return "COUNTING" if at >= self.started_at + DELAY and at >= completion.completed_at + DELAY else "PENDING"


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

    def start(self, member: int, account: Account, now: datetime) -> None:
        """Start a link, and end the account's link elsewhere at the same instant (R5)."""
        for link in self.links:
            if link.account == account and not link.ended_at:
                link.ended_at, link.reason = now, "MOVED"
        self.links.append(Link(account, member, now, transcript(account, now)))

    def boundaries(self) -> list[datetime]:
        """Return every instant at which something changes by itself."""
        waits = (COOL_OFF, YEAR, DELAY)
        return sorted(
            {link.started_at + wait for link in self.links for wait in waits}
            | {instant for _, *instants in COMPLETIONS for instant in instants if instant is not None}
        )


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
