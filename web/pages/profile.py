"""The profile page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.runtime import runtime_of
from domain.rules.enums import LearningProvider
from domain.rules.visibility import MemberViewer
from web.caller import signed_in_viewer
from web.date_filters import parsed
from web.documents import ask
from web.forms import read_query
from web.rendering import page
from web.security import association_targets

# What keeps a transcript from being read every night, in words for its person.
PROBLEMS = {
    "SIGN_IN_AGAIN": "We can no longer read your transcript: new certifications and renewals stay unknown until you "
    "sign in there again. What counts goes on, and this starts no cool-off.",
    "PROVIDER_UNAVAILABLE": "Your transcript could not be read lately. We keep trying.",
    "NO_PERMISSION": "Your transcript is read only when you sign in there.",
}


async def show_profile(request: Request) -> Response:
    """Show the profile of who is signed in."""
    return await profile_page(request, await signed_in_viewer(request))


async def profile_page(
    request: Request, viewer: MemberViewer, *, refusal: Mapping[str, Any] | None = None, status: int = 200
) -> Response:
    """Render a member's own profile, with what an attempt to associate was just told."""
    runtime = runtime_of(request)
    after = read_query(request, "after")
    data = await ask(request, "profile", viewer=viewer, after=after)
    now = runtime.clock()
    member, policy = data["viewer"]["member"], data["policy"]
    credits = credits_on_page(member["credits"]["nodes"], policy, now=now)
    return page(
        request,
        "profile.html",
        problems=PROBLEMS,
        status=status,
        form_targets=association_targets(runtime.settings),
        viewer=data["viewer"],
        policy=policy,
        accounts=accounts_on_page(member, policy, now=now),
        credits=credits,
        counts=in_words(credits, total=member["credits"]["totalCount"]),
        more=member["credits"]["pageInfo"]["endCursor"] if member["credits"]["pageInfo"]["hasNextPage"] else None,
        refusal=refusal,
    )


@dataclass(frozen=True, kw_only=True)
class AccountOnPage:
    """A member's account at a provider: linked or not, and what the limits say (R6)."""

    provider: LearningProvider
    association: Mapping[str, Any] | None
    allowance: Mapping[str, Any]
    waits: bool
    held: list[Mapping[str, Any]]
    cool_off_day: int | None
    icon: str
    id_name: str
    verb: str
    object: str
    invitation: str

    @property
    def title(self) -> str:
        """Return the provider's name."""
        return self.provider.display_name


_WORDS = {
    LearningProvider.MICROSOFT_LEARN: {
        "icon": "cap",
        "id_name": "MCID",
        "verb": "Associate",
        "object": "Microsoft Learn",
        "invitation": "Sign in with the personal account that holds your certification profile.",
    },
    LearningProvider.PARTNER_UNIVERSITY: {
        "icon": "school",
        "id_name": "Learner id",
        "verb": "Get access",
        "object": "to Partner University",
        "invitation": "Sign in with your personal account, or create one. Courses you finish there count as well.",
    },
}


def accounts_on_page(member: Mapping[str, Any], policy: Mapping[str, Any], *, now: datetime) -> list[AccountOnPage]:
    """Return the account at each provider at an instant."""
    linked = {each["learningAccount"]["provider"]: each for each in member["associations"]["nodes"]}
    allowances = {
        LearningProvider.MICROSOFT_LEARN: member["microsoftLearn"],
        LearningProvider.PARTNER_UNIVERSITY: member["partnerUniversity"],
    }
    return [
        AccountOnPage(
            provider=provider,
            association=linked.get(provider),
            allowance=allowance,
            waits=parsed(allowance["nextAvailableAt"]) > now,
            held=held_accounts(allowance),
            cool_off_day=_cool_off_day(allowance["coolOffEndsAt"], policy["coolOffDays"], now=now),
            **_WORDS[provider],
        )
        for provider, allowance in allowances.items()
    ]


def held_accounts(allowance: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return those accounts that the member knows and that have a later date than the member's own."""
    own = parsed(allowance["nextAvailableAt"])
    return [account for account in allowance["knownAccounts"] if parsed(account["nextAvailableAt"]) > own]


def _cool_off_day(ends_at: str | None, days: int, *, now: datetime) -> int | None:
    """Return which day of the cool-off it is, or nothing where none is running."""
    if ends_at is None or parsed(ends_at) <= now:
        return None
    return min(days, max(0, (now - (parsed(ends_at) - timedelta(days=days))).days))


ENDING_SOON = timedelta(days=60)
# What will count and what counts come first.
_ORDER = ("PENDING", "SOON", "LEAVING", "COUNTING", "INELIGIBLE", "ENDED")
_COUNTED = (("COUNTING", "counting"), ("PENDING", "on the way"), ("INELIGIBLE", "not counted"), ("ENDED", "ended"))


def credits_on_page(
    credits: Sequence[Mapping[str, Any]], policy: Mapping[str, Any], *, now: datetime
) -> list[dict[str, Any]]:
    """Return credits in the order in which people look for them, with what is drawn of each at an instant."""
    shown = [{**credit, **validity(credit, now=now), "way": None} for credit in credits]
    shown.sort(key=lambda credit: _ORDER.index(credit["shown_as"]))
    drawn: set[str] = set()
    for credit in shown:
        # Those that are due together are on the same way: it is drawn for the first of them.
        if credit["status"] == "PENDING" and credit["countsFrom"] not in drawn:
            drawn.add(credit["countsFrom"])
            credit["way"] = _way(credit, policy["creditDelayDays"], now=now)
    return shown


def in_words(credits: Sequence[Mapping[str, Any]], *, total: int) -> str:
    """Return how many credits are in which state, or only how many there are where this is a part of them."""
    if len(credits) < total:
        return f"{total} in all"
    counts = [(sum(credit["status"] == status for credit in credits), words) for status, words in _COUNTED]
    return ", ".join(f"{count} {words}" for count, words in counts if count)


def validity(credit: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Return until when what was earned is valid, and as what the credit is shown at an instant."""
    until = credit["countsUntil"] if credit["status"] == "COUNTING" else None
    is_soon = until is not None and parsed(until) <= now + ENDING_SOON
    # Nobody can prolong a leaver's credit by renewing: it ends with the refresh date (R8).
    is_leaving = until is not None and credit["endReason"] == "MEMBER_REMOVED"
    is_over = credit["expiresAt"] is not None and parsed(credit["expiresAt"]) <= now
    return {
        "shown_as": "LEAVING" if is_leaving else "SOON" if is_soon else credit["status"],
        "valid_to": credit["expiresAt"],
        "valid_word": "Expired" if is_over else "Valid to",
    }


def _way(credit: Mapping[str, Any], days: int, *, now: datetime) -> list[dict[str, Any]]:
    """Return the four steps from passing to being credited (R10)."""
    counts_from = parsed(credit["countsFrom"])
    waiting_since = counts_from - timedelta(days=days)
    day = min(days, max(0, (now - waiting_since).days))
    return [
        {"name": "Passed", "at": credit["completedAt"], "state": "done", "words": ""},
        {"name": "Received", "at": credit["recordedAt"], "state": "done", "words": ""},
        {"name": "Waiting period", "at": None, "state": "current", "words": f"day {day} of {days}"},
        {"name": "Credited", "at": counts_from, "state": "waiting", "words": ""},
    ]
