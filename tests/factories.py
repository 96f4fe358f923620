"""Factories for rows; instants default to the tests' start."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from domain.models import (
    Association,
    AssociationAttempt,
    Completion,
    Credit,
    Invitation,
    LearningAccount,
    Member,
    Organization,
)
from domain.operations.api_clients import NewApiKey, create_api_client
from domain.operations.steps.record_completions import record_completions
from domain.providers.learning import CompletionRecord
from domain.rules.administration import Operator
from domain.rules.enums import (
    AssociationEndReason,
    AttemptStatus,
    CompletionKind,
    LearningProvider,
    MemberRole,
    MemberStatus,
    Scope,
)
from domain.rules.policy import Policy
from domain.rules.visibility import MemberViewer
from domain.secrets import hash_token, new_token
from domain.settings import Settings
from tests.clock import START

_numbers = itertools.count(1)


async def make_organization(name: str = "Contoso", **values: Any) -> Organization:
    """Write an organization whose mail domain follows from its name."""
    domain = f"{name.lower()}.example"
    defaults: dict[str, Any] = {
        "name": name,
        "domain": domain,
        "issuer": f"https://login.{domain}",
        "client_id": "certlink",
        "api_audience": "certlink-api",
        "created_at": START - timedelta(days=400),
    }
    return await Organization.create(**defaults | values)


async def make_member(organization: Organization, *, role: MemberRole = MemberRole.MEMBER, **values: Any) -> Member:
    """Write an active member."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "organization": organization,
        "work_email": f"person{number}@{organization.domain}",
        "name": f"Person {number}",
        "role": role,
        "status": MemberStatus.ACTIVE,
        "subject": f"subject-{number}",
        "invited_at": START - timedelta(days=400),
        "activated_at": START - timedelta(days=399),
    }
    values = defaults | values
    bound = {"issuer": organization.issuer if values["subject"] is not None else None}
    return await Member.create(**bound | values)


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
