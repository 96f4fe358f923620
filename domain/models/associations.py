"""Which accounts are linked, and how did it come to that?"""

from tortoise import fields
from tortoise.models import Model

from domain.models.columns import parent, word
from domain.models.people import Member, Organization
from domain.rules.words import AssociationEndReason, AttemptStatus, CallbackStatus, LearningProvider


class LearningAccount(Model):
    """A person's own account at a provider; at Microsoft Learn its profile id is the MCID."""

    id = fields.BigIntField(primary_key=True)
    provider = word(LearningProvider)
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
    provider = word(LearningProvider)
    started_at = fields.DatetimeField()
    cool_off_until = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    end_reason = word(AssociationEndReason, null=True)
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
    """One try to associate, from the click to its outcome."""

    id = fields.BigIntField(primary_key=True)
    member: fields.ForeignKeyRelation[Member] = parent("Member", "association_attempts")
    member_id: int
    provider = word(LearningProvider)
    status = word(AttemptStatus)
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
    """What a provider sent us: the return of a sign-in; what it carried is sealed and erased once done."""

    id = fields.BigIntField(primary_key=True)
    provider = word(LearningProvider)
    callback_id = fields.CharField(max_length=100)
    attempt: fields.ForeignKeyRelation[AssociationAttempt] = parent("AssociationAttempt", "callbacks")
    attempt_id: int
    status = word(CallbackStatus)
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
