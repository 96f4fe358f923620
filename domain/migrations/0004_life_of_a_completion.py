"""What does the database guarantee of a completion's life: renewals, gaps, and reading transcripts again?"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

GUARANTEES = [
    # What is known was observed when it was recorded.
    "UPDATE completion SET observed_at = recorded_at",
    # After a gap a completion counts by a further credit: what counted before stays as it was.
    "DROP INDEX one_credit_per_association",
    "CREATE UNIQUE INDEX one_credit_per_sequence ON credit (association_id, completion_id, sequence)",
    "ALTER TABLE credit ADD CONSTRAINT credit_sequence_begins_at_one CHECK (sequence >= 1)",
    # Accounts that were linked without a lasting permission: their people are asked to sign in again.
    "UPDATE association SET grant_refused_at = started_at WHERE ended_at IS NULL",
    """ALTER TABLE association
        ADD CONSTRAINT ended_association_keeps_no_grant
            CHECK (ended_at IS NULL OR (grant_sealed IS NULL AND read_leased_until IS NULL)),
        ADD CONSTRAINT association_is_read_again_by_a_grant CHECK ((next_read_at IS NULL) = (grant_sealed IS NULL)),
        ADD CONSTRAINT refused_grant_is_forgotten CHECK (grant_refused_at IS NULL OR grant_sealed IS NULL)""",
    "CREATE INDEX association_next_read ON association (provider, next_read_at) WHERE next_read_at IS NOT NULL",
    "CREATE INDEX association_being_read ON association (provider) WHERE read_leased_until IS NOT NULL",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0003_catalog_editions")]
    operations = [
        ops.AddField("Completion", "observed_at", fields.DatetimeField(null=True)),
        ops.AddField("Credit", "sequence", fields.IntField(default=1, db_default=1)),
        ops.AddField("Association", "grant_sealed", fields.BinaryField(null=True)),
        ops.AddField("Association", "transcript_read_at", fields.DatetimeField(null=True)),
        ops.AddField("Association", "next_read_at", fields.DatetimeField(null=True)),
        ops.AddField("Association", "grant_refused_at", fields.DatetimeField(null=True)),
        ops.AddField("Association", "read_tries", fields.IntField(default=0, db_default=0)),
        ops.AddField("Association", "read_leased_until", fields.DatetimeField(null=True)),
        ops.AddField("Association", "read_error", fields.CharField(max_length=60, null=True)),
        *(ops.RunSQL(sql) for sql in GUARANTEES),
        ops.AlterField("Completion", "observed_at", fields.DatetimeField()),
    ]
