"""What an issuer says about itself, and which keys it keeps."""

import stat
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from sandbox.app import create_app
from sandbox.issuers import ISSUERS
from sandbox.refusals import DataFolderUnusable, SandboxModeRequired
from tests.clock import FrozenClock
from tests.sandbox.browser import BASE_URL
from tests.sandbox.conftest import AppFactory

KEYS = [issuer.key for issuer in ISSUERS]


@pytest.mark.parametrize("issuer", KEYS)
async def test_discovery_names_the_issuer_and_demands_s256(client: AsyncClient, issuer: str) -> None:
    document = (await client.get(f"/{issuer}/.well-known/openid-configuration")).json()

    assert document["issuer"] == f"{BASE_URL}/{issuer}"
    assert document["token_endpoint"] == f"{BASE_URL}/{issuer}/token"
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize("issuer", KEYS)
async def test_the_published_keys_are_public_only(client: AsyncClient, issuer: str) -> None:
    (key,) = (await client.get(f"/{issuer}/jwks")).json()["keys"]

    assert key["use"] == "sig"
    assert key["kid"]
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)


async def test_keys_are_kept_over_a_restart_for_the_owner_only(start: AppFactory, data: Path) -> None:
    key_file = data / "keys" / "microsoft-learn.json"
    published = []
    for _ in range(2):
        key_file.chmod(0o644)
        async with AsyncClient(transport=ASGITransport(app=start()), base_url=BASE_URL) as client:
            published.append((await client.get("/microsoft-learn/jwks")).json())

    modes = {stat.S_IMODE(file.stat().st_mode) for file in (data / "keys").iterdir()}

    assert published[0] == published[1]
    assert modes == {0o600}


def test_a_new_key_file_is_for_the_owner_only(start: AppFactory, data: Path) -> None:
    key_file = data / "keys" / "partner-university.json"
    key_file.unlink()

    start()

    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_nothing_starts_outside_sandbox_mode(tmp_path: Path, real_clock: FrozenClock) -> None:
    data = tmp_path / "data"

    with pytest.raises(SandboxModeRequired, match="CERTLINK_SANDBOX=true") as refusal:
        create_app(base_url=BASE_URL, data=data, sandbox_mode=False, clock=real_clock)

    assert isinstance(refusal.value, RuntimeError)
    assert "\n" not in str(refusal.value)
    assert not data.exists()


@pytest.mark.parametrize("file", ["created.json", "clock.json", "accounts.json", "keys/work-contoso.json"])
@pytest.mark.parametrize("text", ["{", "{}", "7", '[{"key": 1}]', '{"offset_seconds": -1}', '{"kty": "RSA"}'])
def test_a_spoilt_data_file_is_named(start: AppFactory, data: Path, file: str, text: str) -> None:
    (data / file).write_text(text)

    with pytest.raises(DataFolderUnusable, match=file.rsplit("/", maxsplit=1)[-1]) as refusal:
        start()

    assert "\n" not in str(refusal.value)


def test_a_file_in_place_of_the_data_folder_is_refused(tmp_path: Path, real_clock: FrozenClock) -> None:
    (tmp_path / "data").write_text("")

    with pytest.raises(DataFolderUnusable, match="cannot be made"):
        create_app(base_url=BASE_URL, data=tmp_path / "data", sandbox_mode=True, clock=real_clock)
