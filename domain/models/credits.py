"""What was completed, and for whom does it count?"""

from tortoise import fields
from tortoise.models import Model

from domain.models.associations import Association, LearningAccount
from domain.models.columns import parent, word
from domain.models.people import Member, Organization
from domain.rules.words import CompletionKind, CreditEndReason, CreditEventKind, IneligibleReason, LearningProvider


class Completion(Model):
    """A provider's record that an account earned something, and until when it is valid."""

    id = fields.BigIntField(primary_key=True)
    provider = word(LearningProvider)
    completion_id = fields.CharField(max_length=200)
    learning_account: fields.ForeignKeyRelation[LearningAccount] = parent("LearningAccount", "completions")
    learning_account_id: int
    certification = fields.CharField(max_length=100)
    kind = word(CompletionKind)
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
    end_reason = word(CreditEndReason, null=True)
    ineligible_reason = word(IneligibleReason, null=True)
    next_event_at = fields.DatetimeField(null=True)

    class Meta:
        table = "credit"


class CreditEvent(Model):
    """What took effect for a credit, recorded once each."""

    id = fields.BigIntField(primary_key=True)
    credit: fields.ForeignKeyRelation[Credit] = parent("Credit", "events")
    credit_id: int
    kind = word(CreditEventKind)
    at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "credit_event"
