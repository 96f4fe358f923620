"""What does the database guarantee of invitations and of members who leave?"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from domain.rules.enums import DeliveryProblem
from tortoise.fields.base import OnDelete
from tortoise import fields

GUARANTEES = [
    """ALTER TABLE association
        DROP CONSTRAINT association_end_reason_is_a_word,
        ADD CONSTRAINT association_end_reason_is_a_word CHECK (end_reason IN ('REMOVED', 'MOVED', 'MEMBER_REMOVED'))""",
    """ALTER TABLE credit
        DROP CONSTRAINT credit_end_reason_is_a_word,
        ADD CONSTRAINT credit_end_reason_is_a_word
            CHECK (end_reason IN ('EXPIRED', 'REVOKED', 'RETIRED', 'REMOVED', 'MOVED', 'MEMBER_REMOVED'))""",
    "CREATE UNIQUE INDEX one_invitation_per_member ON invitation (member_id)",
    "CREATE INDEX invitation_organization ON invitation (organization_id, id)",
    "CREATE INDEX invitation_claimable ON invitation (claimable_at) WHERE claimable_at IS NOT NULL",
    """ALTER TABLE invitation
        ADD CONSTRAINT invitation_delivery_problem_is_a_word
            CHECK (delivery_problem IN ('NOT_SET_UP', 'REFUSED', 'UNREACHABLE')),
        ADD CONSTRAINT invitation_that_waits_for_delivery_has_no_problem
            CHECK (claimable_at IS NULL OR delivery_problem IS NULL),
        ADD CONSTRAINT closed_invitation_is_not_delivered
            CHECK (claimable_at IS NULL OR (responded_at IS NULL AND canceled_at IS NULL)),
        ADD CONSTRAINT invitation_is_answered_or_canceled CHECK (responded_at IS NULL OR canceled_at IS NULL),
        ADD CONSTRAINT invitation_counts_what_it_sent CHECK (send_count >= 0 AND (sent_at IS NULL OR send_count > 0))""",
    # Who was invited before there were messages was never sent one.
    """INSERT INTO invitation (organization_id, member_id, requested_at, send_count, responded_at, canceled_at,
           delivery_problem, tries)
       SELECT organization_id, id, invited_at, 0, activated_at, CASE WHEN activated_at IS NULL THEN removed_at END,
           'NOT_SET_UP', 0
       FROM member ORDER BY id""",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0004_life_of_a_completion")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Invitation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="invitations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "domain.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="invitations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("send_count", fields.IntField(default=0)),
                ("responded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("canceled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "delivery_problem",
                    fields.CharEnumField(
                        null=True, description="DeliveryProblem", enum_type=DeliveryProblem, max_length=40
                    ),
                ),
                ("claimable_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("tries", fields.IntField(default=0)),
            ],
            options={
                "table": "invitation",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "What asks a person by work e-mail to become a member; its message is due as long as it can be claimed.",
            },
            bases=["Model"],
        ),
        *(ops.RunSQL(sql) for sql in GUARANTEES),
    ]
