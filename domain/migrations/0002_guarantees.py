"""Which rules does the database itself guarantee?

Written as SQL because the migration tool drops a model's constraints; foreign keys get their indexes here too.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

GUARANTEES = [
    # R6 over a member and a provider needs a range over a word, without any extension.
    'CREATE TYPE word_range AS RANGE (subtype = text, collation = "C")',
    # Members and sign-in.
    """ALTER TABLE organization
        ADD CONSTRAINT organization_domain_is_lower CHECK (domain = lower(domain))""",
    """ALTER TABLE member
        ADD CONSTRAINT member_role_is_a_word CHECK (role IN ('MEMBER', 'ACCOUNT_ADMIN', 'GLOBAL_ADMIN')),
        ADD CONSTRAINT member_status_is_a_word CHECK (status IN ('INVITED', 'ACTIVE', 'REMOVED')),
        ADD CONSTRAINT member_email_is_lower CHECK (work_email = lower(work_email)),
        ADD CONSTRAINT member_active_has_subject
            CHECK (status <> 'ACTIVE' OR (subject IS NOT NULL AND activated_at IS NOT NULL)),
        ADD CONSTRAINT member_removed_at_when_removed CHECK ((status = 'REMOVED') = (removed_at IS NOT NULL))""",
    "CREATE UNIQUE INDEX one_member_per_email ON member (organization_id, work_email) WHERE status <> 'REMOVED'",
    "CREATE UNIQUE INDEX one_member_per_subject ON member (organization_id, subject) WHERE status <> 'REMOVED'",
    "CREATE INDEX member_organization ON member (organization_id, id)",
    "CREATE UNIQUE INDEX one_sign_in_per_state ON sign_in (state_hash)",
    "CREATE INDEX sign_in_organization ON sign_in (organization_id)",
    "CREATE UNIQUE INDEX one_browser_session_per_token ON browser_session (token_hash)",
    "CREATE INDEX browser_session_member ON browser_session (member_id)",
    # Accounts, associations and attempts.
    "CREATE UNIQUE INDEX one_learning_account_per_profile ON learning_account (provider, profile_id)",
    """ALTER TABLE learning_account
        ADD CONSTRAINT learning_account_provider_is_a_word
            CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY'))""",
    # R3 and R4.
    "CREATE UNIQUE INDEX one_active_association_per_member ON association (member_id, provider) WHERE ended_at IS NULL",
    """CREATE UNIQUE INDEX one_active_association_per_account ON association (learning_account_id)
        WHERE ended_at IS NULL""",
    """ALTER TABLE association
        ADD CONSTRAINT association_ends_after_its_start CHECK (ended_at >= started_at),
        ADD CONSTRAINT association_end_has_a_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
        ADD CONSTRAINT association_end_reason_is_a_word CHECK (end_reason IN ('REMOVED', 'MOVED')),
        ADD CONSTRAINT association_provider_is_a_word
            CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY')),
        ADD CONSTRAINT association_cools_off_after_its_start CHECK (cool_off_until >= started_at),
        ADD CONSTRAINT cool_off_of_an_account EXCLUDE USING gist (
            int8range(learning_account_id, learning_account_id, '[]') WITH &&,
            tstzrange(started_at, cool_off_until) WITH &&),
        ADD CONSTRAINT cool_off_of_a_member EXCLUDE USING gist (
            int8range(member_id, member_id, '[]') WITH &&,
            word_range(provider, provider, '[]') WITH &&,
            tstzrange(started_at, cool_off_until) WITH &&),
        ADD CONSTRAINT one_place_at_a_time EXCLUDE USING gist (
            int8range(learning_account_id, learning_account_id, '[]') WITH &&,
            tstzrange(started_at, ended_at) WITH &&)""",
    "CREATE INDEX association_member ON association (member_id, provider, started_at DESC)",
    "CREATE INDEX association_account ON association (learning_account_id, started_at DESC)",
    "CREATE INDEX association_organization ON association (organization_id)",
    "CREATE UNIQUE INDEX one_attempt_per_ticket ON association_attempt (ticket_hash)",
    "CREATE UNIQUE INDEX one_attempt_per_state ON association_attempt (state_hash)",
    "CREATE INDEX association_attempt_member ON association_attempt (member_id, id DESC)",
    "CREATE INDEX association_attempt_association ON association_attempt (association_id)",
    """ALTER TABLE association_attempt
        ADD CONSTRAINT association_attempt_status_is_a_word CHECK (status IN (
            'AWAITING_SIGN_IN', 'RECEIVED', 'PROCESSING', 'ASSOCIATED', 'REFUSED', 'FAILED')),
        ADD CONSTRAINT association_attempt_provider_is_a_word
            CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY')),
        ADD CONSTRAINT associated_attempt_has_an_association
            CHECK ((status = 'ASSOCIATED') = (association_id IS NOT NULL)),
        ADD CONSTRAINT refused_attempt_has_a_code
            CHECK ((status IN ('REFUSED', 'FAILED')) = (refusal_code IS NOT NULL)),
        ADD CONSTRAINT finished_attempt_has_an_instant
            CHECK ((status IN ('ASSOCIATED', 'REFUSED', 'FAILED')) = (finished_at IS NOT NULL)),
        ADD CONSTRAINT finished_attempt_keeps_no_secret CHECK (finished_at IS NULL OR verifier_sealed IS NULL)""",
    # Callbacks.
    "CREATE UNIQUE INDEX one_callback_per_id ON callback (provider, callback_id)",
    "CREATE INDEX callback_attempt ON callback (attempt_id)",
    "CREATE INDEX callback_claimable ON callback (claimable_at) WHERE status = 'PENDING'",
    """ALTER TABLE callback
        ADD CONSTRAINT callback_status_is_a_word CHECK (status IN ('PENDING', 'DONE', 'DEAD')),
        ADD CONSTRAINT callback_provider_is_a_word CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY')),
        ADD CONSTRAINT finished_callback_has_an_instant CHECK ((status = 'PENDING') = (finished_at IS NULL)),
        ADD CONSTRAINT done_callback_keeps_no_secret
            CHECK (status <> 'DONE' OR (code_sealed IS NULL AND grant_sealed IS NULL))""",
    # Completions and credits.
    "CREATE UNIQUE INDEX one_completion_per_id ON completion (provider, completion_id)",
    "CREATE INDEX completion_account ON completion (learning_account_id)",
    """ALTER TABLE completion
        ADD CONSTRAINT completion_kind_is_a_word CHECK (kind IN ('CERTIFICATION', 'ASSESSMENT', 'TRAINING')),
        ADD CONSTRAINT completion_provider_is_a_word
            CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY')),
        ADD CONSTRAINT completion_expires_after_it_is_completed CHECK (expires_at >= completed_at)""",
    "CREATE UNIQUE INDEX one_credit_per_association ON credit (association_id, completion_id)",
    "CREATE INDEX credit_completion ON credit (completion_id)",
    "CREATE INDEX credit_member ON credit (member_id, id)",
    "CREATE INDEX credit_organization ON credit (organization_id, id)",
    "CREATE INDEX credit_next_event ON credit (next_event_at) WHERE next_event_at IS NOT NULL",
    """ALTER TABLE credit
        ADD CONSTRAINT credit_ends_after_it_counts CHECK (counts_until >= counts_from),
        ADD CONSTRAINT credit_counts_or_says_why CHECK ((counts_from IS NULL) = (ineligible_reason IS NOT NULL)),
        ADD CONSTRAINT credit_end_has_a_reason CHECK ((counts_until IS NULL) = (end_reason IS NULL)),
        ADD CONSTRAINT ineligible_credit_has_no_end CHECK (ineligible_reason IS NULL OR counts_until IS NULL),
        ADD CONSTRAINT credit_end_reason_is_a_word
            CHECK (end_reason IN ('EXPIRED', 'REVOKED', 'RETIRED', 'REMOVED', 'MOVED')),
        ADD CONSTRAINT credit_ineligible_reason_is_a_word CHECK (ineligible_reason IN (
            'EXPIRED_BEFORE_ASSOCIATION', 'REVOKED_BEFORE_ASSOCIATION', 'NOT_IN_CATALOG', 'RETIRED')),
        ADD CONSTRAINT one_organization_per_completion EXCLUDE USING gist (
            int8range(completion_id, completion_id, '[]') WITH &&,
            tstzrange(counts_from, counts_until) WITH &&) WHERE (counts_from IS NOT NULL)""",
    "CREATE UNIQUE INDEX one_credit_event_per_kind ON credit_event (credit_id, kind)",
    """ALTER TABLE credit_event
        ADD CONSTRAINT credit_event_kind_is_a_word CHECK (kind IN ('COUNTED', 'ENDED'))""",
    # Audit: append-only and one chain per organization.
    "CREATE UNIQUE INDEX one_audit_event_per_sequence ON audit_event (organization_id, sequence)",
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER audit_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER credit_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_event
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0001_initial")]
    operations = [ops.RunSQL(sql) for sql in GUARANTEES]
