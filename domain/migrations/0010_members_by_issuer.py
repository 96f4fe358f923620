"""What does the database guarantee of whom an issuer vouches for?"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

GUARANTEES = [
    # Whom a subject belongs to was known within the organization, and so by the issuer that it has.
    """UPDATE member SET issuer = o.issuer FROM organization o
       WHERE o.id = member.organization_id AND member.subject IS NOT NULL""",
    "UPDATE sign_in SET issuer = o.issuer FROM organization o WHERE o.id = sign_in.organization_id",
    # After a change of issuer an active member is bound to nobody until they sign in again.
    """ALTER TABLE member
        DROP CONSTRAINT member_active_has_subject,
        ADD CONSTRAINT member_active_was_activated CHECK (status <> 'ACTIVE' OR activated_at IS NOT NULL),
        ADD CONSTRAINT member_is_bound_by_issuer_and_subject CHECK ((issuer IS NULL) = (subject IS NULL))""",
    "DROP INDEX one_member_per_subject",
    "CREATE UNIQUE INDEX one_member_per_subject ON member (issuer, subject) WHERE status <> 'REMOVED'",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0009_idempotency_keys")]

    initial = False

    operations = [
        ops.AddField("Member", "issuer", fields.CharField(null=True, max_length=500)),
        ops.AddField("SignIn", "issuer", fields.CharField(null=True, max_length=500)),
        ops.AddField("Callback", "issuer", fields.TextField(null=True)),
        *(ops.RunSQL(sql) for sql in GUARANTEES),
        ops.AlterField("SignIn", "issuer", fields.CharField(max_length=500)),
    ]
