"""Which programs of an organization may read by a key?"""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from domain.models.columns import parent
from domain.models.people import Member, Organization
from domain.rules.words import Scope


class ApiClient(Model):
    """A program of an organization's, known by a key; nobody created it where the operator did."""

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
    """What an API client proves itself by until it ends or expires; the secret is stored hashed."""

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
