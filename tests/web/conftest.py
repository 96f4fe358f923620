"""Fixtures: the pages in this process, with database and sandbox."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette

from api.app import build_app, new_documents
from api.runtime import Runtime
from bench.unlimited import NoRateLimit
from domain.models import BrowserSession, Member
from domain.notifications import NotificationListener
from domain.providers.oidc import Issuers
from domain.secrets import hash_token, new_token
from domain.settings import Settings
from sandbox.app import create_app as create_sandbox
from tests.clock import FrozenClock
from tests.sandbox.browser import BASE_URL
from web.documents import DOCUMENTS
from web.pages.sign_in import SignInHint
from web.refusals import EXCEPTION_HANDLERS, show_fault
from web.routes import routes

OWN_FORM = {"sec-fetch-site": "same-origin"}
SignIn = Callable[[Member], Awaitable[None]]


@pytest.fixture(scope="session")
def sandbox_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the run's sandbox."""
    return tmp_path_factory.mktemp("sandbox-of-pages")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings whose providers the sandbox plays, and one front-end; the pages need no document but registered ones."""
    return settings.model_copy(
        update={
            "microsoft_learn_issuer": f"{BASE_URL}/microsoft-learn",
            "partner_university_issuer": f"{BASE_URL}/partner-university",
            "return_origins": ["https://front.example"],
            "registered_documents_only": True,
        }
    )


@pytest.fixture
async def app(database: str, settings: Settings, clock: FrozenClock, sandbox_folder: Path) -> AsyncIterator[Starlette]:
    """The application, as the composition root puts it together."""
    sandbox = create_sandbox(base_url=BASE_URL, data=sandbox_folder, sandbox_mode=True, clock=clock)
    async with Issuers(settings=settings, transport=ASGITransport(app=sandbox)) as issuers:
        hints = [SignInHint(email="amara.osei@contoso.example", about="Came from Fabrikam.")]
        app = build_app(
            settings, routes=routes(sign_in_hints=hints), exception_handlers=EXCEPTION_HANDLERS, show_fault=show_fault
        )
        documents = new_documents()
        documents.register(DOCUMENTS)
        app.state.runtime = Runtime(
            settings=settings,
            clock=clock,
            issuers=issuers,
            notifications=NotificationListener(database),
            rate_limit=NoRateLimit(settings),
            documents=documents,
        )
        app.state.sandbox = sandbox
        yield app


@pytest.fixture
async def browser(app: Starlette, settings: Settings) -> AsyncIterator[AsyncClient]:
    """A browser without script that is not signed in; it visits certlink and the sandbox."""
    mounts = {BASE_URL: ASGITransport(app=app.state.sandbox)}
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, mounts=mounts, base_url=settings.public_url) as client:
        yield client


@pytest.fixture
def sign_in(browser: AsyncClient, clock: FrozenClock) -> SignIn:
    """Let the browser hold a session of a member."""

    async def sign_in(member: Member) -> None:
        token = new_token()
        await BrowserSession.create(
            member=member, token_hash=hash_token(token), created_at=clock(), expires_at=clock() + timedelta(days=1000)
        )
        browser.cookies.set("certlink_session", token)

    return sign_in
