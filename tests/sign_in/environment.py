"""Certlink's operations and the sandbox's issuers in one process."""

from dataclasses import dataclass

from httpx2 import AsyncClient

from domain.database.pool import execute, fetch_rows, fetch_value
from domain.models import AssociationAttempt, Callback, IdentityIssuer, Member, Organization
from domain.operations.attempts import open_attempt, start_association
from domain.operations.callbacks import ReceivedCallback, process_callback, receive_callback
from domain.operations.organizations import IssuerSettings, create_organization
from domain.operations.sign_in import CompletedSignIn, complete_sign_in, start_sign_in
from domain.operations.steps.authorization import SignInPage
from domain.providers.client_authentication import ClientSecret
from domain.providers.oidc import Issuers
from domain.rules.enums import LearningProvider, MemberRole, MemberStatus
from domain.rules.visibility import MemberViewer
from domain.settings import Settings
from sandbox.personas import WORK_PERSONAS
from sandbox.state import API_AUDIENCE, CLIENT_ID, CLIENT_SECRET
from tests.clock import FrozenClock
from tests.factories import sign_in_at
from tests.sign_in.person import Answer, Person
from tests.sign_in.tcp_proxy import Line

LEARN, UNIVERSITY = LearningProvider.MICROSOFT_LEARN, LearningProvider.PARTNER_UNIVERSITY
# Rows that an attempt writes whatever becomes of it.
OF_ATTEMPTS = ("association_attempt", "callback")


@dataclass(frozen=True, kw_only=True)
class Returned:
    """A browser that an issuer sent back, and the token by which it is known."""

    answer: Answer
    browser_token: str


@dataclass(frozen=True, kw_only=True)
class World:
    """One sandbox, one certlink and one person, at the clock's instant."""

    settings: Settings
    clock: FrozenClock
    line: Line
    issuers: Issuers
    browser: AsyncClient

    @property
    def person(self) -> Person:
        """Somebody with a browser."""
        return Person(self.browser)

    def issuer(self, key: str) -> str:
        """Return the address of one of the sandbox's issuers."""
        return str(self.browser.base_url.join(key))

    async def fault(self, issuer: str, **knobs: object) -> None:
        """Let an issuer misbehave."""
        answer = await self.browser.post("/faults", json={"issuer": issuer, **knobs})
        assert answer.status_code == 200, answer.text

    async def organization(self, name: str = "Contoso") -> Organization:
        """Return an organization of the sandbox's people, written on first use."""
        domain = f"{name.lower()}.example"
        if not await Organization.exists(domain=domain):
            await create_organization(
                name=name,
                domain=domain,
                issuer=self.settings_of(self.issuer(f"work/{name.lower()}")),
                now=self.clock(),
                settings=self.settings,
            )
        return await Organization.get(domain=domain)

    def settings_of(self, issuer: str) -> IssuerSettings:
        """Return what an operator says of one of the sandbox's issuers."""
        return IssuerSettings(
            issuer=issuer,
            client_id=CLIENT_ID,
            credential=ClientSecret(secret=CLIENT_SECRET),
            api_audiences=(API_AUDIENCE,),
        )

    async def invite(self, email: str) -> Member:
        """Write an invitation of somebody to the organization of their address."""
        name = email.rpartition("@")[2].partition(".")[0].title()
        return await Member.create(
            organization=await self.organization(name),
            work_email=email,
            role=MemberRole.MEMBER,
            status=MemberStatus.INVITED,
            invited_at=self.clock(),
        )

    async def member(self, key: str = "amara") -> MemberViewer:
        """Return a work persona who is an active member."""
        persona = next(persona for persona in WORK_PERSONAS if persona.key == key)
        await self.invite(persona.email)
        issuer = await IdentityIssuer.get(issuer=self.issuer(persona.issuer), removed_at=None)
        return await sign_in_at(
            issuer, subject=persona.subject, email=persona.email, name=persona.name, now=self.clock()
        )

    async def go_to_work_issuer(self, email: str, **choice: str) -> Returned:
        """Begin a sign-in with a work e-mail and choose a persona at the issuer."""
        started = await start_sign_in(
            email=email, return_to="/", now=self.clock(), settings=self.settings, issuers=self.issuers
        )
        return Returned(
            answer=await self.person.choose(started.location, **choice), browser_token=started.browser_token
        )

    async def come_back(self, returned: Returned, **changes: str | None) -> CompletedSignIn:
        """Bring an issuer's answer home, with parts of it changed on the way."""
        answer = returned.answer
        sent = {
            "redirected_to": answer.path.rpartition("/")[2],
            "state": answer.state,
            "code": answer.code,
            "error": answer.error,
            "issuer": answer.issuer,
            "browser_token": returned.browser_token,
        } | changes
        return await complete_sign_in(**sent, now=self.clock(), settings=self.settings, issuers=self.issuers)  # type: ignore[arg-type]

    async def sign_in(self, email: str, persona: str) -> CompletedSignIn:
        """Sign in with a work account."""
        return await self.come_back(await self.go_to_work_issuer(email, persona=persona))

    async def begin(self, viewer: MemberViewer, provider: LearningProvider = LEARN) -> str:
        """Start an attempt and return the ticket of its one-time address."""
        started = await start_association(
            viewer=viewer, provider=provider, return_to=None, now=self.clock(), settings=self.settings
        )
        return started.authorization_url.rpartition("/")[2]

    async def open(self, ticket: str, viewer: MemberViewer | None, *, confirmed: bool = False) -> SignInPage:
        """Visit the one-time address."""
        return await open_attempt(
            ticket=ticket,
            viewer=viewer,
            confirmed=confirmed,
            now=self.clock(),
            settings=self.settings,
            issuers=self.issuers,
        )

    async def go_to_provider(
        self, viewer: MemberViewer, provider: LearningProvider = LEARN, *, persona: str = "amara-learn", **choice: str
    ) -> Returned:
        """Start an attempt and choose an account at the provider."""
        opened = await self.open(await self.begin(viewer, provider), viewer)
        answer = await self.person.choose(opened.location, **choice or {"persona": persona})
        assert answer.path == f"/callbacks/{provider.slug}"
        return Returned(answer=answer, browser_token=opened.browser_token)

    async def receive(
        self, returned: Returned, provider: LearningProvider = LEARN, **changes: str | None
    ) -> ReceivedCallback:
        """Take a provider's callback, with parts of it changed on the way."""
        answer = returned.answer
        sent = {
            "state": answer.state,
            "code": answer.code,
            "error": answer.error,
            "issuer": answer.issuer,
            "browser_token": returned.browser_token,
        } | changes
        return await receive_callback(provider=provider, **sent, now=self.clock(), settings=self.settings)  # type: ignore[arg-type]

    async def call_back(
        self, viewer: MemberViewer, provider: LearningProvider = LEARN, *, persona: str = "amara-learn", **choice: str
    ) -> int:
        """Go through an attempt up to its callback, which waits for a worker; return the attempt's number."""
        returned = await self.go_to_provider(viewer, provider, persona=persona, **choice)
        return (await self.receive(returned, provider)).attempt_id

    async def process(self) -> bool:
        """Let a worker take one callback."""
        return await process_callback(now=self.clock(), settings=self.settings, issuers=self.issuers)

    async def link(
        self, viewer: MemberViewer, provider: LearningProvider = LEARN, *, persona: str = "amara-learn", **choice: str
    ) -> AssociationAttempt:
        """Go through an attempt to its end."""
        attempt_id = await self.call_back(viewer, provider, persona=persona, **choice)
        assert await self.process()
        return await attempt(attempt_id)


async def attempt(attempt_id: int) -> AssociationAttempt:
    """Return an attempt as it is now."""
    return await AssociationAttempt.get(id=attempt_id)


async def callback_of(attempt_id: int) -> Callback:
    """Return an attempt's only callback."""
    return await Callback.get(attempt_id=attempt_id)


async def let_the_lease_lapse() -> None:
    """Let every pending callback be leased again at once."""
    await execute("UPDATE callback SET claimable_at = clock_timestamp() WHERE status = 'PENDING'")


@dataclass(frozen=True, kw_only=True)
class _Table:
    table_name: str


async def trace() -> dict[str, int]:
    """Return how many rows each table holds, without attempts and their callbacks."""
    tables = await fetch_rows(
        _Table,
        """SELECT table_name::text FROM information_schema.tables
           WHERE table_schema = 'public' AND table_name <> ALL($1::text[]) ORDER BY 1""",
        OF_ATTEMPTS,
    )
    return {table.table_name: await fetch_value(f'SELECT count(*) FROM "{table.table_name}"') for table in tables}
