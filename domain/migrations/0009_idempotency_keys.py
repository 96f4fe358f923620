"""What does the database guarantee of idempotency keys?"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

GUARANTEES = [
    # Whoever uses a key while its first request is under way waits here for that request's end.
    "CREATE UNIQUE INDEX one_idempotency_key_per_member ON idempotency_key (member_id, key)",
    "CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at)",
    r"""ALTER TABLE idempotency_key
        ADD CONSTRAINT idempotency_key_is_printable CHECK (key ~ '^[\x20-\x7E]+$'),
        ADD CONSTRAINT idempotency_key_has_a_fingerprint CHECK (octet_length(fingerprint) = 32)""",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0008_api_clients")]

    initial = False

    operations = [
        ops.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("member_id", fields.BigIntField()),
                ("key", fields.CharField(max_length=255)),
                ("fingerprint", fields.BinaryField()),
                ("outcome_sealed", fields.BinaryField(null=True)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "idempotency_key",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "What a member asked under a key, as a fingerprint, and the outcome, sealed; kept until it expires.",
            },
            bases=["Model"],
        ),
        *(ops.RunSQL(sql) for sql in GUARANTEES),
    ]
