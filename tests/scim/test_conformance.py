"""The interface is SCIM, as a checker from outside sees it."""

import asyncio
import sys
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Path
from scim2_tester import CheckResult, Status, check_server, filling
from starlette.applications import Starlette

from api.runtime import Runtime
from tests.api.conftest import application
from tests.api.serving import served
from tests.scim.conftest import Directory


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checker invent people of Contoso: it cannot know that all others are refused."""
    invented = filling.generate_random_value

    def of_contoso(context: Any, path: Path[Any], *arguments: Any, **named: Any) -> Any:
        value = invented(context, path, *arguments, **named)
        is_address = str(path).endswith("userName") or (isinstance(value, str) and "@" in value)
        return f"{uuid4()}@contoso.example" if value and is_address else value

    # The checker's modules have each imported it by name.
    for name, module in list(sys.modules.items()):
        if name.startswith("scim2_tester") and getattr(module, "generate_random_value", None) is invented:
            monkeypatch.setattr(module, "generate_random_value", of_contoso)


async def test_the_checker_finds_nothing_to_complain_of(
    runtime: Runtime, directory: Directory, addresses: None
) -> None:
    app: Starlette = application(runtime)

    async with served(app) as address:
        results = await asyncio.to_thread(_check, f"http://{address}/scim/v2", directory.token)

    complaints = [
        (result.title, result.status, result.reason)
        for result in results
        if result.status not in {Status.SUCCESS, Status.SKIPPED}
    ]
    assert complaints == []
    # It has not only read what there is to discover.
    assert {"crud:create", "crud:read", "crud:update", "crud:delete"} <= {
        tag for result in results if result.status is Status.SUCCESS for tag in result.tags
    }


def _check(url: str, token: str) -> list[CheckResult]:
    with Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        return check_server(SyncSCIMClient(client))
