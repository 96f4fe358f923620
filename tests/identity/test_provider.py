"""The outside provider has the shape that each profile says, without certlink."""

import json
from dataclasses import replace

import pytest
from httpx2 import AsyncClient
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.api.serving import served
from tests.identity.environment import press
from tests.identity.node import FOLDER
from tests.identity.outside import FrontEnd, OutsideProvider, client_key
from tests.identity.profiles import (
    AMARA,
    API_AUDIENCE,
    B2C,
    ELSEWHERE,
    ENTRA,
    ENTRA_V1,
    ES256_POST,
    ID_TOKEN,
    PRIVATE_KEY_JWT,
    PROFILES,
    REFRESH,
    SECRET_TO_ENCODE,
    SIGNED_USERINFO,
    TENANT,
    Profile,
)

every_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


async def front_end(outside: OutsideProvider, profile: Profile, **changes: object) -> FrontEnd:
    """Register a front-end at an issuer of a profile."""
    issuer = await outside.issuer(profile, **changes)
    client = FrontEnd(issuer)
    await issuer.register(client.client_id, client.REDIRECT_URI)
    return client


def test_the_provider_is_pinned_without_naming_a_registry() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]

    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert lock["packages"][""]["dependencies"] == wanted
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted


@every_profile
async def test_the_discovery_document_names_the_issuer_and_what_it_offers(
    profile: Profile, outside: OutsideProvider
) -> None:
    issuer = await outside.issuer(profile)

    metadata = await issuer.metadata()

    assert metadata["issuer"] == issuer.issuer
    assert metadata["id_token_signing_alg_values_supported"] == [profile.algorithm]
    assert profile.authenticates_by in metadata["token_endpoint_auth_methods_supported"]
    assert metadata["authorization_endpoint"].startswith(f"{issuer.pages}/")
    assert {key.as_dict()["alg"] for key in (await issuer.keys()).keys} == {profile.algorithm}


@every_profile
async def test_a_code_is_exchanged_for_tokens_of_the_algorithm_that_is_offered(
    profile: Profile, outside: OutsideProvider
) -> None:
    client = await front_end(outside, profile)

    tokens = await client.sign_in()

    token = await client.verified(tokens["id_token"])
    assert token.header["alg"] == profile.algorithm
    JWTClaimsRegistry(
        now=int(outside.clock().timestamp()),
        leeway=60,
        iss={"essential": True, "value": client.issuer.issuer},
        aud={"essential": True, "value": client.client_id},
        nonce={"essential": True, "value": "a-nonce"},
        exp={"essential": True},
    ).validate(token.claims)


@every_profile
async def test_the_address_is_where_the_profile_says(profile: Profile, outside: OutsideProvider) -> None:
    client = await front_end(outside, profile)

    tokens = await client.sign_in()

    claims = (await client.verified(tokens["id_token"])).claims
    told = AMARA in {claims.get("email"), claims.get("preferred_username")}
    assert told is (profile.shape.get("claimsIn") != "userinfo")


@pytest.mark.parametrize("verified", [True, False, "true", None])
async def test_a_person_has_the_claims_that_a_test_gives_them(
    verified: bool | str | None, outside: OutsideProvider
) -> None:
    client = await front_end(outside, ID_TOKEN)
    await client.issuer.person(email_verified=verified)

    claims = (await client.verified((await client.sign_in())["id_token"])).claims

    assert (claims["email"], claims["email_verified"]) == (AMARA, verified)


async def test_userinfo_may_be_signed(outside: OutsideProvider) -> None:
    client = await front_end(outside, SIGNED_USERINFO)
    tokens = await client.sign_in()

    answer = await outside.control.get(
        (await client.issuer.metadata())["userinfo_endpoint"],
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )

    assert answer.headers["content-type"].startswith("application/jwt")
    assert (await client.verified(answer.text)).claims["email"] == AMARA


async def test_entras_subject_is_another_one_for_each_client(outside: OutsideProvider) -> None:
    client = await front_end(outside, ENTRA)
    other = FrontEnd(client.issuer, "another-front-end")
    await client.issuer.register(other.client_id, other.REDIRECT_URI)

    claims = (await client.verified((await client.sign_in())["id_token"])).claims
    of_other = (await other.verified((await other.sign_in())["id_token"])).claims

    assert claims["iss"].endswith(f"/{TENANT}/v2.0")
    assert claims["sub"] != of_other["sub"]
    assert (claims["tid"], claims["oid"]) == (of_other["tid"], of_other["oid"])
    assert "email_verified" not in claims


@pytest.mark.parametrize(
    ("profile", "version", "client_claim"), [(ENTRA, "2.0", "azp"), (ENTRA_V1, "1.0", "appid")], ids=["v2", "v1"]
)
async def test_entras_access_tokens_for_an_api_name_their_client(
    profile: Profile, version: str, client_claim: str, outside: OutsideProvider
) -> None:
    client = await front_end(outside, profile)

    tokens = await client.sign_in(resource=API_AUDIENCE)

    token = await client.verified(tokens["access_token"])
    assert token.header["typ"] == "JWT"
    assert (token.claims["aud"], token.claims["ver"]) == (API_AUDIENCE, version)
    assert token.claims[client_claim] == client.client_id
    assert token.claims["oid"] == ENTRA.person["oid"]
    assert ("sts.windows.net" in token.claims["iss"]) is (version == "1.0")


async def test_a_secret_that_is_sent_without_its_encoding_is_refused(outside: OutsideProvider) -> None:
    client = await front_end(outside, SECRET_TO_ENCODE)
    endpoint = (await client.issuer.metadata())["token_endpoint"]

    answer = await outside.control.post(
        endpoint,
        data={"grant_type": "authorization_code", "code": "any"},
        auth=(client.client_id, SECRET_TO_ENCODE.secret),
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_has_to_name_its_certificate(outside: OutsideProvider) -> None:
    client = await front_end(outside, PRIVATE_KEY_JWT)

    await client.sign_in()

    (exchange,) = await client.issuer.seen()
    assert exchange["status"] == 200
    assert exchange["assertionHeader"]["x5t#S256"] == client_key().thumbprint


async def test_people_sign_in_at_another_origin_than_the_issuers(outside: OutsideProvider) -> None:
    issuer = await outside.issuer(ELSEWHERE)

    metadata = await issuer.metadata()

    assert issuer.pages not in issuer.issuer
    assert metadata["token_endpoint"].startswith(issuer.issuer)


async def test_below_an_issuer_of_b2c_there_is_no_discovery_document(outside: OutsideProvider) -> None:
    issuer = await outside.issuer(B2C)

    answer = await outside.control.get(f"{issuer.issuer.rstrip('/')}/.well-known/openid-configuration")

    assert answer.status_code == 404


async def test_after_a_rotation_the_issuer_signs_with_another_key(outside: OutsideProvider) -> None:
    client = await front_end(outside, ID_TOKEN)
    before = (await client.verified((await client.sign_in())["id_token"])).header["kid"]
    await client.issuer.rotate()

    after = (await client.verified((await client.sign_in())["id_token"])).header["kid"]

    assert after != before
    assert [key.kid for key in (await client.issuer.keys()).keys] == [after]


async def test_a_refresh_token_works_until_the_account_is_gone(outside: OutsideProvider) -> None:
    client = await front_end(outside, REFRESH)
    tokens = await client.sign_in()

    refreshed = await client.exchange(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    await client.issuer.change(accounts={})
    refused = await client.exchange(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    assert {"access_token", "id_token"} <= refreshed.keys()
    assert refused["error"] == "invalid_grant"


async def test_an_account_made_anew_has_the_address_and_another_subject(outside: OutsideProvider) -> None:
    client = await front_end(outside, ID_TOKEN)
    before = (await client.verified((await client.sign_in())["id_token"])).claims
    await client.issuer.person(sub="made-anew")

    after = (await client.verified((await client.sign_in())["id_token"])).claims

    assert (after["email"], after["sub"]) == (before["email"], "made-anew")
    assert before["sub"] != "made-anew"


async def test_sign_out_at_the_issuer_tells_its_clients_which_session_ended(outside: OutsideProvider) -> None:
    told: list[str] = []

    async def hear(request: Request) -> Response:
        told.append(str((await request.form())["logout_token"]))
        return Response()

    async with served(Starlette(routes=[Route("/logout", hear, methods=["POST"])])) as address:
        issuer = await outside.issuer(ID_TOKEN)
        client = FrontEnd(issuer)
        await issuer.register(
            client.client_id,
            client.REDIRECT_URI,
            backchannel_logout_uri=f"http://{address}/logout",
            backchannel_logout_session_required=True,
        )
        async with AsyncClient(trust_env=False) as browser:
            claims = (await client.verified((await client.sign_in(browser=browser))["id_token"])).claims
            asked = await browser.get((await issuer.metadata())["end_session_endpoint"])
            await press(browser, asked, logout="yes")

    (token,) = [await client.verified(text) for text in told]
    assert token.header["typ"] == "logout+jwt"
    assert (token.claims["sub"], token.claims["sid"]) == (claims["sub"], claims["sid"])
    assert list(token.claims["events"]) == ["http://schemas.openid.net/event/backchannel-logout"]


async def test_a_secret_that_is_sent_in_another_way_than_the_issuer_offers_is_refused(
    outside: OutsideProvider,
) -> None:
    client = await front_end(outside, ES256_POST)
    basic = replace(client.issuer, profile=replace(ES256_POST, authenticates_by="client_secret_basic"))

    answer = await FrontEnd(basic).sign_in()

    assert answer["error"] == "invalid_client"


@pytest.mark.parametrize("key", ["none", "secret", "stranger"])
async def test_a_forged_token_is_forged(key: str, outside: OutsideProvider) -> None:
    client = await front_end(outside, ID_TOKEN)
    await client.issuer.change(forgery={"key": key})

    tokens = await client.sign_in()

    with pytest.raises(JoseError):
        await client.verified(tokens["id_token"])


async def test_an_issuer_that_is_down_answers_nobody(outside: OutsideProvider) -> None:
    issuer = await outside.issuer(ID_TOKEN, down=["/"])

    assert (await outside.control.get(issuer.discovery)).status_code == 503
