"""Two organizations with a directory each, and the application that they call."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from api.runtime import Runtime
from bench.unlimited import NoRateLimit
from domain.database.pool import fetch_value
from domain.models import Organization
from domain.notifications import NotificationListener
from domain.operations.scim_tokens import create_scim_token
from domain.providers.oidc import Issuers
from domain.rules.administration import Operator
from domain.settings import Settings
from tests.api.conftest import DOCUMENTS, application
from tests.clock import START, FrozenClock
from tests.factories import make_organization

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass(frozen=True)
class Directory:
    """An organization's directory, which calls with its token."""

    client: AsyncClient
    token: str

    async def send(self, method: str, path: str, **arguments: Any) -> Response:
        """Send a request, with SCIM's media type where it has a body."""
        headers = {"Authorization": f"Bearer {self.token}", **arguments.pop("headers", {})}
        if "json" in arguments or "content" in arguments:
            headers = {"Content-Type": "application/scim+json", **headers}
        return await self.client.request(method, f"/scim/v2{path}", headers=headers, **arguments)

    async def create(self, name: str = "amara.osei", /, **values: Any) -> dict[str, Any]:
        """Create a user, who must be accepted."""
        answer = await self.send("POST", "/Users", json=user(name, **values))
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    async def patch(self, user_id: str, *operations: dict[str, Any], **arguments: Any) -> Response:
        """Send the operations of a PATCH."""
        payload = {"schemas": [PATCH], "Operations": list(operations)}
        return await self.send("PATCH", f"/Users/{user_id}", json=payload, **arguments)

    async def read(self, user_id: str) -> dict[str, Any]:
        """Return a user, who must be there."""
        answer = await self.send("GET", f"/Users/{user_id}")
        assert answer.status_code == 200, answer.text
        read: dict[str, Any] = answer.json()
        return read

    async def find(self, expression: str, **parameters: str) -> dict[str, Any]:
        """Return the list of the users that match a filter."""
        answer = await self.send("GET", "/Users", params={"filter": expression, **parameters})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def user(name: str = "amara.osei", /, **values: Any) -> dict[str, Any]:
    """Return a user as directories send one."""
    address = f"{name}@contoso.example"
    return {
        "schemas": [USER],
        "userName": address,
        "externalId": f"id-of-{name}",
        "displayName": name.replace(".", " ").title(),
        "active": True,
        "emails": [{"type": "work", "primary": True, "value": address}],
        **values,
    }


def is_error(answer: Response, status: int, scim_type: str | None = None) -> bool:
    """Tell whether an answer is an error in SCIM's shape."""
    body = answer.json()
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/scim+json"
        and body["schemas"] == [ERROR]
        and body["status"] == str(status)
        and body.get("scimType") == scim_type
        and bool(body["detail"])
    )


async def audited(organization: Organization) -> list[tuple[str, str]]:
    """Return who did what in an organization, in order."""
    events: list[tuple[str, str]] = await fetch_value(
        "SELECT array_agg((actor, action) ORDER BY sequence) FROM audit_event WHERE organization_id = $1",
        organization.id,
    )
    return events


@pytest.fixture
def runtime(settings: Settings, clock: FrozenClock, database: str) -> Runtime:
    """A process with the test's database."""
    return Runtime(
        settings=settings,
        clock=clock,
        issuers=Issuers(settings=settings),
        notifications=NotificationListener(database),
        rate_limit=NoRateLimit(settings),
        documents=DOCUMENTS,
    )


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[AsyncClient]:
    """An HTTP client of the application; a fault inside it fails the test."""
    transport = ASGITransport(app=application(runtime))
    async with AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


@pytest.fixture
async def contoso(database: str) -> Organization:
    """The organization whose directory calls."""
    return await make_organization("Contoso")


@pytest.fixture
async def directory(client: AsyncClient, contoso: Organization, settings: Settings) -> Directory:
    """The directory of Contoso."""
    return await directory_of(contoso, client, settings)


async def directory_of(organization: Organization, client: AsyncClient, settings: Settings) -> Directory:
    """Return the directory of an organization with a new token."""
    operator = Operator(organization_id=organization.id)
    token = await create_scim_token(by=operator, now=START, settings=settings)
    return Directory(client, token.secret)
