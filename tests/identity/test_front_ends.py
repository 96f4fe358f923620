"""Access tokens that front-ends of companies get at their issuer, in both versions of Microsoft Entra ID."""

import pytest
from httpx2 import AsyncClient, Response

from tests.identity.environment import Certlink, Visitor, assert_amara_signs_in
from tests.identity.outside import FrontEnd, OutsideIssuer, OutsideProvider
from tests.identity.profiles import AMARA, API_AUDIENCE, ENTRA, ENTRA_V1, Profile

WHO = "{ viewer { member { workEmail } } }"

both_versions = pytest.mark.parametrize("profile", [ENTRA, ENTRA_V1], ids=["version 2", "version 1"])


@both_versions
async def test_an_access_token_of_another_client_means_the_same_person(
    profile: Profile, outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(profile)
    await assert_amara_signs_in(issuer, certlink, visitor)
    token = await token_of(issuer)

    answer = await ask(certlink, token)

    assert answer.json()["data"] == {"viewer": {"member": {"workEmail": AMARA}}}


async def test_an_access_token_for_another_api_is_refused(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ENTRA)
    await assert_amara_signs_in(issuer, certlink, visitor)
    token = await token_of(issuer, resource="api://somebody-else")

    answer = await ask(certlink, token)

    assert answer.status_code == 401


@both_versions
async def test_an_access_token_for_several_apis_is_taken_where_ours_is_one(
    profile: Profile, outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(profile)
    await assert_amara_signs_in(issuer, certlink, visitor)
    answers = []
    for audiences in (["api://another", API_AUDIENCE], ["api://another", "api://third"], []):
        shape = profile.shape["accessToken"]
        await issuer.change(accessToken={**shape, "claims": {**shape["claims"], "aud": audiences}})

        answers.append(await ask(certlink, await token_of(issuer)))

    assert [answer.status_code for answer in answers] == [200, 401, 401]


@both_versions
async def test_only_front_ends_that_the_organization_names_are_taken_where_it_names_some(
    profile: Profile, outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(profile)
    await certlink.add_organization(issuer, front_ends=("portal", "reports"))
    await visitor.sign_in()

    answers = [await ask(certlink, await token_of(issuer, client_id=name)) for name in ("portal", "front-end")]

    assert [answer.status_code for answer in answers] == [200, 401]


async def test_a_token_of_another_tenant_or_of_an_application_alone_is_refused(
    outside: OutsideProvider, certlink: Certlink, visitor: Visitor
) -> None:
    issuer = await outside.issuer(ENTRA)
    await assert_amara_signs_in(issuer, certlink, visitor)
    shape = ENTRA.shape["accessToken"]
    answers = []
    for changes in ({"tid": "11111111-2222-4333-8444-555555555555"}, {"idtyp": "app"}, {"oid": None}):
        await issuer.change(accessToken={**shape, "claims": {**shape["claims"], **changes}})

        answers.append(await ask(certlink, await token_of(issuer)))

    assert [answer.status_code for answer in answers] == [401, 401, 401]


async def token_of(issuer: OutsideIssuer, *, client_id: str = "front-end", resource: str = API_AUDIENCE) -> str:
    """Return an access token for an API that a front-end got for Amara."""
    front_end = FrontEnd(issuer, client_id)
    await issuer.register(front_end.client_id, front_end.REDIRECT_URI)
    return str((await front_end.sign_in(resource=resource))["access_token"])


async def ask(certlink: Certlink, token: str) -> Response:
    """Ask the API who calls, as a front-end does."""
    async with AsyncClient(trust_env=False) as client:
        return await client.post(
            f"{certlink.settings.public_url}/graphql",
            json={"query": WHO},
            headers={"Authorization": f"Bearer {token}"},
        )
