"""The page of an association attempt."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from graphql import OperationType
from httpx2 import AsyncClient
from starlette.applications import Starlette

from api.graphql.ids import Kind, global_id
from api.runtime import Runtime
from domain.models import AssociationAttempt, Callback, Member
from domain.operations.attempts import start_association
from domain.rules.enums import AttemptStatus, CallbackStatus, LearningProvider
from domain.settings import Settings
from tests.clock import START, FrozenClock
from tests.factories import make_association, make_attempt, make_member, make_organization, make_refused, viewer_of
from tests.web.conftest import OWN_FORM, SignIn

STEPS: dict[str, Any] = {"signed_in_at": START, "profile_found_at": START, "linked_at": START, "imported_at": START}


async def make_received(member: Member, status: AttemptStatus) -> AssociationAttempt:
    """Write an attempt whose callback waits for a worker."""
    attempt = await make_attempt(member, status=status, signed_in_at=START)
    await Callback.create(
        provider=attempt.provider,
        callback_id=str(attempt.id),
        attempt=attempt,
        status=CallbackStatus.PENDING,
        received_at=START,
        claimable_at=START,
    )
    return attempt


async def show(browser: AsyncClient, attempt: AssociationAttempt) -> str:
    """Return an attempt's page."""
    page = await browser.get(f"/attempts/{global_id(Kind.ATTEMPT, attempt.id)}")
    assert page.status_code == 200
    return page.text


async def start(member: Member, settings: Settings, *, return_to: str | None = None) -> str:
    """Start an attempt as a front-end does, and return its address."""
    started = await start_association(
        viewer=viewer_of(member),
        provider=LearningProvider.MICROSOFT_LEARN,
        return_to=return_to,
        now=START,
        settings=settings,
    )
    return started.authorization_url


async def test_the_page_s_script_asks_for_its_subscription_by_id(
    app: Starlette, browser: AsyncClient, sign_in: SignIn
) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)

    html = await show(browser, await make_received(member, AttemptStatus.RECEIVED))

    found = re.search(r'data-changes="sha256:([0-9a-f]{64})"', html)
    assert found is not None
    runtime: Runtime = app.state.runtime
    assert runtime.documents.get(found[1]).operation_type(None) is OperationType.SUBSCRIPTION


@pytest.mark.parametrize("status", [AttemptStatus.AWAITING_SIGN_IN, AttemptStatus.RECEIVED, AttemptStatus.PROCESSING])
async def test_an_attempt_on_its_way_keeps_itself_up_to_date(
    status: AttemptStatus, browser: AsyncClient, sign_in: SignIn
) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)
    waits = status is AttemptStatus.AWAITING_SIGN_IN
    attempt = await (make_attempt(member) if waits else make_received(member, status))

    html = await show(browser, attempt)

    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in html
    assert 'type="module"' in html
    assert 'data-final="no"' in html
    assert html.count('aria-current="step"') == 1
    assert "Credited within ten days" in html


async def test_a_step_that_is_done_shows_when(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)
    attempt = await make_received(member, AttemptStatus.PROCESSING)

    html = await show(browser, attempt)

    assert "You signed in at Microsoft Learn" in html
    assert '<time datetime="2026-11-03T14:30:00Z">14:30:00 UTC</time>' in html


async def test_an_associated_attempt_shows_every_step(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)
    association = await make_association(member)
    attempt = await make_attempt(
        member, status=AttemptStatus.ASSOCIATED, association=association, finished_at=START, **STEPS
    )

    html = await show(browser, attempt)

    assert "Microsoft Learn is linked" in html
    assert "Linked to Contoso" in html
    assert "Nothing to unlink elsewhere" in html
    assert "http-equiv" not in html


async def test_a_move_names_the_organization_that_was_left(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)
    attempt = await make_attempt(
        member,
        status=AttemptStatus.ASSOCIATED,
        association=await make_association(member),
        finished_at=START,
        unlinked_elsewhere_at=START,
        moved_from="Fabrikam",
        **STEPS,
    )

    html = await show(browser, attempt)

    assert "Unlinked from Fabrikam" in html


async def test_a_refused_attempt_tells_the_sentence_and_the_date(browser: AsyncClient, sign_in: SignIn) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)
    attempt = await make_attempt(
        member,
        status=AttemptStatus.REFUSED,
        finished_at=START,
        refusal_code="COOL_OFF_ACTIVE",
        refusal_available_at=START + timedelta(days=11),
    )

    html = await show(browser, attempt)

    assert "attempted to associate with a partner organization" in html
    assert "14 Nov 2026, 14:30 UTC" in html
    assert 'data-final="yes"' in html


async def test_an_attempt_that_an_account_s_history_refused_speaks_of_the_account(
    browser: AsyncClient, sign_in: SignIn
) -> None:
    """R6."""
    member = await make_member(await make_organization())
    await sign_in(member)
    attempt = await make_refused(member, profile_id="991204737", days=11, refusal_code="YEARLY_LIMIT_REACHED")

    html = await show(browser, attempt)

    assert "This account has been associated 3 times within a year" in html
    assert "for the account ending in 737; another account may have its own." in html
    assert "991204737" not in html


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        ("REFUSED", "PROFILE_INCOMPLETE", "no complete certification profile"),
        ("REFUSED", "SIGN_IN_DECLINED", "The sign-in was cancel"),
        ("FAILED", "PROVIDER_UNAVAILABLE", "does not answer"),
        ("FAILED", "SIGN_IN_NOT_ACCEPTED", "could not be confirmed"),
    ],
)
async def test_an_attempt_that_led_nowhere_says_why(
    status: AttemptStatus, code: str, sentence: str, browser: AsyncClient, sign_in: SignIn
) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)
    attempt = await make_attempt(member, status=status, finished_at=START, refusal_code=code)

    html = await show(browser, attempt)

    assert "was not linked" in html
    assert sentence in html


async def test_an_attempt_that_nobody_came_back_to_has_expired(
    browser: AsyncClient, sign_in: SignIn, clock: FrozenClock
) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)
    attempt = await make_attempt(member)
    clock.advance(timedelta(minutes=10))

    html = await show(browser, attempt)

    assert "took too long and has expired" in html
    assert 'data-final="yes"' in html


async def test_nobody_else_sees_an_attempt(browser: AsyncClient, sign_in: SignIn) -> None:
    organization = await make_organization()
    attempt = await make_attempt(await make_member(organization))
    await sign_in(await make_member(organization))

    page = await browser.get(f"/attempts/{global_id(Kind.ATTEMPT, attempt.id)}")
    malformed = await browser.get("/attempts/nonsense")

    assert page.status_code == 404
    assert malformed.status_code == 404
    assert page.text == malformed.text.replace("/attempts/nonsense", page.url.path)


async def test_a_browser_that_is_not_signed_in_is_asked_first(
    browser: AsyncClient, settings: Settings, app: object
) -> None:
    member = await make_member(await make_organization())
    address = await start(member, settings)

    asked = await browser.get(address)
    confirmed = await browser.post(address, headers=OWN_FORM)

    assert asked.status_code == 200
    assert member.work_email in asked.text
    assert "Link Microsoft Learn to Contoso?" in asked.text
    assert "certlink_browser" not in asked.headers.get("set-cookie", "")
    assert confirmed.status_code == 303
    assert "certlink_browser=" in confirmed.headers["set-cookie"]


async def test_looking_ahead_does_not_use_up_the_address(
    browser: AsyncClient, settings: Settings, sign_in: SignIn
) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)
    address = await start(member, settings)

    ahead = await browser.head(address)

    assert ahead.status_code == 405
    assert (await browser.get(address)).status_code == 303


async def test_another_member_does_not_take_over_an_attempt(
    browser: AsyncClient, settings: Settings, sign_in: SignIn
) -> None:
    organization = await make_organization()
    address = await start(await make_member(organization), settings)
    await sign_in(await make_member(organization))

    refused = await browser.get(address)
    confirmed = await browser.post(address, headers=OWN_FORM)

    assert refused.status_code == 400
    assert confirmed.status_code == 400


@pytest.mark.parametrize(
    ("return_to", "expected"),
    [
        (None, "/attempts/{id}"),
        ("/profile", "/profile?attempt={id}"),
        ("https://front.example/back?tab=2", "https://front.example/back?tab=2&attempt={id}"),
    ],
)
async def test_a_callback_leads_on_with_nothing_secret(
    return_to: str | None, expected: str, browser: AsyncClient, settings: Settings, sign_in: SignIn
) -> None:
    member = await make_member(await make_organization())
    await sign_in(member)
    onward = await browser.get(await start(member, settings, return_to=return_to))
    state = parse_qs(urlsplit(onward.headers["location"]).query)["state"][0]

    received = await browser.get("/callbacks/microsoft-learn", params={"state": state, "code": "c0de"})

    attempt = await AssociationAttempt.get()
    assert received.status_code == 303
    assert received.headers["location"] == expected.format(id=global_id(Kind.ATTEMPT, attempt.id))
    assert attempt.status is AttemptStatus.RECEIVED
    assert await Callback.all().count() == 1


async def test_a_foreign_callback_is_refused_and_nothing_of_it_repeated(browser: AsyncClient) -> None:
    parameters = {"state": "s3cret-state", "code": "s3cret-code", "error": "s3cret-error", "iss": "s3cret-issuer"}

    refused = await browser.get("/callbacks/microsoft-learn", params=parameters)

    assert refused.status_code == 400
    assert "s3cret" not in refused.text
    assert refused.headers["referrer-policy"] == "no-referrer"
    assert await Callback.all().count() == 0


@pytest.mark.parametrize("query", ["", "state=", "state=%00&code=x", "state=" + "x" * 5_000, "state=%ff&code=%fe"])
async def test_a_garbled_callback_is_refused(query: str, browser: AsyncClient) -> None:
    refused = await browser.get(f"/callbacks/microsoft-learn?{query}")

    assert refused.status_code == 400


async def test_there_is_no_callback_of_an_unknown_provider(browser: AsyncClient) -> None:
    refused = await browser.get("/callbacks/nobody?state=x&code=y")

    assert refused.status_code == 404
