"""The profile page."""

from collections.abc import Mapping, Sequence
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

# Each provider's allowance in the documents of the pages.
ALLOWANCES = {
    LearningProvider.MICROSOFT_LEARN: "microsoftLearn",
    LearningProvider.PARTNER_UNIVERSITY: "partnerUniversity",
}
# What keeps a transcript from being read every night, in words for its person.
PROBLEMS = {
    "SIGN_IN_AGAIN": "We can no longer read your transcript: new certifications and renewals stay unknown until you "
    "sign in there again. What counts goes on, and this starts no cool-off.",
    "PROVIDER_UNAVAILABLE": "Your transcript could not be read lately. We keep trying.",
    "NO_PERMISSION": "Your transcript is read only when you sign in there.",
}


async def show_profile(request: Request) -> Response:
    return await profile_page(request, await signed_in_viewer(request))


async def profile_page(
    request: Request, viewer: MemberViewer, *, refusal: Mapping[str, Any] | None = None, status: int = 200
) -> Response:
    """Render a member's own profile, with the refusal of an attempt to associate."""
    runtime = runtime_of(request)
    after = read_query(request, "after")
    data = await ask(request, "profile", viewer=viewer, after=after)
    now = runtime.clock()
    member, policy = data["viewer"]["member"], data["policy"]
    credits, info = credits_on_page(member["credits"]["nodes"], policy, now=now), member["credits"]["pageInfo"]
    return page(
        request,
        "profile.html",
        problems=PROBLEMS,
        status=status,
        form_targets=await association_targets(runtime),
        viewer=data["viewer"],
        policy=policy,
        accounts=accounts_on_page(member, policy, now=now),
        credits=credits,
        counts=in_words(credits, total=member["credits"]["totalCount"]),
        more=info["endCursor"] if info["hasNextPage"] else None,
        refusal=refusal,
    )


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


def accounts_on_page(member: Mapping[str, Any], policy: Mapping[str, Any], *, now: datetime) -> list[dict[str, Any]]:
    """Return the account at each provider at an instant: linked or not, and what the limits say (R6)."""
    linked = {
        association["learningAccount"]["provider"]: association for association in member["associations"]["nodes"]
    }
    accounts = []
    for provider, words in _WORDS.items():
        allowance = member[ALLOWANCES[provider]]
        ends_at = allowance["coolOffEndsAt"] and parsed(allowance["coolOffEndsAt"])
        account = {
            "provider": provider,
            "title": provider.display_name,
            "association": linked.get(provider),
            "allowance": allowance,
            "waits": parsed(allowance["nextAvailableAt"]) > now,
            "held": held_accounts(allowance),
            "cool_off_day": _day_of(policy["coolOffDays"], ends_at, now=now) if ends_at and ends_at > now else None,
        }
        accounts.append(account | words)
    return accounts


def held_accounts(allowance: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # Those that the member knows and that have a later date than the member's own.
    own = parsed(allowance["nextAvailableAt"])
    return [account for account in allowance["knownAccounts"] if parsed(account["nextAvailableAt"]) > own]


def _day_of(days: int, ends_at: datetime, *, now: datetime) -> int:
    """Return which day it is of a wait of so many days."""
    return min(days, max(0, (now - (ends_at - timedelta(days=days))).days))


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
            days, counts_from = policy["creditDelayDays"], parsed(credit["countsFrom"])
            waiting = f"day {_day_of(days, counts_from, now=now)} of {days}"
            # The four steps from passing to being credited (R10).
            credit["way"] = [
                {"name": "Passed", "at": credit["completedAt"], "state": "done", "words": ""},
                {"name": "Received", "at": credit["recordedAt"], "state": "done", "words": ""},
                {"name": "Waiting period", "at": None, "state": "current", "words": waiting},
                {"name": "Credited", "at": counts_from, "state": "waiting", "words": ""},
            ]
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
