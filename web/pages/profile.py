"""What does a person see of their own accounts, limits and credits?"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.runtime import runtime_of
from domain.rules.visibility import MemberViewer
from web.caller import signed_in_viewer
from web.documents import ask
from web.forms import read_query
from web.pages.account import accounts_on_page
from web.pages.credit import credits_on_page, in_words
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
