"""What does certlink remember?

The constraints that guarantee the rules are SQL in the migrations: the model layer cannot state them.
"""

from enum import StrEnum
from typing import Any, Literal, TypeVar, overload

from tortoise import fields
from tortoise.models import Model

from domain.rules.words import (
    AssociationEndReason,
    AttemptStatus,
    CallbackStatus,
    CertificationLevel,
    CompletionKind,
    CreditEndReason,
    CreditEventKind,
    IneligibleReason,
    LearningProvider,
    MemberRole,
    MemberStatus,
    RetirementRule,
)

Word = TypeVar("Word", bound=StrEnum)


@overload
def _word(kind: type[Word], *, null: Literal[False] = False) -> Word: ...
@overload
def _word(kind: type[Word], *, null: Literal[True]) -> Word | None: ...
def _word(kind: type[StrEnum], *, null: bool = False) -> Any:
    """Return a column for one of the programme's words; a new word changes no migration."""
    return fields.CharEnumField(kind, max_length=40, null=null, description=kind.__name__)


def _parent(model: str, children: str, *, null: bool = False) -> Any:
    """Return a reference to the row that this one belongs to, which cannot be deleted before it."""
    parent = f"domain.{model}"
    if null:
        return fields.ForeignKeyField(parent, related_name=children, on_delete=fields.RESTRICT, null=True)
    return fields.ForeignKeyField(parent, related_name=children, on_delete=fields.RESTRICT)


class Organization(Model):
    """A partner company that can be credited."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=200)
    domain = fields.CharField(max_length=253, unique=True)
    issuer = fields.CharField(max_length=500, unique=True)
    client_id = fields.CharField(max_length=200)
    client_secret_sealed = fields.BinaryField(null=True)
    api_audience = fields.CharField(max_length=200)
    created_at = fields.DatetimeField()

    class Meta:
        table = "organization"


class Member(Model):
    """A work account in an organization: invited, active or removed."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = _parent("Organization", "members")
    organization_id: int
    work_email = fields.CharField(max_length=320)
    name = fields.CharField(max_length=200, null=True)
    role = _word(MemberRole)
    status = _word(MemberStatus)
    subject = fields.CharField(max_length=255, null=True)
    invited_at = fields.DatetimeField()
    activated_at = fields.DatetimeField(null=True)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "member"


class SignIn(Model):
    """One try to sign in with a work account, from the click to the issuer's answer."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = _parent("Organization", "sign_ins")
    organization_id: int
    state_hash = fields.BinaryField()
    browser_hash = fields.BinaryField()
    nonce = fields.CharField(max_length=64)
    verifier_sealed = fields.BinaryField()
    return_to = fields.CharField(max_length=500)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in"


class BrowserSession(Model):
    """A member's signed-in browser; the cookie's value is stored hashed."""

    id = fields.BigIntField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = _parent("Member", "browser_sessions")
    member_id: int
    token_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "browser_session"


class LearningAccount(Model):
    """A person's own account at a provider; at Microsoft Learn its profile id is the MCID."""

    id = fields.BigIntField(primary_key=True)
    provider = _word(LearningProvider)
    profile_id = fields.CharField(max_length=100)
    created_at = fields.DatetimeField()

    class Meta:
        table = "learning_account"


class Association(Model):
    """The period in which a member's organization is credited with a learning account's completions."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = _parent("Organization", "associations")
    organization_id: int
    member: fields.ForeignKeyRelation[Member] = _parent("Member", "associations")
    member_id: int
    learning_account: fields.ForeignKeyRelation[LearningAccount] = _parent("LearningAccount", "associations")
    learning_account_id: int
    provider = _word(LearningProvider)
    started_at = fields.DatetimeField()
    cool_off_until = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    end_reason = _word(AssociationEndReason, null=True)

    class Meta:
        table = "association"


class AssociationAttempt(Model):
    """One try to associate, from the click to its outcome."""

    id = fields.BigIntField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = _parent("Member", "association_attempts")
    member_id: int
    provider = _word(LearningProvider)
    status = _word(AttemptStatus)
    ticket_hash = fields.BinaryField()
    state_hash = fields.BinaryField(null=True)
    browser_hash = fields.BinaryField(null=True)
    nonce = fields.CharField(max_length=64, null=True)
    verifier_sealed = fields.BinaryField(null=True)
    return_to = fields.CharField(max_length=500, null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    signed_in_at = fields.DatetimeField(null=True)
    profile_found_at = fields.DatetimeField(null=True)
    unlinked_elsewhere_at = fields.DatetimeField(null=True)
    linked_at = fields.DatetimeField(null=True)
    imported_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    refusal_code = fields.CharField(max_length=40, null=True)
    refusal_available_at = fields.DatetimeField(null=True)
    moved_from = fields.CharField(max_length=200, null=True)
    association: fields.ForeignKeyNullableRelation[Association] = _parent("Association", "attempts", null=True)
    association_id: int | None

    class Meta:
        table = "association_attempt"


class Callback(Model):
    """What a provider sent us: the return of a sign-in; what it carried is sealed and erased once done."""

    id = fields.BigIntField(primary_key=True)
    provider = _word(LearningProvider)
    callback_id = fields.CharField(max_length=100)
    attempt: fields.ForeignKeyRelation[AssociationAttempt] = _parent("AssociationAttempt", "callbacks")
    attempt_id: int
    status = _word(CallbackStatus)
    code_sealed = fields.BinaryField(null=True)
    grant_sealed = fields.BinaryField(null=True)
    provider_error = fields.CharField(max_length=60, null=True)
    received_at = fields.DatetimeField()
    claimable_at = fields.DatetimeField()
    tries = fields.IntField(default=0)
    last_error = fields.CharField(max_length=200, null=True)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "callback"


class Completion(Model):
    """A provider's record that an account earned something, and until when it is valid."""

    id = fields.BigIntField(primary_key=True)
    provider = _word(LearningProvider)
    completion_id = fields.CharField(max_length=200)
    learning_account: fields.ForeignKeyRelation[LearningAccount] = _parent("LearningAccount", "completions")
    learning_account_id: int
    certification = fields.CharField(max_length=100)
    kind = _word(CompletionKind)
    completed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "completion"


class Credit(Model):
    """One completion counted for one organization, from an instant until an instant."""

    id = fields.BigIntField(primary_key=True)
    completion: fields.ForeignKeyRelation[Completion] = _parent("Completion", "credits")
    completion_id: int
    association: fields.ForeignKeyRelation[Association] = _parent("Association", "credits")
    association_id: int
    organization: fields.ForeignKeyRelation[Organization] = _parent("Organization", "credits")
    organization_id: int
    member: fields.ForeignKeyRelation[Member] = _parent("Member", "credits")
    member_id: int
    recorded_at = fields.DatetimeField()
    counts_from = fields.DatetimeField(null=True)
    counts_until = fields.DatetimeField(null=True)
    end_reason = _word(CreditEndReason, null=True)
    ineligible_reason = _word(IneligibleReason, null=True)
    next_event_at = fields.DatetimeField(null=True)

    class Meta:
        table = "credit"


class CreditEvent(Model):
    """What took effect for a credit, recorded once each."""

    id = fields.BigIntField(primary_key=True)
    credit: fields.ForeignKeyRelation[Credit] = _parent("Credit", "events")
    credit_id: int
    kind = _word(CreditEventKind)
    at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "credit_event"


class AuditEvent(Model):
    """Who did what in an organization, append-only and chained by hashes."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = _parent("Organization", "audit_events")
    organization_id: int
    sequence = fields.BigIntField()
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=60)
    action = fields.CharField(max_length=60)
    subject = fields.CharField(max_length=60)
    details: fields.Field[dict[str, object]] = fields.JSONField()
    previous_hash = fields.BinaryField()
    hash = fields.BinaryField()

    class Meta:
        table = "audit_event"


class Certification(Model):
    """What can be earned and counted, from the catalog."""

    code = fields.CharField(max_length=100, primary_key=True)
    title = fields.CharField(max_length=200)
    level = _word(CertificationLevel)
    provider = _word(LearningProvider)
    retires_on = fields.DateField(null=True)
    retirement_rule = _word(RetirementRule, null=True)
    eligible_until = fields.DateField(null=True)

    class Meta:
        table = "certification"
