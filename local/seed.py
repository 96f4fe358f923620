"""Seed data: two organizations, and an account to move between them."""

from datetime import datetime, timedelta

from certlink.clock import programme_clock
from domain.models import Member
from domain.operations.associations import associate
from domain.operations.attempts import start_association
from domain.operations.credits import propagate_credits
from domain.operations.invitations import invite_member
from domain.operations.members import activate_member
from domain.operations.organizations import IssuerSettings, create_organization, replace_issuer
from domain.providers.client_authentication import ClientSecret
from domain.providers.learning import CompletionRecord
from domain.queries.issuers import issuer_or_raise
from domain.queries.organizations import organizations
from domain.rules.enums import CompletionKind, LearningProvider, MemberRole
from domain.rules.identity import Identity
from domain.settings import Settings
from sandbox.issuers import CONTOSO, FABRIKAM, Issuer
from sandbox.personas import LEARNING_PERSONAS, WORK_PERSONAS, WorkPersona
from sandbox.state import API_AUDIENCE, CLIENT_ID, CLIENT_SECRET
from sandbox.transcript_rows import completions_of

ADMINS = {"nadia", "felix"}
LINKED_ELSEWHERE = {"mei-fabrikam": "mei-learn"}
# Long enough ago for the cool-off to be over, so that the account can be moved at once.
LINKED_DAYS_AGO = 45


async def seed(settings: Settings, *, sandbox_url: str) -> None:
    """Write the organizations and people of the sandbox at an address; what is there already stays as it is."""
    now = programme_clock(settings)()
    joined_at = now - timedelta(days=LINKED_DAYS_AGO)
    for issuer in (CONTOSO, FABRIKAM):
        await _add_organization(issuer, issuer.url(sandbox_url), settings=settings, now=joined_at)
    for persona in WORK_PERSONAS:
        await _add_member(persona, sandbox_url, settings=settings, now=joined_at)
    await propagate_credits(now=now)


async def _add_organization(issuer: Issuer, address: str, *, settings: Settings, now: datetime) -> None:
    domain = _domain(issuer)
    trusted = IssuerSettings(
        issuer=address,
        client_id=CLIENT_ID,
        credential=ClientSecret(secret=CLIENT_SECRET),
        api_audiences=(API_AUDIENCE,),
    )
    existing = {organization.domain: organization for organization in await organizations()}
    if domain not in existing:
        await create_organization(name=issuer.name, domain=domain, issuer=trusted, now=now, settings=settings)
    # Another port than last time makes another address of the same issuer.
    elif trusted.issuer not in existing[domain].issuers:
        await replace_issuer(organization_domain=domain, issuer=trusted, now=now, settings=settings)


async def _add_member(persona: WorkPersona, sandbox_url: str, *, settings: Settings, now: datetime) -> None:
    issuer = next(issuer for issuer in (CONTOSO, FABRIKAM) if issuer.key == persona.issuer)
    if await Member.exists(organization__domain=_domain(issuer), work_email=persona.email):
        return
    role = MemberRole.ACCOUNT_ADMIN if persona.key in ADMINS else MemberRole.MEMBER
    await invite_member(
        organization_domain=_domain(issuer), work_email=persona.email, role=role, now=now, settings=settings
    )
    if persona.key in LINKED_ELSEWHERE:
        await _link(persona, issuer.url(sandbox_url), settings=settings, now=now)


async def _link(persona: WorkPersona, issuer: str, *, settings: Settings, now: datetime) -> None:
    trusted = await issuer_or_raise(persona.email.rpartition("@")[2], issuer)
    identity = Identity(issuer=trusted.issuer, subject=persona.subject, address=persona.email, name=persona.name)
    viewer = await activate_member(identity=identity, identity_issuer_id=trusted.id, now=now)
    account = next(account for account in LEARNING_PERSONAS if account.key == LINKED_ELSEWHERE[persona.key])
    assert account.profile_id is not None
    started = await start_association(
        viewer=viewer, provider=LearningProvider.MICROSOFT_LEARN, return_to=None, now=now, settings=settings
    )
    records = [
        CompletionRecord(
            completion_id=row["completionId"],
            certification=row["certification"],
            kind=CompletionKind(row["kind"]),
            completed_at=datetime.fromisoformat(row["completedAt"]),
            expires_at=datetime.fromisoformat(row["expiresAt"]) if row["expiresAt"] else None,
            revoked_at=None,
        )
        for row in completions_of(account, now.date() + timedelta(days=LINKED_DAYS_AGO))
    ]
    await associate(
        attempt_id=started.attempt_id,
        profile_id=account.profile_id,
        # The transcript is today's: it also holds what was earned since.
        completions=[record for record in records if record.completed_at <= now],
        now=now,
        policy=settings.policy,
    )


def _domain(issuer: Issuer) -> str:
    return f"{issuer.name.lower()}.example"
