"""What has been asked under a name of the caller's, so that it is done once?"""

from tortoise import fields
from tortoise.models import Model


class IdempotencyKey(Model):
    """What a member asked under a key, as a fingerprint, and the outcome, sealed; kept until it expires."""

    id = fields.BigIntField(primary_key=True)
    # No foreign key: its check would lock the member out of the order in which operations lock members.
    member_id = fields.BigIntField()
    key = fields.CharField(max_length=255)
    fingerprint = fields.BinaryField()
    outcome_sealed = fields.BinaryField(null=True)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "idempotency_key"
