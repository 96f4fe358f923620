"""Notices of issuers that a session ended there (OpenID Connect Back-Channel Logout)."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from structlog.testing import capture_logs

from domain.models import BrowserSession, Member, Organization, WorkIdentity
from domain.providers.oidc import MAX_NOTICE_AGE
from domain.providers.tokens import LOGOUT_EVENT
from domain.rules.sign_in import redirect_key
from domain.secrets import hash_token, new_token
from tests.clock import START, FrozenClock
from tests.factories import make_member, make_organization, subject_of
from tests.sign_in.tcp_proxy import Line
from tests.sign_in.token_forgery import IDENTITY_HEADER, ISSUER, MISSING, NONCE, NOW, Forger, foreign_key

EVENTS: dict[str, Any] = {LOGOUT_EVENT: {}}


@pytest.fixture
def forger(app: Starlette, sandbox_folder: Path) -> Forger:
    """Somebody who has Contoso's key."""
    line = Line(ASGITransport(app=app.state.sandbox))
    return Forger(app.state.runtime.issuers, line, sandbox_folder / "keys")


@pytest.fixture
async def organization(app: Starlette) -> Organization:
    """Contoso, whose issuer the sandbox plays."""
    return await make_organization("Contoso", issuer=ISSUER)


@pytest.fixture
async def member(organization: Organization) -> Member:
    return await make_member(organization)


async def open_session(member: Member, *, session: str | None = "sid-1", **values: Any) -> BrowserSession:
    """Write a session as a sign-in at the issuer opens it."""
    return await BrowserSession.create(
        member=member,
        work_identity=await WorkIdentity.get(member_id=member.id),
        token_hash=hash_token(new_token()),
        issuer_subject=await subject_of(member),
        issuer_session=session,
        **{"created_at": START - timedelta(hours=1), "expires_at": START + timedelta(hours=11)} | values,
    )


async def still_open() -> list[int]:
    """Return the sessions that nothing has ended."""
    return [session.id for session in await BrowserSession.filter(ended_at=None).order_by("id")]


def notice(forger: Forger, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a logout token that is right but for the changes; it names neither person nor session."""
    right = {"iss": ISSUER, "aud": "certlink", "iat": NOW, "exp": NOW + 600, "jti": "notice-1", "events": EVENTS}
    return forger.signed(
        IDENTITY_HEADER | {"kid": forger.key.kid, "typ": "logout+jwt"} | (header or {}), right | claims
    )


async def tell(browser: AsyncClient, organization: Organization, token: str | None, **fields: str) -> Response:
    """Send a notice as an issuer does."""
    key = redirect_key(organization_id=organization.id, issuer=ISSUER)
    data = fields if token is None else {"logout_token": token, **fields}
    return await browser.post(f"/sign-in/logout/{key}", data=data)


async def test_a_notice_ends_the_session_that_it_names(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    named, other = await open_session(member), await open_session(member, session="sid-2")

    answer = await tell(browser, organization, notice(forger, sid="sid-1", sub=await subject_of(member)))

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert await still_open() == [other.id]
    ended = await BrowserSession.get(id=named.id)
    assert ended.ended_at == START


async def test_a_notice_without_a_session_ends_all_of_the_person_and_of_nobody_else(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    await open_session(member)
    await open_session(member, session=None)
    others = await open_session(await make_member(organization), session=None)

    answer = await tell(browser, organization, notice(forger, sub=await subject_of(member)))

    assert answer.status_code == 200
    assert await still_open() == [others.id]


async def test_a_session_that_the_issuer_did_not_name_ends_with_any_of_the_person(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    await open_session(member, session=None)
    other = await open_session(member, session="sid-2")

    await tell(browser, organization, notice(forger, sid="sid-1", sub=await subject_of(member)))

    assert await still_open() == [other.id]


async def test_notices_that_come_again_and_at_once_change_nothing_more(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger, clock: FrozenClock
) -> None:
    session = await open_session(member)
    token = notice(forger, sid="sid-1", sub=await subject_of(member))
    answers = await asyncio.gather(*(tell(browser, organization, token) for _ in range(8)))
    clock.advance(timedelta(minutes=5))
    later = await open_session(member, session="sid-2", created_at=clock())

    again = await tell(browser, organization, token)

    assert {answer.status_code for answer in [*answers, again]} == {200}
    assert await still_open() == [later.id]
    assert (await BrowserSession.get(id=session.id)).ended_at == START


async def test_who_signed_in_again_stays_when_a_notice_of_before_comes_again(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger, clock: FrozenClock
) -> None:
    await open_session(member)
    token = notice(forger, sub=await subject_of(member))
    await tell(browser, organization, token)
    clock.advance(timedelta(minutes=5))
    later = await open_session(member, created_at=clock())

    again = await tell(browser, organization, token)

    assert again.status_code == 200
    assert await still_open() == [later.id]


async def test_a_notice_of_a_session_that_is_not_here_is_taken(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    session = await open_session(member)

    answer = await tell(browser, organization, notice(forger, sid="unknown"))

    assert answer.status_code == 200
    assert await still_open() == [session.id]


async def test_a_notice_is_taken_without_a_cookie_and_whatever_site_the_browser_names(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    await open_session(member)
    browser.headers["sec-fetch-site"] = "cross-site"

    answer = await tell(browser, organization, notice(forger, sid="sid-1"))

    assert answer.status_code == 200
    assert await still_open() == []


BAD: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "another"},
    "no audience": {"aud": MISSING},
    "another issuer": {"iss": "https://login.fabrikam.example"},
    "no issuer": {"iss": MISSING},
    "an issuer in a list": {"iss": [ISSUER]},
    "no events": {"events": MISSING},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "events in a list": {"events": [LOGOUT_EVENT]},
    "a nonce": {"nonce": NONCE},
    "kept for long": {"iat": NOW - MAX_NOTICE_AGE.total_seconds() - 1, "exp": NOW + 120},
    "from the future": {"iat": NOW + 3600},
    "no time": {"iat": MISSING},
    "a time that is none": {"iat": "yesterday"},
    "expired": {"exp": NOW - 3600},
    "neither person nor session": {"sid": MISSING, "sub": MISSING},
    "a person that is none": {"sid": MISSING, "sub": ["1"]},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
async def test_a_bad_notice_is_refused_and_ends_nothing(
    changes: dict[str, Any], browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    session = await open_session(member)
    claims = {"sid": "sid-1", "sub": await subject_of(member)} | changes

    await assert_refused(await tell(browser, organization, notice(forger, **claims)), session)


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"alg": "none"}, {"alg": "HS256"}, {"kid": "unknown"}], ids=str)
async def test_a_notice_of_another_kind_or_with_another_proof_is_refused(
    header: dict[str, Any], browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    session = await open_session(member)
    if header.get("kid"):
        forger.key = foreign_key(str(forger.key.kid))

    await assert_refused(await tell(browser, organization, notice(forger, header, sid="sid-1")), session)


async def test_an_identity_token_is_no_notice(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    session = await open_session(member)
    token = forger.identity_token(sub=await subject_of(member), sid="sid-1", nonce=MISSING)

    await assert_refused(await tell(browser, organization, token), session)


@pytest.mark.parametrize("body", [b"", b"logout_token=", b"logout_token=%00", b"x" * 100_000, b"\xff"], ids=len)
async def test_what_is_no_notice_is_refused(
    body: bytes, browser: AsyncClient, organization: Organization, member: Member
) -> None:
    session = await open_session(member)
    key = redirect_key(organization_id=organization.id, issuer=ISSUER)

    answer = await browser.post(
        f"/sign-in/logout/{key}", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )

    await assert_refused(answer, session)


async def test_a_notice_at_another_organizations_address_is_refused(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    session = await open_session(member)
    fabrikam = await make_organization("Fabrikam", issuer="https://login.fabrikam.example")

    await assert_refused(await tell(browser, fabrikam, notice(forger, sid="sid-1")), session)


async def test_of_two_organizations_with_one_issuer_only_the_sessions_of_the_address_end(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    await open_session(member)
    fabrikam = await make_organization("Fabrikam", issuer=ISSUER)
    other = await open_session(await make_member(fabrikam))

    answer = await tell(browser, organization, notice(forger, sid="sid-1"))

    assert answer.status_code == 200
    assert await still_open() == [other.id]


async def test_the_issuer_is_told_to_try_again_while_its_keys_cannot_be_read(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    session = await open_session(member)
    await browser.post("http://localhost:8001/faults", json={"issuer": "work/contoso", "fail": {"discovery": 500}})

    answer = await tell(browser, organization, notice(forger, sid="sid-1"))

    assert (answer.status_code, answer.json()) == (503, {"error": "temporarily_unavailable"})
    assert await still_open() == [session.id]


async def test_a_notice_is_logged_without_its_person(
    browser: AsyncClient, organization: Organization, member: Member, forger: Forger
) -> None:
    await open_session(member)
    with capture_logs() as lines:
        await tell(browser, organization, notice(forger, sid="sid-1", sub=await subject_of(member)))
        await tell(browser, organization, notice(forger, sid="sid-1", aud="another"))

    about = {"organization": organization.id, "issuer": ISSUER}
    assert lines == [
        {"event": "logout notice", "log_level": "info", "sessions": 1, **about},
        {"event": "logout notice refused", "log_level": "warning", "code": "SIGN_IN_NOT_ACCEPTED", **about},
    ]


async def assert_refused(answer: Response, session: BrowserSession) -> None:
    """See that an answer is the standard's, and that the session goes on."""
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert answer.headers["cache-control"] == "no-store"
    assert await still_open() == [session.id]
