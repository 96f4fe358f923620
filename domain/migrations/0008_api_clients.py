"""What does the database guarantee of API clients and their keys?"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise import fields

GUARANTEES = [
    "CREATE INDEX api_client_organization ON api_client (organization_id, id)",
    "CREATE INDEX api_client_creator ON api_client (created_by_id)",
    """ALTER TABLE api_client
        ADD CONSTRAINT api_client_scopes_are_words
            CHECK (scopes <@ ARRAY['credits:read', 'members:read', 'report:read', 'attainments:read']),
        ADD CONSTRAINT api_client_has_a_scope CHECK (cardinality(scopes) > 0),
        ADD CONSTRAINT api_client_is_revoked_after_its_creation CHECK (revoked_at >= created_at)""",
    "CREATE UNIQUE INDEX one_api_key_per_prefix ON api_key (prefix)",
    "CREATE INDEX api_key_client ON api_key (api_client_id, id)",
    # Two slots, each with one key that has not ended: so there are at most two.
    "CREATE UNIQUE INDEX one_live_api_key_per_slot ON api_key (api_client_id, slot) WHERE ended_at IS NULL",
    """ALTER TABLE api_key
        ADD CONSTRAINT api_key_slot_is_one_of_two CHECK (slot IN (1, 2)),
        ADD CONSTRAINT api_key_is_stored_hashed CHECK (octet_length(key_hash) = 32),
        ADD CONSTRAINT api_key_expires_after_its_creation CHECK (expires_at > created_at),
        ADD CONSTRAINT api_key_ends_after_its_creation CHECK (ended_at >= created_at)""",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0007_audit_length")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ApiClient",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="api_clients",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("scopes", ArrayField(element_type="TEXT")),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "created_by",
                    fields.ForeignKeyField(
                        "domain.Member",
                        source_field="created_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="api_clients",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "api_client",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A program of an organization's, known by a key; nobody created it where the operator did.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ApiKey",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "api_client",
                    fields.ForeignKeyField(
                        "domain.ApiClient",
                        source_field="api_client_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="keys",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("slot", fields.SmallIntField()),
                ("prefix", fields.CharField(max_length=20)),
                ("key_hash", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "api_key",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "What an API client proves itself by until it ends or expires; the secret is stored hashed.",
            },
            bases=["Model"],
        ),
        *(ops.RunSQL(sql) for sql in GUARANTEES),
    ]
