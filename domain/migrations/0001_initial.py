from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from domain.rules.enums import (
    AssociationEndReason,
    AttemptStatus,
    CallbackStatus,
    CertificationLevel,
    CompletionKind,
    CreditEndReason,
    CreditEventKind,
    IneligibleReason,
    LearningProvider,
    MemberRole,
    MemberStatus,
    RetirementRule,
)
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Certification",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=100)),
                ("title", fields.CharField(max_length=200)),
                (
                    "level",
                    fields.CharEnumField(description="CertificationLevel", enum_type=CertificationLevel, max_length=40),
                ),
                (
                    "provider",
                    fields.CharEnumField(description="LearningProvider", enum_type=LearningProvider, max_length=40),
                ),
                ("retires_on", fields.DateField(null=True)),
                (
                    "retirement_rule",
                    fields.CharEnumField(
                        null=True, description="RetirementRule", enum_type=RetirementRule, max_length=40
                    ),
                ),
                ("eligible_until", fields.DateField(null=True)),
            ],
            options={
                "table": "certification",
                "app": "domain",
                "pk_attr": "code",
                "table_description": "What can be earned and counted, from the catalog.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LearningAccount",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "provider",
                    fields.CharEnumField(description="LearningProvider", enum_type=LearningProvider, max_length=40),
                ),
                ("profile_id", fields.CharField(max_length=100)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "learning_account",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A person's own account at a provider; at Microsoft Learn its profile id is the MCID.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Completion",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "provider",
                    fields.CharEnumField(description="LearningProvider", enum_type=LearningProvider, max_length=40),
                ),
                ("completion_id", fields.CharField(max_length=200)),
                (
                    "learning_account",
                    fields.ForeignKeyField(
                        "domain.LearningAccount",
                        source_field="learning_account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="completions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("certification", fields.CharField(max_length=100)),
                ("kind", fields.CharEnumField(description="CompletionKind", enum_type=CompletionKind, max_length=40)),
                ("completed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "completion",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A provider's record that an account earned something, and until when it is valid.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Organization",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=200)),
                ("domain", fields.CharField(unique=True, max_length=253)),
                ("issuer", fields.CharField(unique=True, max_length=500)),
                ("client_id", fields.CharField(max_length=200)),
                ("client_secret_sealed", fields.BinaryField(null=True)),
                ("api_audience", fields.CharField(max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "organization",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A partner company that can be credited.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="audit_events",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("sequence", fields.BigIntField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor", fields.CharField(max_length=60)),
                ("action", fields.CharField(max_length=60)),
                ("subject", fields.CharField(max_length=60)),
                ("details", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("previous_hash", fields.BinaryField()),
                ("hash", fields.BinaryField()),
            ],
            options={
                "table": "audit_event",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "Who did what in an organization, append-only and chained by hashes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Member",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="members",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("work_email", fields.CharField(max_length=320)),
                ("name", fields.CharField(null=True, max_length=200)),
                ("role", fields.CharEnumField(description="MemberRole", enum_type=MemberRole, max_length=40)),
                ("status", fields.CharEnumField(description="MemberStatus", enum_type=MemberStatus, max_length=40)),
                ("subject", fields.CharField(null=True, max_length=255)),
                ("invited_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("activated_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "member",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A work account in an organization: invited, active or removed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Association",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="associations",
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
                        related_name="associations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "learning_account",
                    fields.ForeignKeyField(
                        "domain.LearningAccount",
                        source_field="learning_account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="associations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "provider",
                    fields.CharEnumField(description="LearningProvider", enum_type=LearningProvider, max_length=40),
                ),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("cool_off_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "end_reason",
                    fields.CharEnumField(
                        null=True, description="AssociationEndReason", enum_type=AssociationEndReason, max_length=40
                    ),
                ),
            ],
            options={
                "table": "association",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "The period in which a member's organization is credited with a learning account's completions.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AssociationAttempt",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "domain.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="association_attempts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "provider",
                    fields.CharEnumField(description="LearningProvider", enum_type=LearningProvider, max_length=40),
                ),
                ("status", fields.CharEnumField(description="AttemptStatus", enum_type=AttemptStatus, max_length=40)),
                ("ticket_hash", fields.BinaryField()),
                ("state_hash", fields.BinaryField(null=True)),
                ("browser_hash", fields.BinaryField(null=True)),
                ("nonce", fields.CharField(null=True, max_length=64)),
                ("verifier_sealed", fields.BinaryField(null=True)),
                ("return_to", fields.CharField(null=True, max_length=500)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("signed_in_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("profile_found_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("unlinked_elsewhere_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("linked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("imported_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("refusal_code", fields.CharField(null=True, max_length=40)),
                ("refusal_available_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("moved_from", fields.CharField(null=True, max_length=200)),
                (
                    "association",
                    fields.ForeignKeyField(
                        "domain.Association",
                        source_field="association_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="attempts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "association_attempt",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "One try to associate, from the click to its outcome.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BrowserSession",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "domain.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="browser_sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("token_hash", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "browser_session",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A member's signed-in browser; the cookie's value is stored hashed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Callback",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "provider",
                    fields.CharEnumField(description="LearningProvider", enum_type=LearningProvider, max_length=40),
                ),
                ("callback_id", fields.CharField(max_length=100)),
                (
                    "attempt",
                    fields.ForeignKeyField(
                        "domain.AssociationAttempt",
                        source_field="attempt_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="callbacks",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("status", fields.CharEnumField(description="CallbackStatus", enum_type=CallbackStatus, max_length=40)),
                ("code_sealed", fields.BinaryField(null=True)),
                ("grant_sealed", fields.BinaryField(null=True)),
                ("provider_error", fields.CharField(null=True, max_length=60)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("claimable_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("tries", fields.IntField(default=0)),
                ("last_error", fields.CharField(null=True, max_length=200)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "callback",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "What a provider sent us: the return of a sign-in; what it carried is sealed and erased once done.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Credit",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "completion",
                    fields.ForeignKeyField(
                        "domain.Completion",
                        source_field="completion_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="credits",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "association",
                    fields.ForeignKeyField(
                        "domain.Association",
                        source_field="association_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="credits",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="credits",
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
                        related_name="credits",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("counts_from", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("counts_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "end_reason",
                    fields.CharEnumField(
                        null=True, description="CreditEndReason", enum_type=CreditEndReason, max_length=40
                    ),
                ),
                (
                    "ineligible_reason",
                    fields.CharEnumField(
                        null=True, description="IneligibleReason", enum_type=IneligibleReason, max_length=40
                    ),
                ),
                ("next_event_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "credit",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "One completion counted for one organization, from an instant until an instant.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CreditEvent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "credit",
                    fields.ForeignKeyField(
                        "domain.Credit",
                        source_field="credit_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="events",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharEnumField(description="CreditEventKind", enum_type=CreditEventKind, max_length=40)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "credit_event",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "What took effect for a credit, recorded once each.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SignIn",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sign_ins",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("state_hash", fields.BinaryField()),
                ("browser_hash", fields.BinaryField()),
                ("nonce", fields.CharField(max_length=64)),
                ("verifier_sealed", fields.BinaryField()),
                ("return_to", fields.CharField(max_length=500)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sign_in",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "One try to sign in with a work account, from the click to the issuer's answer.",
            },
            bases=["Model"],
        ),
    ]
