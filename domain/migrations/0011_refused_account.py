"""Keep the learning account whose history refused an attempt (R6)."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

GUARANTEES = [
    "CREATE INDEX association_attempt_refusal_account ON association_attempt (refusal_account_id)",
    """ALTER TABLE association_attempt
        ADD CONSTRAINT refusal_of_an_account_has_a_date
            CHECK (refusal_account_id IS NULL OR refusal_available_at IS NOT NULL)""",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0010_members_by_issuer")]

    initial = False

    operations = [
        ops.AddField(
            model_name="AssociationAttempt",
            name="refusal_account",
            field=fields.ForeignKeyField(
                "domain.LearningAccount",
                source_field="refusal_account_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="refused_attempts",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        *(ops.RunSQL(sql) for sql in GUARANTEES),
    ]
