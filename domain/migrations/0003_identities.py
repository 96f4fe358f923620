"""Mail domains, issuers, bindings and directories in tables of their own; what organizations had moves there."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from domain.rules.enums import AddressTrust, CredentialKind, IssuerPreset
from json import dumps, loads
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields

# What an organization had by columns of its own: one mail domain, one issuer with one secret, and bindings to it.
MOVES = [
    "INSERT INTO mail_domain (organization_id, domain, created_at) SELECT id, domain, created_at FROM organization",
    """INSERT INTO identity_issuer (organization_id, issuer, preset, address_trust, address_claims, subject_claims,
           client_id, api_audiences, access_token_issuers, front_end_client_ids, created_at)
       SELECT id, issuer, 'GENERIC', 'VERIFIED', '{email}', '{sub}', client_id, ARRAY[api_audience], '{}', '{}',
           created_at
       FROM organization""",
    """INSERT INTO issuer_credential (identity_issuer_id, slot, kind, sealed, created_at)
       SELECT i.id, 1, 'SECRET', o.client_secret_sealed, o.created_at
       FROM organization o JOIN identity_issuer i ON i.organization_id = o.id
       WHERE o.client_secret_sealed IS NOT NULL""",
    """INSERT INTO work_identity (member_id, identity_issuer_id, issuer, subject, bound_at, ended_at)
       SELECT m.id, i.id, m.issuer, m.subject, coalesce(m.activated_at, m.invited_at), m.removed_at
       FROM member m JOIN identity_issuer i ON i.organization_id = m.organization_id AND i.issuer = m.issuer
       WHERE m.subject IS NOT NULL""",
    """UPDATE browser_session s SET work_identity_id = w.id
       FROM work_identity w WHERE w.member_id = s.member_id AND w.ended_at IS NULL AND s.ended_at IS NULL""",
    """UPDATE sign_in s SET identity_issuer_id = i.id
       FROM identity_issuer i WHERE i.organization_id = s.organization_id AND i.issuer = s.issuer""",
    # Begun at an issuer that the organization has left: it cannot be completed.
    "DELETE FROM sign_in WHERE identity_issuer_id IS NULL",
]
GUARANTEES = [
    # The main domain is one of the organization's: whoever adds an organization writes it before its domains.
    """ALTER TABLE mail_domain
        ADD CONSTRAINT mail_domain_is_an_a_label CHECK (domain = lower(domain) AND domain !~ '[^ -~]'),
        ADD CONSTRAINT mail_domain_of_an_organization UNIQUE (organization_id, domain)""",
    """ALTER TABLE organization ADD CONSTRAINT main_domain_is_one_of_its FOREIGN KEY (id, domain)
        REFERENCES mail_domain (organization_id, domain) DEFERRABLE INITIALLY DEFERRED""",
    """CREATE UNIQUE INDEX one_issuer_per_organization ON identity_issuer (organization_id, issuer)
        WHERE removed_at IS NULL""",
    "CREATE INDEX identity_issuer_organization ON identity_issuer (organization_id, id)",
    "CREATE INDEX identity_issuer_issuer ON identity_issuer (issuer) WHERE removed_at IS NULL",
    """ALTER TABLE identity_issuer
        ADD CONSTRAINT identity_issuer_trust_is_known CHECK (address_trust IN ('VERIFIED', 'ISSUER', 'HOSTED_DOMAIN')),
        ADD CONSTRAINT identity_issuer_names_its_claims
            CHECK (cardinality(address_claims) > 0 AND cardinality(subject_claims) > 0),
        -- Nothing confirms another claim than the one that email_verified speaks of.
        ADD CONSTRAINT identity_issuer_trusts_what_is_confirmed
            CHECK (address_trust = 'ISSUER' OR address_claims = '{email}'),
        ADD CONSTRAINT identity_issuer_is_removed_after_its_creation CHECK (removed_at >= created_at)""",
    # Two slots, each with one credential that has not ended: so there are at most two.
    "CREATE UNIQUE INDEX one_live_credential_per_slot ON issuer_credential (identity_issuer_id, slot) WHERE ended_at IS NULL",
    "CREATE INDEX issuer_credential_issuer ON issuer_credential (identity_issuer_id, id)",
    """ALTER TABLE issuer_credential
        ADD CONSTRAINT issuer_credential_slot_is_one_of_two CHECK (slot IN (1, 2)),
        ADD CONSTRAINT issuer_credential_kind_is_known CHECK (kind IN ('SECRET', 'PRIVATE_KEY'))""",
    # R2: one subject is one person, and a person has one subject at each issuer.
    "CREATE UNIQUE INDEX one_member_per_subject ON work_identity (issuer, subject) WHERE ended_at IS NULL",
    "CREATE UNIQUE INDEX one_subject_per_issuer ON work_identity (member_id, identity_issuer_id) WHERE ended_at IS NULL",
    "CREATE INDEX work_identity_member ON work_identity (member_id, id)",
    "CREATE INDEX work_identity_issuer ON work_identity (identity_issuer_id)",
    "CREATE UNIQUE INDEX one_open_replacement ON account_replacement (member_id, issuer, subject) WHERE decided_at IS NULL",
    "CREATE INDEX account_replacement_member ON account_replacement (member_id, id)",
    "CREATE INDEX account_replacement_issuer ON account_replacement (identity_issuer_id)",
    """ALTER TABLE account_replacement
        ADD CONSTRAINT account_replacement_is_decided CHECK ((decided_at IS NULL) = (is_confirmed IS NULL))""",
    "CREATE INDEX sign_in_issuer ON sign_in (identity_issuer_id)",
    "CREATE INDEX browser_session_identity ON browser_session (work_identity_id)",
    "CREATE INDEX browser_session_check ON browser_session (next_check_at) WHERE next_check_at IS NOT NULL",
    """ALTER TABLE browser_session
        ADD CONSTRAINT ended_session_keeps_no_grant CHECK (ended_at IS NULL OR refresh_sealed IS NULL),
        ADD CONSTRAINT session_is_checked_by_a_grant CHECK ((next_check_at IS NULL) = (refresh_sealed IS NULL))""",
    # Directories.
    "CREATE UNIQUE INDEX one_scim_token_per_prefix ON scim_token (prefix)",
    "CREATE UNIQUE INDEX one_live_scim_token_per_slot ON scim_token (organization_id, slot) WHERE ended_at IS NULL",
    "CREATE INDEX scim_token_organization ON scim_token (organization_id, id)",
    """ALTER TABLE scim_token
        ADD CONSTRAINT scim_token_slot_is_one_of_two CHECK (slot IN (1, 2)),
        ADD CONSTRAINT scim_token_is_stored_hashed CHECK (octet_length(token_hash) = 32),
        ADD CONSTRAINT scim_token_expires_after_its_creation CHECK (expires_at > created_at),
        ADD CONSTRAINT scim_token_ends_after_its_creation CHECK (ended_at >= created_at)""",
    # User names are compared without regard to case (RFC 7643, 4.1.1).
    "CREATE UNIQUE INDEX one_directory_user_per_name ON directory_user (organization_id, lower(user_name)) WHERE deleted_at IS NULL",
    """CREATE UNIQUE INDEX one_directory_user_per_external_id ON directory_user (organization_id, external_id)
        WHERE deleted_at IS NULL""",
    "CREATE INDEX directory_user_member ON directory_user (member_id)",
    # Else one of two users would, by leaving, remove the other's member.
    """CREATE UNIQUE INDEX one_active_directory_user_per_member ON directory_user (member_id)
        WHERE is_active AND deleted_at IS NULL""",
    # The order in which a directory pages through its users.
    "CREATE INDEX directory_user_organization ON directory_user (organization_id, created_at, id)",
    """ALTER TABLE directory_user
        ADD CONSTRAINT directory_user_deleted_is_erased
            CHECK (deleted_at IS NULL OR (NOT is_active AND resource = '{}' AND user_name = '' AND external_id IS NULL)),
        ADD CONSTRAINT directory_user_changes_after_its_creation CHECK (changed_at >= created_at)""",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0002_guarantees")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DirectoryUser",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="directory_users",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "domain.Member",
                        source_field="member_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="directory_users",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("user_name", fields.CharField(max_length=320)),
                ("external_id", fields.CharField(null=True, max_length=255)),
                ("is_active", fields.BooleanField()),
                ("resource", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("version", fields.BigIntField(default=1, db_default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "directory_user",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A user as the organization's directory sent it, and the member it became.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdentityIssuer",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="identity_issuers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("issuer", fields.CharField(max_length=500)),
                ("discovery_url", fields.CharField(null=True, max_length=500)),
                ("preset", fields.CharEnumField(description="IssuerPreset", enum_type=IssuerPreset, max_length=40)),
                (
                    "address_trust",
                    fields.CharEnumField(description="AddressTrust", enum_type=AddressTrust, max_length=40),
                ),
                ("address_claims", ArrayField(element_type="TEXT")),
                ("subject_claims", ArrayField(element_type="TEXT")),
                ("client_id", fields.CharField(max_length=200)),
                ("api_audiences", ArrayField(element_type="TEXT")),
                ("access_token_issuers", ArrayField(element_type="TEXT")),
                ("front_end_client_ids", ArrayField(element_type="TEXT")),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_issuer",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "An OpenID Connect issuer at which an organization's people sign in, and what of its claims is trusted.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AccountReplacement",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "domain.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="account_replacements",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "identity_issuer",
                    fields.ForeignKeyField(
                        "domain.IdentityIssuer",
                        source_field="identity_issuer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="account_replacements",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("issuer", fields.CharField(max_length=500)),
                ("subject", fields.CharField(max_length=255)),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("is_confirmed", fields.BooleanField(null=True)),
            ],
            options={
                "table": "account_replacement",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A new work account with a member's address, which waits for an admin to say that it is the same person's.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IssuerCredential",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "identity_issuer",
                    fields.ForeignKeyField(
                        "domain.IdentityIssuer",
                        source_field="identity_issuer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="credentials",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("slot", fields.SmallIntField()),
                ("kind", fields.CharEnumField(description="CredentialKind", enum_type=CredentialKind, max_length=40)),
                ("sealed", fields.BinaryField()),
                ("thumbprint", fields.CharField(null=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "issuer_credential",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A secret or private key of our client at an issuer, sealed; two live at a time while one replaces the other.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MailDomain",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="mail_domains",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("domain", fields.CharField(unique=True, max_length=253)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "mail_domain",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A mail domain of an organization, in A-label form.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ScimToken",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "organization",
                    fields.ForeignKeyField(
                        "domain.Organization",
                        source_field="organization_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="scim_tokens",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("slot", fields.SmallIntField()),
                ("prefix", fields.CharField(max_length=30)),
                ("token_hash", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "scim_token",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A token by which an organization's directory provisions its people; its secret is stored hashed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WorkIdentity",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "domain.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="work_identities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "identity_issuer",
                    fields.ForeignKeyField(
                        "domain.IdentityIssuer",
                        source_field="identity_issuer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="work_identities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("issuer", fields.CharField(max_length=500)),
                ("subject", fields.CharField(max_length=255)),
                ("bound_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "work_identity",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A subject of an issuer that a member is bound to, until the organization no longer trusts the issuer.",
            },
            bases=["Model"],
        ),
        ops.AlterModelOptions(
            name="BrowserSession",
            options={
                "table": "browser_session",
                "app": "domain",
                "pk_attr": "id",
                "table_description": "A member's signed-in browser; the cookie's value is stored hashed, and what its issuer gave is sealed.",
            },
        ),
        ops.AddField(
            model_name="BrowserSession",
            name="check_leased_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="BrowserSession",
            name="check_tries",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="BrowserSession",
            name="id_token_sealed",
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name="BrowserSession",
            name="issuer_session",
            field=fields.CharField(null=True, max_length=255),
        ),
        ops.AddField(
            model_name="BrowserSession",
            name="next_check_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="BrowserSession",
            name="refresh_sealed",
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name="BrowserSession",
            name="work_identity",
            field=fields.ForeignKeyField(
                "domain.WorkIdentity",
                source_field="work_identity_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="browser_sessions",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="SignIn",
            name="identity_issuer",
            field=fields.ForeignKeyField(
                "domain.IdentityIssuer",
                source_field="identity_issuer_id",
                db_constraint=True,
                null=True,
                to_field="id",
                related_name="sign_ins",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        *[ops.RunSQL(sql) for sql in MOVES],
        ops.AlterField(
            model_name="SignIn",
            name="identity_issuer",
            field=fields.ForeignKeyField(
                "domain.IdentityIssuer",
                source_field="identity_issuer_id",
                db_constraint=True,
                to_field="id",
                related_name="sign_ins",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.RemoveField(model_name="Member", name="issuer"),
        ops.RemoveField(model_name="Member", name="subject"),
        ops.RemoveField(model_name="Organization", name="api_audience"),
        ops.RemoveField(model_name="Organization", name="client_id"),
        ops.RemoveField(model_name="Organization", name="client_secret_sealed"),
        ops.RemoveField(model_name="Organization", name="issuer"),
        ops.RemoveField(model_name="SignIn", name="issuer"),
        ops.RemoveField(model_name="SignIn", name="organization"),
        *[ops.RunSQL(sql) for sql in GUARANTEES],
    ]
