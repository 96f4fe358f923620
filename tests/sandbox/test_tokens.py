"""What the issuers' tokens say, and what they open."""

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from sandbox.issuers import CONTOSO
from tests.clock import START, FrozenClock
from tests.sandbox.browser import BASE_URL, Browser


@pytest.mark.parametrize(
    ("issuer", "persona", "algorithm"),
    [
        ("work/contoso", "nadia", "RS256"),
        ("work/fabrikam", "felix", "ES256"),
        ("microsoft-learn", "amara-learn", "RS256"),
        ("partner-university", "amara-university", "ES256"),
    ],
)
async def test_both_tokens_are_signed_by_the_published_key(
    browser: Browser, issuer: str, persona: str, algorithm: str
) -> None:
    tokens = await browser.sign_in(persona, issuer)

    id_token = await browser.decode(tokens["id_token"], issuer)
    access_token = await browser.decode(tokens["access_token"], issuer)

    assert (id_token.header["alg"], id_token.header["typ"]) == (algorithm, "JWT")
    assert (access_token.header["alg"], access_token.header["typ"]) == (algorithm, "at+jwt")
    assert id_token.claims["nonce"] == "nonce-1"
    for token, audience in ((id_token, "certlink"), (access_token, f"{BASE_URL}/{issuer}")):
        assert token.claims["iss"] == f"{BASE_URL}/{issuer}"
        assert token.claims["aud"] == audience
        assert token.claims["iat"] == int(START.timestamp())
        assert token.claims["exp"] == token.claims["iat"] + tokens["expires_in"]
        assert token.claims["sub"] == id_token.claims["sub"]


async def test_a_work_issuer_says_who_it_is(browser: Browser) -> None:
    tokens = await browser.sign_in("nadia", "work/contoso")

    claims = (await browser.decode(tokens["id_token"], "work/contoso")).claims
    userinfo = (await browser.ask(f"/{CONTOSO.key}/userinfo", tokens["access_token"])).json()

    expected = {"email": "nadia.novak@contoso.example", "email_verified": True, "name": "Nadia Novak"}
    assert expected.items() <= claims.items()
    assert userinfo == {"sub": claims["sub"], **expected}


async def test_a_learning_provider_tells_the_profile_only_at_userinfo(browser: Browser) -> None:
    tokens = await browser.sign_in("amara-learn")

    claims = (await browser.decode(tokens["id_token"], "microsoft-learn")).claims
    userinfo = (await browser.ask("/microsoft-learn/userinfo", tokens["access_token"])).json()

    profile = {"mcid": "991204737", "name": "Amara Osei", "email": "amara.osei@mail.example"}
    assert not set(profile) & set(claims)
    assert userinfo == {"sub": claims["sub"], **profile}


async def test_an_incomplete_profile_has_no_mcid(browser: Browser) -> None:
    tokens = await browser.sign_in("jonas-learn")

    userinfo = (await browser.ask("/microsoft-learn/userinfo", tokens["access_token"])).json()
    transcript = (await browser.ask("/microsoft-learn/transcript", tokens["access_token"])).json()

    assert userinfo["mcid"] is None
    assert transcript["profileId"] is None


async def test_a_token_for_the_api_looks_like_a_front_ends(browser: Browser, client: AsyncClient) -> None:
    answer = (await client.post("/personas/amara/token")).json()

    token = await browser.decode(answer["access_token"], "work/contoso")

    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert token.header["typ"] == "at+jwt"
    assert token.claims["aud"] == "certlink-api"
    assert token.claims["scope"] == "openid"
    assert token.claims["email"] == "amara.osei@contoso.example"
    assert token.claims["email_verified"] is True
    assert token.claims["name"] == "Amara Osei"
    assert token.claims["exp"] - token.claims["iat"] == 3600


async def test_a_token_for_the_api_and_a_sign_in_name_the_same_subject(browser: Browser, client: AsyncClient) -> None:
    minted = (await client.post("/personas/nadia/token")).json()["access_token"]
    signed_in = (await browser.sign_in("nadia", "work/contoso"))["id_token"]

    subjects = {(await browser.decode(token, "work/contoso")).claims["sub"] for token in (minted, signed_in)}

    assert len(subjects) == 1


@pytest.mark.parametrize(
    ("key", "status", "error"), [("nobody", 404, "unknown_persona"), ("amara-learn", 400, "not_a_work_persona")]
)
async def test_only_work_personas_get_a_token_for_the_api(
    client: AsyncClient, key: str, status: int, error: str
) -> None:
    response = await client.post(f"/personas/{key}/token")

    assert (response.status_code, response.json()["error"]) == (status, error)


@pytest.mark.parametrize(("seconds", "status"), [(3599, 200), (3600, 401)])
async def test_an_access_token_lives_for_an_hour(
    browser: Browser, real_clock: FrozenClock, seconds: int, status: int
) -> None:
    access_token = (await browser.sign_in())["access_token"]
    real_clock.advance(timedelta(seconds=seconds))

    response = await browser.ask("/microsoft-learn/userinfo", access_token)

    assert response.status_code == status


async def test_only_the_issuers_own_access_tokens_open_anything(browser: Browser) -> None:
    learn = await browser.sign_in("amara-learn")
    work = await browser.sign_in("nadia", "work/contoso")
    head, payload, signature = learn["access_token"].split(".")

    wrong = [learn["id_token"], work["access_token"], f"{head}.{payload}.", f"{head}.{signature}.{payload}"]
    wrong += ["x", "a.b.c", "....", "e30.e30.e30", "W10.W10.W10", "eyJhbGciOiJub25lIn0.e30.", "\xc4", "", "a b"]
    answers = [await browser.ask("/microsoft-learn/transcript", token) for token in wrong]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"] for answer in answers} == {"invalid_token"}
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)
