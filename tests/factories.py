"""Factories for rows; instants default to the tests' start."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from domain.database.transaction import transaction
from domain.models import (
    AccountReplacement,
    Association,
    AssociationAttempt,
    Completion,
    Credit,
    IdentityIssuer,
    Invitation,
    LearningAccount,
    MailDomain,
    Member,
    Organization,
    WorkIdentity,
)
from domain.operations.api_clients import NewApiKey, create_api_client
from domain.operations.members import activate_member
from domain.operations.organizations import IssuerSettings
from domain.operations.steps.record_completions import record_completions
from domain.providers.learning import CompletionRecord
from domain.rules.administration import Operator
from domain.rules.enums import (
    AddressTrust,
    AssociationEndReason,
    AttemptStatus,
    CompletionKind,
    IssuerPreset,
    LearningProvider,
    MemberRole,
    MemberStatus,
    Scope,
)
from domain.rules.identity import Identity, IssuerTrust, identify
from domain.rules.policy import Policy
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token, new_token
from domain.settings import Settings
from tests.clock import START

_numbers = itertools.count(1)


async def make_organization(name: str = "Contoso", *, issuer: str | None = None, **values: Any) -> Organization:
    """Write an organization whose mail domain follows from its name, with an issuer."""
    domain = f"{name.lower()}.example"
    defaults: dict[str, Any] = {"name": name, "domain": domain, "created_at": START - timedelta(days=400)}
    values = defaults | values
    async with transaction():
        organization = await Organization.create(**values)
        await MailDomain.create(
            organization=organization, domain=organization.domain, created_at=organization.created_at
        )
    await make_issuer(organization, issuer=issuer or f"https://login.{organization.domain}")
    return organization


async def make_issuer(organization: Organization, **values: Any) -> IdentityIssuer:
    """Write an issuer that an organization trusts."""
    defaults: dict[str, Any] = {
        "organization": organization,
        "issuer": f"https://login.{organization.domain}",
        "preset": IssuerPreset.GENERIC,
        "address_trust": AddressTrust.VERIFIED,
        "address_claims": ["email"],
        "subject_claims": ["sub"],
        "client_id": "certlink",
        "api_audiences": ["certlink-api"],
        "access_token_issuers": [],
        "front_end_client_ids": [],
        "created_at": organization.created_at,
    }
    return await IdentityIssuer.create(**defaults | values)


async def issuer_of(organization: Organization) -> IdentityIssuer:
    """Return the newest issuer that an organization trusts."""
    issuer = await IdentityIssuer.filter(organization_id=organization.id, removed_at=None).order_by("-id").first()
    assert issuer is not None
    return issuer


async def make_member(
    organization: Organization, *, role: MemberRole = MemberRole.MEMBER, subject: str | None = "", **values: Any
) -> Member:
    """Write an active member, bound to a subject of the organization's newest issuer unless that is ``None``."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "organization": organization,
        "work_email": f"person{number}@{organization.domain}",
        "name": f"Person {number}",
        "role": role,
        "status": MemberStatus.ACTIVE,
        "invited_at": START - timedelta(days=400),
        "activated_at": START - timedelta(days=399),
    }
    member = await Member.create(**defaults | values)
    if subject is not None:
        await bind(member, subject or f"subject-{number}")
    return member


async def bind(member: Member, subject: str) -> WorkIdentity:
    """Bind a member to a subject of their organization's newest issuer."""
    issuer = await issuer_of(await Organization.get(id=member.organization_id))
    return await WorkIdentity.create(
        member=member,
        identity_issuer=issuer,
        issuer=issuer.issuer,
        subject=subject,
        bound_at=member.activated_at or START,
        ended_at=member.removed_at,
    )


async def sign_in_at(
    issuer: IdentityIssuer,
    *,
    email: str | None,
    subject: str = "1",
    verified: object = True,
    name: str | None = None,
    now: datetime = START,
) -> MemberViewer:
    """Let an issuer's claims identify somebody, and find or bind the member they are."""
    identity = await identity_at(issuer, email=email, subject=subject, verified=verified, name=name)
    return await activate_member(identity=identity, identity_issuer_id=issuer.id, now=now)


async def identity_at(
    issuer: IdentityIssuer, *, email: str | None, subject: str = "1", verified: object = True, name: str | None = None
) -> Identity:
    """Return the person whom an issuer's claims speak of, also those of an issuer that is trusted no more."""
    mail_domains = await MailDomain.filter(organization_id=issuer.organization_id).values_list("domain", flat=True)
    trust = IssuerTrust(
        issuer=issuer.issuer,
        address_trust=issuer.address_trust,
        address_claims=tuple(issuer.address_claims),
        subject_claims=tuple(issuer.subject_claims),
        mail_domains=frozenset(map(str, mail_domains)),
    )
    claims = {"iss": issuer.issuer, "sub": subject, "email": email, "email_verified": verified, "name": name}
    return identify({claim: value for claim, value in claims.items() if value is not None}, trust)


async def make_new_account(member: Member, subject: str = "made-anew", **values: Any) -> AccountReplacement:
    """Write that somebody with a member's address has signed in with another account of the organization's issuer."""
    issuer = await issuer_of(await Organization.get(id=member.organization_id))
    defaults: dict[str, Any] = {
        "member": member,
        "identity_issuer": issuer,
        "issuer": issuer.issuer,
        "subject": subject,
        "requested_at": START,
    }
    return await AccountReplacement.create(**defaults | values)


def issuer_settings(issuer: str, **values: Any) -> IssuerSettings:
    """Return what an operator says of an issuer, the rest of it as the preset has it."""
    return IssuerSettings(**{"issuer": issuer, "client_id": "certlink"} | values)


async def subject_of(member: Member) -> str:
    """Return the subject that a member is bound to, or was last."""
    identity = await WorkIdentity.filter(member_id=member.id).order_by("-id").first()
    assert identity is not None
    return identity.subject


async def make_invitation(member: Member, **values: Any) -> Invitation:
    """Write the invitation that a member answered when they first came, or that still waits for them."""
    defaults: dict[str, Any] = {
        "organization_id": member.organization_id,
        "member": member,
        "requested_at": member.invited_at,
        "sent_at": member.invited_at,
        "send_count": 1,
        "responded_at": member.activated_at,
    }
    return await Invitation.create(**defaults | values)


async def make_association(
    member: Member,
    *,
    profile_id: str | None = None,
    provider: LearningProvider = LearningProvider.MICROSOFT_LEARN,
    started_at: datetime = START,
    **values: Any,
) -> Association:
    """Write an association with an account of its own, or with the one that has the profile id."""
    account, _ = await LearningAccount.get_or_create(
        provider=provider,
        profile_id=profile_id or f"99{next(_numbers):07}",
        defaults={"created_at": started_at},
    )
    defaults: dict[str, Any] = {
        "organization_id": member.organization_id,
        "member": member,
        "learning_account": account,
        "provider": provider,
        "started_at": started_at,
        "cool_off_until": started_at + Policy().cool_off,
    }
    association = await Association.create(**defaults | values)
    await make_attempt(
        member, provider=provider, status=AttemptStatus.ASSOCIATED, association=association, finished_at=started_at
    )
    return association


async def make_attempt(
    member: Member, *, provider: LearningProvider = LearningProvider.MICROSOFT_LEARN, **values: Any
) -> AssociationAttempt:
    """Write an attempt that has just been started."""
    defaults: dict[str, Any] = {
        "member": member,
        "provider": provider,
        "status": AttemptStatus.AWAITING_SIGN_IN,
        "ticket_hash": hash_token(new_token()),
        "created_at": START,
        "expires_at": START + Policy().attempt_lifetime,
    }
    return await AssociationAttempt.create(**defaults | values)


async def make_refused(member: Member, *, profile_id: str, days: int, **values: Any) -> AssociationAttempt:
    """Write an attempt of today that an account's history refused, until some days from now."""
    organization = await Organization.get_or_none(name="Northwind") or await make_organization("Northwind")
    elsewhere = await make_association(
        await make_member(organization),
        profile_id=profile_id,
        started_at=START - Policy().cool_off + timedelta(days=days),
        ended_at=START,
        end_reason=AssociationEndReason.REMOVED,
    )
    defaults: dict[str, Any] = {
        "status": AttemptStatus.REFUSED,
        "finished_at": START,
        "refusal_code": "COOL_OFF_ACTIVE",
        "refusal_available_at": START + timedelta(days=days),
        "refusal_account_id": elsewhere.learning_account_id,
    }
    return await make_attempt(member, **defaults | values)


async def make_credit(
    association: Association,
    *,
    certification: str = "AZ-104",
    completed_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Credit:
    """Write a completion of the association's account and the credit that the rules give for it."""
    record = completion_record(
        certification, completed_at=completed_at or association.started_at, expires_at=expires_at
    )
    await record_completions(association.id, [record], now=association.started_at, policy=Policy())
    completion = await Completion.get(provider=association.provider, completion_id=record.completion_id)
    return await Credit.get(completion=completion, association=association)


async def make_api_client(
    organization: Organization, *scopes: Scope, settings: Settings, now: datetime = START
) -> NewApiKey:
    """Let the operator create an API client with scopes, all unless any is given; return its key."""
    return await create_api_client(
        by=Operator(organization_id=organization.id),
        name="Report reader",
        scopes=scopes or tuple(Scope),
        now=now,
        settings=settings,
    )


def completion_record(
    certification: str = "AZ-104",
    *,
    completion_id: str | None = None,
    completed_at: datetime = START - timedelta(days=30),
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
) -> CompletionRecord:
    """Return what a provider's transcript says of one completion; it expires a year after it was completed."""
    return CompletionRecord(
        completion_id=completion_id or f"msl-{next(_numbers)}",
        certification=certification,
        kind=CompletionKind.CERTIFICATION,
        completed_at=completed_at,
        expires_at=expires_at or completed_at + timedelta(days=365),
        revoked_at=revoked_at,
    )


def viewer_of(member: Member) -> MemberViewer:
    """Return the member as somebody who asks."""
    return MemberViewer(member_id=member.id, organization_id=member.organization_id, role=member.role)
