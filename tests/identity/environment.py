"""Certlink with organizations of the outside provider's issuers, and a person with a browser."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

from httpx2 import AsyncClient, Response

from domain.models import BrowserSession, Member
from domain.operations.invitations import invite_member
from domain.operations.organizations import change_issuer, create_organization
from domain.providers.oidc import Issuers
from domain.rules.enums import MemberRole
from domain.rules.sign_in import sign_in_redirect_uri
from domain.settings import Settings
from tests.clock import FrozenClock
from tests.identity.outside import OutsideIssuer
from tests.identity.profiles import AMARA, API_AUDIENCE
from tests.sign_in.environment import trace

CLIENT_ID = "certlink-of-contoso"
MAX_REDIRECTS = 20


class Visitor:
    """Somebody with a browser without script, who follows where they are sent."""

    def __init__(self, certlink: "Certlink", browser: AsyncClient) -> None:
        self._certlink = certlink
        self._browser = browser

    async def sign_in(self, email: str = AMARA) -> Response:
        """Type a work e-mail into certlink's page and go on to where that ends."""
        return await self.submit("/sign-in", email=email, return_to="/profile")

    async def submit(self, path: str, **fields: str) -> Response:
        """Send a form of certlink's and follow its redirects."""
        address = f"{self._certlink.settings.public_url}{path}"
        answer = await self._browser.post(address, data=fields, headers={"sec-fetch-site": "same-origin"})
        return await self._follow(answer)

    def cookies(self) -> list[tuple[str, str]]:
        """Return what the browser holds, for another one that shall be the same person's."""
        return [(cookie.name, cookie.value or "") for cookie in self._browser.cookies.jar]

    async def press(self, page: Response, **button: str) -> Response:
        """Send the only form of an issuer's page by one of its buttons, and go on to where that ends."""
        return await self._follow(await press(self._browser, page, **button))

    async def _follow(self, answer: Response) -> Response:
        for _ in range(MAX_REDIRECTS):
            if not answer.is_redirect:
                return answer
            answer = await self._browser.get(urljoin(str(answer.url), answer.headers["location"]))
        raise AssertionError("too many redirects")


@dataclass(frozen=True, kw_only=True)
class Certlink:
    """A served certlink."""

    settings: Settings
    clock: FrozenClock
    issuers: Issuers

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
    ) -> int:
        """Write an organization of an issuer as its profile wants it, register its client there, invite people.

        All that an organization's identity settings are is given here, and nowhere else in these tests.
        """
        domain = f"{name.lower()}.example"
        method = issuer.profile.authenticates_by
        known = issuer.profile.secret if method.startswith("client_secret") else None
        organization_id = await create_organization(
            name=name,
            domain=domain,
            issuer=issuer.issuer,
            client_id=CLIENT_ID,
            client_secret=secret or known,
            api_audience=API_AUDIENCE,
            now=self.clock(),
            settings=self.settings,
        )
        await self.register(issuer, organization_id)
        for email in invited:
            await invite_member(
                organization_domain=domain,
                work_email=email,
                role=role,
                now=self.clock(),
                settings=self.settings,
            )
        return organization_id

    async def move(self, organization_id: int, issuer: OutsideIssuer, *, name: str = "Contoso") -> None:
        """Let an organization change to another issuer, at which it registers our client too."""
        await change_issuer(organization_domain=f"{name.lower()}.example", issuer=issuer.issuer, now=self.clock())
        await self.register(issuer, organization_id)

    async def register(self, issuer: OutsideIssuer, organization_id: int) -> None:
        """Do at the issuer what the admin of a company does there: register our client with its redirect URI."""
        await issuer.register(
            CLIENT_ID,
            sign_in_redirect_uri(self.settings.public_url, organization_id=organization_id, issuer=issuer.issuer),
            post_logout_redirect_uris=[f"{self.settings.public_url}/sign-in"],
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


async def unchanged() -> dict[str, int]:
    """Return what must be as before where a sign-in was refused: how many rows there are, but for the sign-ins."""
    return {table: rows for table, rows in (await trace()).items() if table != "sign_in"}


async def bindings() -> dict[str, str | None]:
    """Return each member's subject, by the address."""
    return {member.work_email: member.subject for member in await Member.all()}
