"""Constraints and indexes that guarantee rules in the database.

They are SQL because the migration tool drops a model's constraints without an error.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

GUARANTEES = [
    # R6 over a member and a provider needs a range over a text, without any extension.
    'CREATE TYPE text_range AS RANGE (subtype = text, collation = "C")',
    # Organizations, members and sign-in.
    """ALTER TABLE organization
        ADD CONSTRAINT organization_domain_is_lower CHECK (domain = lower(domain)),
        -- ALL is the track of programs without a choice: no organization is on it.
        ADD CONSTRAINT organization_track_is_a_choice CHECK (track IN ('ENTERPRISE', 'SMB'))""",
    """ALTER TABLE member
        ADD CONSTRAINT member_role_is_known CHECK (role IN ('MEMBER', 'ACCOUNT_ADMIN', 'GLOBAL_ADMIN')),
        ADD CONSTRAINT member_status_is_known CHECK (status IN ('INVITED', 'ACTIVE', 'REMOVED')),
        ADD CONSTRAINT member_email_is_lower CHECK (work_email = lower(work_email)),
        -- After a change of issuer an active member is bound to no subject until they sign in again.
        ADD CONSTRAINT member_active_was_activated CHECK (status <> 'ACTIVE' OR activated_at IS NOT NULL),
        ADD CONSTRAINT member_is_bound_by_issuer_and_subject CHECK ((issuer IS NULL) = (subject IS NULL)),
        ADD CONSTRAINT member_removed_at_when_removed CHECK ((status = 'REMOVED') = (removed_at IS NOT NULL))""",
    "CREATE UNIQUE INDEX one_member_per_email ON member (organization_id, work_email) WHERE status <> 'REMOVED'",
    "CREATE UNIQUE INDEX one_member_per_subject ON member (issuer, subject) WHERE status <> 'REMOVED'",
    "CREATE INDEX member_organization ON member (organization_id, id)",
    "CREATE UNIQUE INDEX one_sign_in_per_state ON sign_in (state_hash)",
    "CREATE INDEX sign_in_organization ON sign_in (organization_id)",
    "CREATE UNIQUE INDEX one_browser_session_per_token ON browser_session (token_hash)",
    "CREATE INDEX browser_session_member ON browser_session (member_id)",
    # Invitations.
    "CREATE UNIQUE INDEX one_invitation_per_member ON invitation (member_id)",
    "CREATE INDEX invitation_organization ON invitation (organization_id, id)",
    "CREATE INDEX invitation_claimable ON invitation (claimable_at) WHERE claimable_at IS NOT NULL",
    """ALTER TABLE invitation
        ADD CONSTRAINT invitation_delivery_problem_is_known
            CHECK (delivery_problem IN ('NOT_SET_UP', 'REFUSED', 'UNREACHABLE')),
        ADD CONSTRAINT invitation_that_waits_for_delivery_has_no_problem
            CHECK (claimable_at IS NULL OR delivery_problem IS NULL),
        ADD CONSTRAINT closed_invitation_is_not_delivered
            CHECK (claimable_at IS NULL OR (responded_at IS NULL AND canceled_at IS NULL)),
        ADD CONSTRAINT invitation_is_answered_or_canceled CHECK (responded_at IS NULL OR canceled_at IS NULL),
        ADD CONSTRAINT invitation_counts_what_it_sent CHECK (send_count >= 0 AND (sent_at IS NULL OR send_count > 0))""",
    # API clients and their keys.
    "CREATE INDEX api_client_organization ON api_client (organization_id, id)",
    "CREATE INDEX api_client_creator ON api_client (created_by_id)",
    """ALTER TABLE api_client
        ADD CONSTRAINT api_client_scopes_are_known
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
    # A second request with a key waits at this index until the first one's transaction is over.
    "CREATE UNIQUE INDEX one_idempotency_key_per_member ON idempotency_key (member_id, key)",
    "CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at)",
    r"""ALTER TABLE idempotency_key
        ADD CONSTRAINT idempotency_key_is_printable CHECK (key ~ '^[\x20-\x7E]+$'),
        ADD CONSTRAINT idempotency_key_has_a_fingerprint CHECK (octet_length(fingerprint) = 32)""",
    # Accounts, associations and attempts.
    "CREATE UNIQUE INDEX one_learning_account_per_profile ON learning_account (provider, profile_id)",
    """ALTER TABLE learning_account
        ADD CONSTRAINT learning_account_provider_is_known
            CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY'))""",
    # R3 and R4.
    "CREATE UNIQUE INDEX one_active_association_per_member ON association (member_id, provider) WHERE ended_at IS NULL",
    """CREATE UNIQUE INDEX one_active_association_per_account ON association (learning_account_id)
        WHERE ended_at IS NULL""",
    """ALTER TABLE association
        ADD CONSTRAINT association_ends_after_its_start CHECK (ended_at >= started_at),
        ADD CONSTRAINT association_end_has_a_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
        ADD CONSTRAINT association_end_reason_is_known CHECK (end_reason IN ('REMOVED', 'MOVED', 'MEMBER_REMOVED')),
        ADD CONSTRAINT association_provider_is_known
            CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY')),
        ADD CONSTRAINT association_cools_off_after_its_start CHECK (cool_off_until >= started_at),
        ADD CONSTRAINT ended_association_keeps_no_grant
            CHECK (ended_at IS NULL OR (grant_sealed IS NULL AND read_leased_until IS NULL)),
        ADD CONSTRAINT association_is_read_again_by_a_grant CHECK ((next_read_at IS NULL) = (grant_sealed IS NULL)),
        ADD CONSTRAINT refused_grant_is_forgotten CHECK (grant_refused_at IS NULL OR grant_sealed IS NULL),
        ADD CONSTRAINT cool_off_of_an_account EXCLUDE USING gist (
            int8range(learning_account_id, learning_account_id, '[]') WITH &&,
            tstzrange(started_at, cool_off_until) WITH &&),
        ADD CONSTRAINT cool_off_of_a_member EXCLUDE USING gist (
            int8range(member_id, member_id, '[]') WITH &&,
            text_range(provider, provider, '[]') WITH &&,
            tstzrange(started_at, cool_off_until) WITH &&),
        ADD CONSTRAINT one_place_at_a_time EXCLUDE USING gist (
            int8range(learning_account_id, learning_account_id, '[]') WITH &&,
            tstzrange(started_at, ended_at) WITH &&)""",
    "CREATE INDEX association_member ON association (member_id, provider, started_at DESC)",
    "CREATE INDEX association_account ON association (learning_account_id, started_at DESC)",
    "CREATE INDEX association_organization ON association (organization_id)",
    "CREATE INDEX association_next_read ON association (provider, next_read_at) WHERE next_read_at IS NOT NULL",
    "CREATE INDEX association_being_read ON association (provider) WHERE read_leased_until IS NOT NULL",
    "CREATE UNIQUE INDEX one_attempt_per_ticket ON association_attempt (ticket_hash)",
    "CREATE UNIQUE INDEX one_attempt_per_state ON association_attempt (state_hash)",
    "CREATE INDEX association_attempt_member ON association_attempt (member_id, id DESC)",
    "CREATE INDEX association_attempt_association ON association_attempt (association_id)",
    "CREATE INDEX association_attempt_refusal_account ON association_attempt (refusal_account_id)",
    """ALTER TABLE association_attempt
        ADD CONSTRAINT association_attempt_status_is_known CHECK (status IN (
            'AWAITING_SIGN_IN', 'RECEIVED', 'PROCESSING', 'ASSOCIATED', 'REFUSED', 'FAILED')),
        ADD CONSTRAINT association_attempt_provider_is_known
            CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY')),
        ADD CONSTRAINT associated_attempt_has_an_association
            CHECK ((status = 'ASSOCIATED') = (association_id IS NOT NULL)),
        ADD CONSTRAINT refused_attempt_has_a_code
            CHECK ((status IN ('REFUSED', 'FAILED')) = (refusal_code IS NOT NULL)),
        ADD CONSTRAINT refusal_of_an_account_has_a_date
            CHECK (refusal_account_id IS NULL OR refusal_available_at IS NOT NULL),
        ADD CONSTRAINT finished_attempt_has_an_instant
            CHECK ((status IN ('ASSOCIATED', 'REFUSED', 'FAILED')) = (finished_at IS NOT NULL)),
        ADD CONSTRAINT finished_attempt_keeps_no_secret CHECK (finished_at IS NULL OR verifier_sealed IS NULL)""",
    # Callbacks.
    "CREATE UNIQUE INDEX one_callback_per_id ON callback (provider, callback_id)",
    "CREATE INDEX callback_attempt ON callback (attempt_id)",
    "CREATE INDEX callback_claimable ON callback (claimable_at) WHERE status = 'PENDING'",
    """ALTER TABLE callback
        ADD CONSTRAINT callback_status_is_known CHECK (status IN ('PENDING', 'DONE', 'DEAD')),
        ADD CONSTRAINT callback_provider_is_known CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY')),
        ADD CONSTRAINT finished_callback_has_an_instant CHECK ((status = 'PENDING') = (finished_at IS NULL)),
        ADD CONSTRAINT done_callback_keeps_no_secret
            CHECK (status <> 'DONE' OR (code_sealed IS NULL AND grant_sealed IS NULL))""",
    # Completions and credits.
    "CREATE UNIQUE INDEX one_completion_per_id ON completion (provider, completion_id)",
    "CREATE INDEX completion_account ON completion (learning_account_id)",
    """ALTER TABLE completion
        ADD CONSTRAINT completion_kind_is_known CHECK (kind IN ('CERTIFICATION', 'ASSESSMENT', 'TRAINING')),
        ADD CONSTRAINT completion_provider_is_known
            CHECK (provider IN ('MICROSOFT_LEARN', 'PARTNER_UNIVERSITY')),
        ADD CONSTRAINT completion_expires_after_it_is_completed CHECK (expires_at >= completed_at)""",
    # After a gap a completion counts by a further credit: what counted before stays as it was.
    "CREATE UNIQUE INDEX one_credit_per_sequence ON credit (association_id, completion_id, sequence)",
    "CREATE INDEX credit_completion ON credit (completion_id)",
    "CREATE INDEX credit_member ON credit (member_id, id)",
    "CREATE INDEX credit_organization ON credit (organization_id, id)",
    "CREATE INDEX credit_next_event ON credit (next_event_at) WHERE next_event_at IS NOT NULL",
    """ALTER TABLE credit
        ADD CONSTRAINT credit_sequence_begins_at_one CHECK (sequence >= 1),
        ADD CONSTRAINT credit_ends_after_it_counts CHECK (counts_until >= counts_from),
        ADD CONSTRAINT credit_counts_or_says_why CHECK ((counts_from IS NULL) = (ineligible_reason IS NOT NULL)),
        ADD CONSTRAINT credit_end_has_a_reason CHECK ((counts_until IS NULL) = (end_reason IS NULL)),
        ADD CONSTRAINT ineligible_credit_has_no_end CHECK (ineligible_reason IS NULL OR counts_until IS NULL),
        ADD CONSTRAINT credit_end_reason_is_known
            CHECK (end_reason IN ('EXPIRED', 'REVOKED', 'RETIRED', 'REMOVED', 'MOVED', 'MEMBER_REMOVED')),
        ADD CONSTRAINT credit_ineligible_reason_is_known CHECK (ineligible_reason IN (
            'EXPIRED_BEFORE_ASSOCIATION', 'REVOKED_BEFORE_ASSOCIATION', 'NOT_IN_CATALOG', 'RETIRED')),
        ADD CONSTRAINT one_organization_per_completion EXCLUDE USING gist (
            int8range(completion_id, completion_id, '[]') WITH &&,
            tstzrange(counts_from, counts_until) WITH &&) WHERE (counts_from IS NOT NULL)""",
    "CREATE UNIQUE INDEX one_credit_event_per_kind ON credit_event (credit_id, kind)",
    """ALTER TABLE credit_event
        ADD CONSTRAINT credit_event_kind_is_known CHECK (kind IN ('COUNTED', 'ENDED'))""",
    # Audit: append-only and one chain per organization.
    "CREATE UNIQUE INDEX one_audit_event_per_sequence ON audit_event (organization_id, sequence)",
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER audit_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER credit_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_event
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    # The catalog's editions.
    """ALTER TABLE catalog_edition
        ADD CONSTRAINT one_edition_per_date UNIQUE (effective_from),
        ADD CONSTRAINT edition_is_not_in_force_before_its_date
            CHECK (in_force_from >= effective_from::timestamp AT TIME ZONE 'UTC')""",
    # R15: what was in force at an instant stays in force for questions about it; the importing instant is the clock.
    """CREATE FUNCTION refuse_change_of_edition_in_force() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND (OLD.in_force_from > NEW.imported_at
                OR (OLD.key, OLD.effective_from, OLD.in_force_from)
                    = (NEW.key, NEW.effective_from, NEW.in_force_from)) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'edition % stays', OLD.key USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
    """CREATE TRIGGER edition_in_force_stays BEFORE UPDATE OR DELETE ON catalog_edition
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_edition_in_force()""",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0001_initial")]
    operations = [ops.RunSQL(sql) for sql in GUARANTEES]
