"""Database models."""

from enum import StrEnum
from typing import Any, Literal, TypeVar, overload

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from domain.rules.enums import (
    AddressTrust,
    AssociationEndReason,
    AttemptStatus,
    CallbackStatus,
    CertificationLevel,
    CompletionKind,
    CredentialKind,
    CreditEndReason,
    CreditEventKind,
    DeliveryProblem,
    IneligibleReason,
    IssuerPreset,
    LearningProvider,
    MemberRole,
    MemberStatus,
    RetirementRule,
    Scope,
    Track,
)

Kind = TypeVar("Kind", bound=StrEnum)


@overload
def enum(kind: type[Kind], *, null: Literal[False] = False) -> Kind: ...
@overload
def enum(kind: type[Kind], *, null: Literal[True]) -> Kind | None: ...
def enum(kind: type[StrEnum], *, null: bool = False) -> Any:
    """Return a column for an enum; a new member changes no migration."""
    # Tortoise's own description lists the members.
    return fields.CharEnumField(kind, max_length=40, null=null, description=kind.__name__)


def parent(model: str, children: str, *, null: bool = False) -> Any:
    """Return a foreign key to a row that cannot be deleted before this one."""
    parent = f"domain.{model}"
    if null:
        return fields.ForeignKeyField(parent, related_name=children, on_delete=fields.RESTRICT, null=True)
    return fields.ForeignKeyField(parent, related_name=children, on_delete=fields.RESTRICT)


# The constraints that guarantee the rules are SQL in the migrations: the model layer cannot state them.
class Organization(Model):
    """A partner company that can be credited."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=200)
    domain = fields.CharField(max_length=253, unique=True)
    track = enum(Track, null=True)
    # The chain alone cannot tell that its last events are missing.
    audit_length = fields.BigIntField(default=0, db_default=0)
    created_at = fields.DatetimeField()

    class Meta:
        table = "organization"


class MailDomain(Model):
    """A mail domain of an organization, in A-label form."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "mail_domains")
    organization_id: int
    domain = fields.CharField(max_length=253, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "mail_domain"


class IdentityIssuer(Model):
    """An OpenID Connect issuer at which an organization's people sign in, and what of its claims is trusted."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "identity_issuers")
    organization_id: int
    issuer = fields.CharField(max_length=500)
    discovery_url = fields.CharField(max_length=500, null=True)
    preset = enum(IssuerPreset)
    address_trust = enum(AddressTrust)
    address_claims: fields.Field[list[str]] = ArrayField(element_type="text")
    subject_claims: fields.Field[list[str]] = ArrayField(element_type="text")
    client_id = fields.CharField(max_length=200)
    api_audiences: fields.Field[list[str]] = ArrayField(element_type="text")
    access_token_issuers: fields.Field[list[str]] = ArrayField(element_type="text")
    front_end_client_ids: fields.Field[list[str]] = ArrayField(element_type="text")
    created_at = fields.DatetimeField()
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_issuer"


class IssuerCredential(Model):
    """A secret or private key of our client at an issuer, sealed; two live at a time while one replaces the other."""

    id = fields.BigIntField(primary_key=True)
    identity_issuer: fields.ForeignKeyRelation[IdentityIssuer] = parent("IdentityIssuer", "credentials")
    identity_issuer_id: int
    slot = fields.SmallIntField()
    kind = enum(CredentialKind)
    sealed = fields.BinaryField()
    thumbprint = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "issuer_credential"


class Member(Model):
    """A work account in an organization: invited, active or removed."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "members")
    organization_id: int
    work_email = fields.CharField(max_length=320)
    name = fields.CharField(max_length=200, null=True)
    role = enum(MemberRole)
    status = enum(MemberStatus)
    invited_at = fields.DatetimeField()
    activated_at = fields.DatetimeField(null=True)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "member"


class WorkIdentity(Model):
    """A subject of an issuer that a member is bound to, until the organization no longer trusts the issuer."""

    id = fields.BigIntField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = parent("Member", "work_identities")
    member_id: int
    identity_issuer: fields.ForeignKeyRelation[IdentityIssuer] = parent("IdentityIssuer", "work_identities")
    identity_issuer_id: int
    issuer = fields.CharField(max_length=500)
    subject = fields.CharField(max_length=255)
    bound_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "work_identity"


class AccountReplacement(Model):
    """A new work account with a member's address, which waits for an admin to say that it is the same person's."""

    id = fields.BigIntField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = parent("Member", "account_replacements")
    member_id: int
    identity_issuer: fields.ForeignKeyRelation[IdentityIssuer] = parent("IdentityIssuer", "account_replacements")
    identity_issuer_id: int
    issuer = fields.CharField(max_length=500)
    subject = fields.CharField(max_length=255)
    requested_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    is_confirmed = fields.BooleanField(null=True)

    class Meta:
        table = "account_replacement"


class SignIn(Model):
    """A sign-in with a work account, from the click to the issuer's answer."""

    id = fields.BigIntField(primary_key=True)
    identity_issuer: fields.ForeignKeyRelation[IdentityIssuer] = parent("IdentityIssuer", "sign_ins")
    identity_issuer_id: int
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
    """A member's signed-in browser; the cookie's value is stored hashed, and what its issuer gave is sealed."""

    id = fields.BigIntField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = parent("Member", "browser_sessions")
    member_id: int
    work_identity: fields.ForeignKeyNullableRelation[WorkIdentity] = parent(
        "WorkIdentity", "browser_sessions", null=True
    )
    work_identity_id: int | None
    token_hash = fields.BinaryField()
    issuer_session = fields.CharField(max_length=255, null=True)
    id_token_sealed = fields.BinaryField(null=True)
    refresh_sealed = fields.BinaryField(null=True)
    next_check_at = fields.DatetimeField(null=True)
    check_leased_until = fields.DatetimeField(null=True)
    check_tries = fields.IntField(default=0, db_default=0)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "browser_session"


class LearningAccount(Model):
    """A person's own account at a provider; at Microsoft Learn its profile id is the MCID."""

    id = fields.BigIntField(primary_key=True)
    provider = enum(LearningProvider)
    profile_id = fields.CharField(max_length=100)
    created_at = fields.DatetimeField()

    class Meta:
        table = "learning_account"


class Association(Model):
    """The period in which a member's organization is credited with a learning account's completions."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "associations")
    organization_id: int
    member: fields.ForeignKeyRelation[Member] = parent("Member", "associations")
    member_id: int
    learning_account: fields.ForeignKeyRelation[LearningAccount] = parent("LearningAccount", "associations")
    learning_account_id: int
    provider = enum(LearningProvider)
    started_at = fields.DatetimeField()
    # It stays what it was when the cool-off's setting changes; constraints refuse another start before it.
    cool_off_until = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    end_reason = enum(AssociationEndReason, null=True)
    grant_sealed = fields.BinaryField(null=True)
    transcript_read_at = fields.DatetimeField(null=True)
    next_read_at = fields.DatetimeField(null=True)
    grant_refused_at = fields.DatetimeField(null=True)
    read_tries = fields.IntField(default=0, db_default=0)
    read_leased_until = fields.DatetimeField(null=True)
    read_error = fields.CharField(max_length=60, null=True)

    class Meta:
        table = "association"


class AssociationAttempt(Model):
    """An attempt to associate, from the click to its outcome."""

    id = fields.BigIntField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = parent("Member", "association_attempts")
    member_id: int
    provider = enum(LearningProvider)
    status = enum(AttemptStatus)
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
    refusal_account: fields.ForeignKeyNullableRelation[LearningAccount] = parent(
        "LearningAccount", "refused_attempts", null=True
    )
    refusal_account_id: int | None
    moved_from = fields.CharField(max_length=200, null=True)
    association: fields.ForeignKeyNullableRelation[Association] = parent("Association", "attempts", null=True)
    association_id: int | None

    class Meta:
        table = "association_attempt"


class Callback(Model):
    """A provider's answer to a sign-in; its code and grant are sealed, and erased when it is processed."""

    id = fields.BigIntField(primary_key=True)
    provider = enum(LearningProvider)
    callback_id = fields.CharField(max_length=100)
    attempt: fields.ForeignKeyRelation[AssociationAttempt] = parent("AssociationAttempt", "callbacks")
    attempt_id: int
    status = enum(CallbackStatus)
    code_sealed = fields.BinaryField(null=True)
    grant_sealed = fields.BinaryField(null=True)
    issuer = fields.TextField(null=True)
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
    provider = enum(LearningProvider)
    completion_id = fields.CharField(max_length=200)
    learning_account: fields.ForeignKeyRelation[LearningAccount] = parent("LearningAccount", "completions")
    learning_account_id: int
    certification = fields.CharField(max_length=100)
    kind = enum(CompletionKind)
    completed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    observed_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "completion"


class Credit(Model):
    """One completion counted for one organization, from an instant until an instant."""

    id = fields.BigIntField(primary_key=True)
    completion: fields.ForeignKeyRelation[Completion] = parent("Completion", "credits")
    completion_id: int
    association: fields.ForeignKeyRelation[Association] = parent("Association", "credits")
    association_id: int
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "credits")
    organization_id: int
    member: fields.ForeignKeyRelation[Member] = parent("Member", "credits")
    member_id: int
    sequence = fields.IntField(default=1, db_default=1)
    recorded_at = fields.DatetimeField()
    counts_from = fields.DatetimeField(null=True)
    counts_until = fields.DatetimeField(null=True)
    end_reason = enum(CreditEndReason, null=True)
    ineligible_reason = enum(IneligibleReason, null=True)
    next_event_at = fields.DatetimeField(null=True)

    class Meta:
        table = "credit"


class CreditEvent(Model):
    """The beginning or end of a credit's counting, recorded once each."""

    id = fields.BigIntField(primary_key=True)
    credit: fields.ForeignKeyRelation[Credit] = parent("Credit", "events")
    credit_id: int
    kind = enum(CreditEventKind)
    at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "credit_event"


class Invitation(Model):
    """An invitation by work e-mail to become a member; its message waits for delivery while it is claimable."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "invitations")
    organization_id: int
    member: fields.ForeignKeyRelation[Member] = parent("Member", "invitations")
    member_id: int
    requested_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    send_count = fields.IntField(default=0)
    responded_at = fields.DatetimeField(null=True)
    canceled_at = fields.DatetimeField(null=True)
    delivery_problem = enum(DeliveryProblem, null=True)
    claimable_at = fields.DatetimeField(null=True)
    tries = fields.IntField(default=0)

    class Meta:
        table = "invitation"


class ApiClient(Model):
    """A program of an organization that reads by API keys; without a creator where the operator made it."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "api_clients")
    organization_id: int
    name = fields.CharField(max_length=100)
    scopes: fields.Field[list[Scope]] = ArrayField(element_type="text")
    created_at = fields.DatetimeField()
    created_by: fields.ForeignKeyNullableRelation[Member] = parent("Member", "api_clients", null=True)
    created_by_id: int | None
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_client"


class ApiKey(Model):
    """A key by which an API client authenticates until it ends or expires; its secret is stored hashed."""

    id = fields.BigIntField(primary_key=True)
    api_client: fields.ForeignKeyRelation[ApiClient] = parent("ApiClient", "keys")
    api_client_id: int
    slot = fields.SmallIntField()
    prefix = fields.CharField(max_length=20)
    key_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"


class ScimToken(Model):
    """A token by which an organization's directory provisions its people; its secret is stored hashed."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "scim_tokens")
    organization_id: int
    slot = fields.SmallIntField()
    prefix = fields.CharField(max_length=30)
    token_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "scim_token"


class DirectoryUser(Model):
    """A user as the organization's directory sent it, and the member it became."""

    id = fields.UUIDField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "directory_users")
    organization_id: int
    member: fields.ForeignKeyNullableRelation[Member] = parent("Member", "directory_users", null=True)
    member_id: int | None
    user_name = fields.CharField(max_length=320)
    external_id = fields.CharField(max_length=255, null=True)
    is_active = fields.BooleanField()
    resource: fields.Field[dict[str, object]] = fields.JSONField()
    version = fields.BigIntField(default=1, db_default=1)
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "directory_user"


class IdempotencyKey(Model):
    """A member's request under a key, as a fingerprint, and its sealed outcome; kept until it expires."""

    id = fields.BigIntField(primary_key=True)
    # No foreign key: its check would lock the member's row out of the order in which operations lock members.
    member_id = fields.BigIntField()
    key = fields.CharField(max_length=255)
    fingerprint = fields.BinaryField()
    outcome_sealed = fields.BinaryField(null=True)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "idempotency_key"


class AuditEvent(Model):
    """Who did what in an organization, append-only and chained by hashes."""

    id = fields.BigIntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = parent("Organization", "audit_events")
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
    """A certification of the catalog."""

    code = fields.CharField(max_length=100, primary_key=True)
    title = fields.CharField(max_length=200)
    level = enum(CertificationLevel)
    provider = enum(LearningProvider)
    retires_on = fields.DateField(null=True)
    retirement_rule = enum(RetirementRule, null=True)
    eligible_until = fields.DateField(null=True)

    class Meta:
        table = "certification"


class Level(Model):
    """How long a level's certifications are valid and when their renewal opens, from the catalog."""

    level = fields.CharEnumField(
        CertificationLevel, max_length=40, primary_key=True, description=CertificationLevel.__name__
    )
    valid_months = fields.IntField(null=True)
    renewal_opens_months = fields.IntField(null=True)
    renewal_extends_months = fields.IntField(null=True)

    class Meta:
        table = "certification_level"


class CatalogEdition(Model):
    """An edition of the catalog, as its document; it never changes once it is in force."""

    key = fields.CharField(max_length=40, primary_key=True)
    effective_from = fields.DateField()
    in_force_from = fields.DatetimeField()
    imported_at = fields.DatetimeField()
    document: fields.Field[dict[str, object]] = fields.JSONField()

    class Meta:
        table = "catalog_edition"
