"""One valid row of each table, written by SQL."""

# The numbers are fixed so that a breaking statement can name its row.
ROWS = """
BEGIN;
INSERT INTO organization (id, name, domain, created_at) VALUES
    (1, 'Contoso', 'contoso.example', '2026-01-01Z'),
    (2, 'Fabrikam', 'fabrikam.example', '2026-01-01Z');
INSERT INTO mail_domain (id, organization_id, domain, created_at) VALUES
    (1, 1, 'contoso.example', '2026-01-01Z'),
    (2, 2, 'fabrikam.example', '2026-01-01Z');
COMMIT;
INSERT INTO identity_issuer (id, organization_id, issuer, preset, address_trust, address_claims, subject_claims,
        client_id, api_audiences, access_token_issuers, front_end_client_ids, created_at) VALUES
    (1, 1, 'https://login.contoso.example', 'GENERIC', 'VERIFIED', '{email}', '{sub}', 'certlink', '{certlink-api}',
        '{}', '{}', '2026-01-01Z'),
    (2, 2, 'https://login.fabrikam.example', 'GENERIC', 'VERIFIED', '{email}', '{sub}', 'certlink', '{certlink-api}',
        '{}', '{}', '2026-01-01Z');
INSERT INTO issuer_credential (id, identity_issuer_id, slot, kind, sealed, created_at) VALUES
    (1, 1, 1, 'SECRET', 'sealed', '2026-01-01Z');
INSERT INTO member (id, organization_id, work_email, role, status, invited_at, activated_at) VALUES
    (1, 1, 'amara.osei@contoso.example', 'MEMBER', 'ACTIVE', '2026-01-01Z', '2026-01-02Z'),
    (2, 2, 'mei.tanaka@fabrikam.example', 'MEMBER', 'ACTIVE', '2026-01-01Z', '2026-01-02Z');
INSERT INTO work_identity (id, member_id, identity_issuer_id, issuer, subject, bound_at) VALUES
    (1, 1, 1, 'https://login.contoso.example', 'amara', '2026-01-02Z'),
    (2, 2, 2, 'https://login.fabrikam.example', 'mei', '2026-01-02Z');
INSERT INTO account_replacement (id, member_id, identity_issuer_id, issuer, subject, requested_at) VALUES
    (1, 1, 1, 'https://login.contoso.example', 'amara-anew', '2026-01-03Z');
INSERT INTO scim_token (id, organization_id, slot, prefix, token_hash, created_at, expires_at) VALUES
    (1, 1, 1, 'certlink_scim_0001', sha256('token'), '2026-01-02Z', '2027-01-02Z');
INSERT INTO directory_user (id, organization_id, member_id, user_name, external_id, is_active, resource, created_at,
        changed_at) VALUES
    ('00000000-0000-4000-8000-000000000001', 1, 1, 'Amara.Osei@contoso.example', 'directory-1', true, '{}',
        '2026-01-02Z', '2026-01-02Z');
INSERT INTO invitation (id, organization_id, member_id, requested_at, sent_at, send_count, responded_at, tries) VALUES
    (1, 1, 1, '2026-01-01Z', '2026-01-01Z', 1, '2026-01-02Z', 1);
INSERT INTO sign_in (id, identity_issuer_id, state_hash, browser_hash, nonce, verifier_sealed, return_to,
        created_at, expires_at) VALUES
    (1, 1, 'state', 'browser', 'nonce', 'verifier', '/', '2026-01-02Z', '2026-01-03Z');
INSERT INTO browser_session (id, member_id, work_identity_id, token_hash, refresh_sealed, next_check_at, created_at,
        expires_at) VALUES
    (1, 1, 1, 'token', 'refresh', '2026-01-02 01:00Z', '2026-01-02Z', '2026-01-03Z');
INSERT INTO api_client (id, organization_id, name, scopes, created_at, created_by_id) VALUES
    (1, 1, 'Report reader', '{report:read}', '2026-01-02Z', 1);
INSERT INTO api_key (id, api_client_id, slot, prefix, key_hash, created_at, expires_at) VALUES
    (1, 1, 1, 'certlink_reader01', sha256('key'), '2026-01-02Z', '2027-01-02Z');
INSERT INTO idempotency_key (id, member_id, key, fingerprint, outcome_sealed, expires_at) VALUES
    (1, 1, 'key', sha256('request'), 'outcome', '2026-01-03Z');
INSERT INTO learning_account (id, provider, profile_id, created_at) VALUES
    (1, 'MICROSOFT_LEARN', '991204737', '2026-02-01Z'),
    (2, 'MICROSOFT_LEARN', '991204738', '2026-02-01Z'),
    (3, 'MICROSOFT_LEARN', '991204739', '2026-02-01Z');
-- The first counts from February on, the second ended in June.
INSERT INTO association (id, organization_id, member_id, learning_account_id, provider, started_at, cool_off_until,
        ended_at, end_reason) VALUES
    (1, 1, 1, 1, 'MICROSOFT_LEARN', '2026-02-01Z', '2026-03-03Z', NULL, NULL),
    (2, 2, 2, 2, 'MICROSOFT_LEARN', '2026-02-01Z', '2026-03-03Z', '2026-06-01Z', 'REMOVED');
INSERT INTO association_attempt (id, member_id, provider, status, ticket_hash, state_hash, created_at, expires_at,
        finished_at, association_id) VALUES
    (1, 1, 'MICROSOFT_LEARN', 'ASSOCIATED', 'ticket1', 'state1', '2026-02-01Z', '2026-02-02Z', '2026-02-01Z', 1),
    (2, 2, 'MICROSOFT_LEARN', 'ASSOCIATED', 'ticket2', 'state2', '2026-02-01Z', '2026-02-02Z', '2026-02-01Z', 2),
    (3, 2, 'MICROSOFT_LEARN', 'RECEIVED', 'ticket3', 'state3', '2026-07-01Z', '2026-07-02Z', NULL, NULL);
INSERT INTO callback (id, provider, callback_id, attempt_id, status, code_sealed, received_at, claimable_at,
        tries) VALUES
    (1, 'MICROSOFT_LEARN', 'callback1', 3, 'PENDING', 'code', '2026-07-01Z', '2026-07-01Z', 0);
INSERT INTO completion (id, provider, completion_id, learning_account_id, certification, kind, completed_at, expires_at,
        observed_at, recorded_at) VALUES
    (1, 'MICROSOFT_LEARN', 'msl-1', 1, 'AZ-104', 'CERTIFICATION', '2026-01-01Z', '2027-01-01Z', '2026-02-01Z',
        '2026-02-01Z'),
    (2, 'MICROSOFT_LEARN', 'msl-2', 2, 'AZ-104', 'CERTIFICATION', '2026-01-01Z', '2027-01-01Z', '2026-02-01Z',
        '2026-02-01Z'),
    (3, 'MICROSOFT_LEARN', 'msl-3', 1, 'NONE-1', 'CERTIFICATION', '2026-01-01Z', NULL, '2026-02-01Z', '2026-02-01Z');
INSERT INTO credit (id, completion_id, association_id, organization_id, member_id, recorded_at, counts_from,
        counts_until, end_reason, ineligible_reason, next_event_at) VALUES
    (1, 1, 1, 1, 1, '2026-02-01Z', '2026-02-11Z', '2027-01-01Z', 'EXPIRED', NULL, '2027-01-01Z'),
    (2, 2, 2, 2, 2, '2026-02-01Z', '2026-02-11Z', '2026-06-01Z', 'REMOVED', NULL, NULL),
    (3, 3, 1, 1, 1, '2026-02-01Z', NULL, NULL, NULL, 'NOT_IN_CATALOG', NULL);
INSERT INTO credit_event (id, credit_id, kind, at, recorded_at) VALUES
    (1, 1, 'COUNTED', '2026-02-11Z', '2026-02-11Z'),
    (2, 2, 'COUNTED', '2026-02-11Z', '2026-02-11Z'),
    (3, 2, 'ENDED', '2026-06-01Z', '2026-06-01Z');
"""


def copy_row(table: str, number: int = 1, /, **changes: str) -> str:
    """Return the statement that inserts a copy of a row with other values, which are SQL expressions."""
    changed = {"id": "1000", **changes}
    pairs = ", ".join(f"'{column}', {value}" for column, value in changed.items())
    return f"""INSERT INTO {table} SELECT (jsonb_populate_record(source, jsonb_build_object({pairs}))).*
        FROM {table} source WHERE {_is_row(number)}"""


def change_row(table: str, number: int = 1, /, **changes: str) -> str:
    """Return the statement that changes a row; the values are SQL expressions."""
    pairs = ", ".join(f"{column} = {value}" for column, value in changes.items())
    return f"UPDATE {table} SET {pairs} WHERE {_is_row(number)}"


def _is_row(number: int) -> str:
    # A UUID that ends in the number, where a table has such ids.
    return f"id::text IN ('{number}', '00000000-0000-4000-8000-{number:012}')"
