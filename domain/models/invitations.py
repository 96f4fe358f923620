"""Who was asked to come, and did the message reach them?"""

from tortoise import fields
from tortoise.models import Model

from domain.models.columns import parent, word
from domain.models.people import Member, Organization
from domain.rules.words import DeliveryProblem


class Invitation(Model):
    """What asks a person by work e-mail to become a member; its message is due as long as it can be claimed."""

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
    delivery_problem = word(DeliveryProblem, null=True)
    claimable_at = fields.DatetimeField(null=True)
    tries = fields.IntField(default=0)

    class Meta:
        table = "invitation"
