"""Certlink with organizations of the outside provider's issuers, and a person with a browser."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from httpx2 import AsyncClient, Response
from starlette.applications import Starlette

from domain.models import BrowserSession, Member, WorkIdentity
from domain.operations.invitations import invite_member
from domain.operations.organizations import IssuerSettings, create_organization, replace_issuer, trust_issuer
from domain.providers.client_authentication import ClientSecret, Credential, read_client_key
from domain.providers.oidc import Issuers
from domain.rules.enums import IssuerPreset, MemberRole
from domain.rules.sign_in import sign_in_redirect_uri
from domain.settings import Settings
from tests.clock import FrozenClock
from tests.identity.outside import OutsideIssuer, client_key
from tests.identity.profiles import AMARA, API_AUDIENCE
from tests.sign_in.environment import trace

CLIENT_ID = "certlink-of-contoso"
NOT_INVITED = "You are not invited yet"
MAX_REDIRECTS = 20


class Stopwatch:
    """Monotonic seconds that pass where a test says so."""

    seconds = 1_000_000.0


class Visitor:
    """Somebody with a browser without script, who follows where they are sent."""

    def __init__(self, certlink: "Certlink", browser: AsyncClient) -> None:
        self._certlink = certlink
        self._browser = browser

    async def sign_in(self, email: str = AMARA, **choice: str) -> Response:
        """Type a work e-mail into certlink's page and go on to where that ends."""
        return await self.submit("/sign-in", email=email, return_to="/profile", **choice)

    async def visit(self, path: str) -> Response:
        """Look at a page of certlink's, wherever it sends a browser."""
        return await self._follow(await self._browser.get(f"{self._certlink.settings.public_url}{path}"))

    async def submit(self, path: str, **fields: str) -> Response:
        """Send a form of certlink's and follow its redirects."""
        return await self._follow(await self.submit_once(path, **fields))

    async def submit_once(self, path: str, **fields: str) -> Response:
        """Send a form of certlink's and stay at its answer."""
        address = f"{self._certlink.settings.public_url}{path}"
        return await self._browser.post(address, data=fields, headers={"sec-fetch-site": "same-origin"})

    async def open(self, address: str) -> Response:
        """Look at a page of somebody else's."""
        return await self._browser.get(address)

    def cookies(self) -> list[tuple[str, str]]:
        """Return what the browser holds, for another one that shall be the same person's."""
        return [(cookie.name, cookie.value or "") for cookie in self._browser.cookies.jar]

    async def press(self, page: Response, **button: str) -> Response:
        """Send the only form of an issuer's page by one of its buttons, and go on to where that ends."""
        return await self._follow(await press(self._browser, page, **button))

    async def _follow(self, answer: Response) -> Response:
        for _ in range(MAX_REDIRECTS):
            address = answer.headers.get("location") or answer.headers.get("refresh", "").partition("url=")[2]
            if not address:
                return answer
            answer = await self._browser.get(urljoin(str(answer.url), address))
        raise AssertionError("too many redirects")


@dataclass(frozen=True, kw_only=True)
class Certlink:
    """A served certlink."""

    settings: Settings
    clock: FrozenClock
    issuers: Issuers
    app: Starlette

    def run_with(self, settings: Settings) -> None:
        """Let the service go on with other settings."""
        self.app.state.runtime = replace(self.app.state.runtime, settings=settings)

    @asynccontextmanager
    async def visitor(self) -> AsyncIterator[Visitor]:
        """Give somebody else a browser of their own."""
        async with AsyncClient(trust_env=False, timeout=30) as browser:
            yield Visitor(self, browser)

    async def add_organization(
        self,
        issuer: OutsideIssuer,
        *,
        name: str = "Contoso",
        invited: tuple[str, ...] = (AMARA,),
        role: MemberRole = MemberRole.MEMBER,
        secret: str | None = None,
        front_ends: tuple[str, ...] = (),
    ) -> int:
        """Write an organization of an issuer as its profile wants it, register its client there, invite people."""
        organization_id = await create_organization(
            name=name,
            domain=mail_domain_of(name),
            issuer=settings_at(issuer, secret=secret, front_ends=front_ends),
            now=self.clock(),
            settings=self.settings,
        )
        await self.register(issuer, organization_id)
        for email in invited:
            await invite_member(
                organization_domain=mail_domain_of(name),
                work_email=email,
                role=role,
                now=self.clock(),
                settings=self.settings,
            )
        return organization_id

    async def move(self, organization_id: int, issuer: OutsideIssuer, *, name: str = "Contoso") -> None:
        """Let an organization change to another issuer, at which it registers our client too."""
        await replace_issuer(
            organization_domain=mail_domain_of(name),
            issuer=settings_at(issuer),
            now=self.clock(),
            settings=self.settings,
        )
        await self.register(issuer, organization_id)

    async def trust_too(self, organization_id: int, issuer: OutsideIssuer, *, name: str = "Contoso") -> None:
        """Let an organization trust one more issuer, at which it registers our client too."""
        await trust_issuer(
            organization_domain=mail_domain_of(name),
            issuer=settings_at(issuer),
            now=self.clock(),
            settings=self.settings,
        )
        await self.register(issuer, organization_id)

    async def register(self, issuer: OutsideIssuer, organization_id: int, **metadata: object) -> None:
        """Do at the issuer what the admin of a company does there: register our client with its addresses."""
        of_issuer = {"organization_id": organization_id, "issuer": issuer.issuer}
        url = self.settings.public_url
        await issuer.register(
            CLIENT_ID,
            sign_in_redirect_uri(url, **of_issuer),  # type: ignore[arg-type]
            post_logout_redirect_uris=[f"{url}/sign-in"],
            **metadata,
        )


def mail_domain_of(name: str) -> str:
    """Return the mail domain of a test's organization."""
    return f"{name.lower()}.example"


def settings_at(
    issuer: OutsideIssuer, *, secret: str | None = None, front_ends: tuple[str, ...] = ()
) -> IssuerSettings:
    """Return what an operator says of an issuer whose kind its profile names."""
    credential: Credential | None = None
    match issuer.profile.authenticates_by:
        case "private_key_jwt":
            credential = read_client_key(client_key().pem)
        case "client_secret_basic" | "client_secret_post":
            credential = ClientSecret(secret=secret or issuer.profile.secret)
    return IssuerSettings(
        issuer=issuer.issuer,
        client_id=CLIENT_ID,
        credential=credential,
        preset=IssuerPreset(issuer.profile.preset.upper()),
        discovery_url=issuer.discovery if "discovery" in issuer.profile.shape else None,
        api_audiences=(API_AUDIENCE,),
        front_end_client_ids=front_ends,
    )


async def press(browser: AsyncClient, page: Response, **button: str) -> Response:
    """Send the only form of an issuer's page by one of its buttons."""
    action = re.search(r'<form[^>]* action="([^"]*)"', page.text)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
    address = urljoin(str(page.url), html.unescape(action[1]) if action else "")
    return await browser.post(address, data=hidden | button)


def heading(page: Response) -> str:
    """Return what a page is about, for the message of a test that fails."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    return f"{page.status_code} {page.url.path}: {found[1] if found else page.text[:200]}"


async def signed_in() -> list[str]:
    """Return the addresses of the members who hold a session."""
    sessions = await BrowserSession.filter(ended_at=None).prefetch_related("member")
    return sorted(session.member.work_email for session in sessions)


async def unchanged(but_for: str = "sign_in") -> dict[str, int]:
    """Return what must be as before where a sign-in was refused: how many rows there are, but for the sign-ins."""
    return {table: rows for table, rows in (await trace()).items() if table not in {"sign_in", but_for}}


async def bindings() -> dict[str, str | None]:
    """Return the subject to which each member is bound, by the address."""
    bound = {row.member_id: row.subject for row in await WorkIdentity.filter(ended_at=None)}
    return {member.work_email: bound.get(member.id) for member in await Member.all()}


async def assert_amara_signs_in(issuer: OutsideIssuer, certlink: Certlink, visitor: Visitor) -> None:
    """Write the issuer's organization, which invites Amara, and let her sign in."""
    await certlink.add_organization(issuer)

    page = await visitor.sign_in()

    assert (page.status_code, page.url.path) == (200, "/profile"), heading(page)
    assert await signed_in() == [AMARA]


async def refused(visitor: Visitor, *, email: str = AMARA, but_for: str = "sign_in") -> Response:
    """Return the page of a sign-in that left nothing behind, but for rows of one table."""
    before = await unchanged(but_for)
    page = await visitor.sign_in(email)
    assert str(page.url).startswith(str(page.url.join("/sign-in"))), page.url
    assert page.status_code >= 400, heading(page)
    assert await signed_in() == []
    assert await unchanged(but_for) == before
    return page
