"""Constraints of the database, each broken by SQL."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from tortoise.models import Model

from domain import models
from domain.database.pool import connection_arguments
from local.engines import Engines
from tests.domain.rows import ROWS, change_row, copy_row

NONSENSE = "'NONSENSE'"
LATER = {"started_at": "'2026-08-01Z'", "cool_off_until": "'2026-08-31Z'"}
ENDED = {"ended_at": "'2026-09-01Z'", "end_reason": "'REMOVED'"}
GRANT = {"grant_sealed": "'token'", "next_read_at": "'2026-03-02Z'"}
OTHER_ID = "'00000000-0000-4000-8000-000000001000'"
OTHER_ATTEMPT = {"ticket_hash": "'other'", "state_hash": "'other'"}

# One statement for each guarantee by its name, which breaks that guarantee.
BREAKING = {
    "organization_domain_key": copy_row("organization"),
    "organization_track_is_a_choice": change_row("organization", track="'ALL'"),
    "organization_domain_is_lower": change_row("organization", domain="'Contoso.example'"),
    "mail_domain_domain_key": copy_row("mail_domain", organization_id="2"),
    # Nobody but this organization can have it: the other one's main domain is among its own.
    "mail_domain_of_an_organization": """ALTER TABLE mail_domain DROP CONSTRAINT mail_domain_domain_key;
        INSERT INTO mail_domain (id, organization_id, domain, created_at)
        VALUES (1000, 1, 'contoso.example', '2026-01-01Z')""",
    "mail_domain_is_an_a_label": copy_row("mail_domain", domain="'bücher.example'"),
    "one_issuer_per_organization": copy_row("identity_issuer"),
    "identity_issuer_trust_is_known": change_row("identity_issuer", address_trust=NONSENSE),
    "identity_issuer_names_its_claims": change_row("identity_issuer", subject_claims="'{}'"),
    "identity_issuer_trusts_what_is_confirmed": change_row("identity_issuer", address_claims="'{email,upn}'"),
    "identity_issuer_is_removed_after_its_creation": change_row("identity_issuer", removed_at="'2025-12-31Z'"),
    "one_live_credential_per_slot": copy_row("issuer_credential"),
    "issuer_credential_slot_is_one_of_two": change_row("issuer_credential", slot="3"),
    "issuer_credential_kind_is_known": change_row("issuer_credential", kind=NONSENSE),
    "one_subject_per_issuer": copy_row("work_identity", subject="'other'"),
    "one_open_replacement": copy_row("account_replacement"),
    "account_replacement_is_decided": change_row("account_replacement", is_confirmed="true"),
    "ended_session_keeps_no_grant": change_row("browser_session", ended_at="'2026-01-02Z'"),
    "session_is_checked_by_a_grant": change_row("browser_session", next_check_at="NULL"),
    "one_scim_token_per_prefix": copy_row("scim_token", slot="2"),
    "one_live_scim_token_per_slot": copy_row("scim_token", prefix="'other'"),
    "scim_token_slot_is_one_of_two": change_row("scim_token", slot="3"),
    "scim_token_is_stored_hashed": change_row("scim_token", token_hash="'token'"),
    "scim_token_expires_after_its_creation": change_row("scim_token", expires_at="created_at"),
    "scim_token_ends_after_its_creation": change_row("scim_token", ended_at="'2026-01-01Z'"),
    "one_directory_user_per_name": copy_row(
        "directory_user", id=OTHER_ID, external_id="'directory-2'", user_name="'AMARA.osei@contoso.example'"
    ),
    "one_directory_user_per_external_id": copy_row("directory_user", id=OTHER_ID, user_name="'other'"),
    "one_active_directory_user_per_member": copy_row(
        "directory_user", id=OTHER_ID, external_id="'directory-2'", user_name="'other'"
    ),
    "directory_user_deleted_is_erased": change_row("directory_user", deleted_at="'2026-01-03Z'", is_active="false"),
    "directory_user_changes_after_its_creation": change_row("directory_user", changed_at="'2026-01-01Z'"),
    "member_role_is_known": change_row("member", role=NONSENSE),
    "member_status_is_known": change_row("member", status=NONSENSE),
    "member_email_is_lower": change_row("member", work_email="'Amara.Osei@contoso.example'"),
    "member_active_was_activated": change_row("member", activated_at="NULL"),
    "member_removed_at_when_removed": change_row("member", status="'REMOVED'"),
    "one_member_per_email": copy_row("member"),
    # Also by another issuer's row: one of another organization that trusts the same.
    "one_member_per_subject": copy_row("work_identity", member_id="2", identity_issuer_id="2"),
    "one_invitation_per_member": copy_row("invitation"),
    "invitation_delivery_problem_is_known": change_row("invitation", delivery_problem=NONSENSE),
    "invitation_that_waits_for_delivery_has_no_problem": change_row(
        "invitation", responded_at="NULL", claimable_at="'2026-01-01Z'", delivery_problem="'REFUSED'"
    ),
    "closed_invitation_is_not_delivered": change_row("invitation", claimable_at="'2026-01-01Z'"),
    "invitation_is_answered_or_canceled": change_row("invitation", canceled_at="'2026-01-02Z'"),
    "invitation_counts_what_it_sent": change_row("invitation", send_count="0"),
    "one_sign_in_per_state": copy_row("sign_in"),
    "one_browser_session_per_token": copy_row("browser_session"),
    "api_client_scopes_are_known": change_row("api_client", scopes="'{report:read,credits:write}'"),
    "api_client_has_a_scope": change_row("api_client", scopes="'{}'"),
    "api_client_is_revoked_after_its_creation": change_row("api_client", revoked_at="'2026-01-01Z'"),
    "one_api_key_per_prefix": copy_row("api_key", slot="2"),
    "one_live_api_key_per_slot": copy_row("api_key", prefix="'other'"),
    "api_key_slot_is_one_of_two": change_row("api_key", slot="3"),
    "api_key_is_stored_hashed": change_row("api_key", key_hash="'key'"),
    "api_key_expires_after_its_creation": change_row("api_key", expires_at="created_at"),
    "api_key_ends_after_its_creation": change_row("api_key", ended_at="'2026-01-01Z'"),
    "one_idempotency_key_per_member": copy_row("idempotency_key"),
    "idempotency_key_is_printable": change_row("idempotency_key", key="E'line\\n'"),
    "idempotency_key_has_a_fingerprint": change_row("idempotency_key", fingerprint="'request'"),
    "one_learning_account_per_profile": copy_row("learning_account"),
    "learning_account_provider_is_known": change_row("learning_account", provider=NONSENSE),
    "one_active_association_per_member": copy_row("association", learning_account_id="3", **LATER),
    "one_active_association_per_account": copy_row("association", organization_id="2", member_id="2", **LATER),
    "association_ends_after_its_start": change_row("association", 2, ended_at="'2026-01-31Z'"),
    "association_end_has_a_reason": change_row("association", 2, end_reason="NULL"),
    "association_end_reason_is_known": change_row("association", 2, end_reason=NONSENSE),
    "association_provider_is_known": change_row("association", provider=NONSENSE),
    "association_cools_off_after_its_start": change_row("association", cool_off_until="'2026-01-31Z'"),
    # The last microsecond of the cool-off, by another member and by another account.
    "cool_off_of_an_account": copy_row(
        "association",
        2,
        organization_id="1",
        member_id="1",
        provider="'PARTNER_UNIVERSITY'",
        started_at="'2026-03-02 23:59:59.999999Z'",
        ended_at="'2026-03-02 23:59:59.999999Z'",
    ),
    "cool_off_of_a_member": copy_row(
        "association", 2, learning_account_id="3", started_at="'2026-03-02 23:59:59.999999Z'"
    ),
    "one_place_at_a_time": copy_row("association", organization_id="2", member_id="2", **LATER | ENDED),
    "ended_association_keeps_no_grant": change_row("association", 2, **GRANT),
    "association_is_read_again_by_a_grant": change_row("association", grant_sealed="'token'"),
    "refused_grant_is_forgotten": change_row("association", grant_refused_at="'2026-03-01Z'", **GRANT),
    "one_attempt_per_ticket": copy_row("association_attempt", state_hash="'other'"),
    "one_attempt_per_state": copy_row("association_attempt", ticket_hash="'other'"),
    "association_attempt_status_is_known": change_row("association_attempt", 3, status="'EXPIRED'"),
    "association_attempt_provider_is_known": change_row("association_attempt", provider=NONSENSE),
    "associated_attempt_has_an_association": change_row("association_attempt", association_id="NULL"),
    "refused_attempt_has_a_code": change_row("association_attempt", 3, status="'REFUSED'", finished_at="'2026-07-01Z'"),
    "finished_attempt_has_an_instant": change_row("association_attempt", finished_at="NULL"),
    "refusal_of_an_account_has_a_date": change_row("association_attempt", 3, refusal_account_id="1"),
    "finished_attempt_keeps_no_secret": change_row("association_attempt", verifier_sealed="'verifier'"),
    "one_callback_per_id": copy_row("callback"),
    "callback_status_is_known": change_row("callback", status=NONSENSE, finished_at="'2026-07-01Z'"),
    "callback_provider_is_known": change_row("callback", provider=NONSENSE),
    "finished_callback_has_an_instant": change_row("callback", status="'DEAD'"),
    "done_callback_keeps_no_secret": change_row("callback", status="'DONE'", finished_at="'2026-07-01Z'"),
    "one_completion_per_id": copy_row("completion"),
    "completion_kind_is_known": change_row("completion", kind=NONSENSE),
    "completion_provider_is_known": change_row("completion", provider=NONSENSE),
    "completion_expires_after_it_is_completed": change_row("completion", expires_at="'2025-12-31Z'"),
    "one_credit_per_sequence": copy_row("credit", 3),
    "credit_sequence_begins_at_one": change_row("credit", 3, sequence="0"),
    "credit_ends_after_it_counts": change_row("credit", counts_until="'2026-02-10Z'"),
    "credit_counts_or_says_why": change_row("credit", 3, ineligible_reason="NULL"),
    "credit_end_has_a_reason": change_row("credit", end_reason="NULL"),
    "ineligible_credit_has_no_end": change_row("credit", 3, counts_until="'2027-01-01Z'", end_reason="'EXPIRED'"),
    "credit_end_reason_is_known": change_row("credit", end_reason=NONSENSE),
    "credit_ineligible_reason_is_known": change_row("credit", 3, ineligible_reason=NONSENSE),
    "one_organization_per_completion": copy_row(
        "credit", association_id="2", organization_id="2", counts_from="'2026-12-31 23:59:59.999999Z'"
    ),
    "one_credit_event_per_kind": copy_row("credit_event"),
    "credit_event_kind_is_known": change_row("credit_event", kind=NONSENSE),
    "one_audit_event_per_sequence": copy_row("audit_event"),
    "one_edition_per_date": """INSERT INTO catalog_edition
        SELECT 'other', effective_from, in_force_from, imported_at, document FROM catalog_edition LIMIT 1""",
    "edition_is_not_in_force_before_its_date": """UPDATE catalog_edition
        SET in_force_from = in_force_from - interval '1 microsecond'""",
}
CHANGES = ["UPDATE {table} SET id = id", "DELETE FROM {table}", "TRUNCATE {table}"]
MAIN_DOMAIN = "main_domain_is_one_of_its"
TRIGGERS = {"audit_event_is_append_only": "audit_event", "credit_event_is_append_only": "credit_event"}
MOVES_OF_EDITIONS = [
    "UPDATE catalog_edition SET in_force_from = in_force_from + interval '1 day'",
    "UPDATE catalog_edition SET effective_from = effective_from - 1",
    "UPDATE catalog_edition SET key = key || ' anew'",
    "DELETE FROM catalog_edition",
]
AUDIT_EVENT = """INSERT INTO audit_event (id, organization_id, sequence, at, actor, action, subject, details,
    previous_hash, hash) VALUES (1, 1, 1, '2026-01-01Z', 'operator', 'test', 'test', '{}', '', '')"""


@pytest.fixture
async def guarded(sound_rows: Any) -> AsyncIterator[Any]:
    """A connection to a database with one sound row of each kind; what a test does there is undone."""
    undone = sound_rows.transaction()
    await undone.start()
    yield sound_rows
    await undone.rollback()


@pytest.fixture(scope="module")
async def sound_rows(engines: Engines, template_database: str) -> AsyncIterator[Any]:
    """A connection to a database of this module's own."""
    arguments = connection_arguments(engines.database_url)
    maker = await asyncpg.connect(**arguments)
    await maker.execute(f"CREATE DATABASE guarded TEMPLATE {template_database}")
    connection = await asyncpg.connect(**arguments | {"database": "guarded"})
    await connection.execute(ROWS + AUDIT_EVENT)
    yield connection
    await connection.close()
    await maker.execute("DROP DATABASE guarded")
    await maker.close()


@pytest.mark.parametrize("name", BREAKING)
async def test_the_database_refuses_what_breaks_a_guarantee(guarded: Any, name: str) -> None:
    # Only this guarantee can be what refuses: the append-only triggers have a test of their own.
    await guarded.execute("SET LOCAL session_replication_role = replica")

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await guarded.execute(BREAKING[name])

    assert refused.value.as_dict()["constraint_name"] == name


@pytest.mark.parametrize(
    "statement",
    [
        change_row("organization", domain="'elsewhere.example'"),
        change_row("organization", domain="'fabrikam-labs.example'"),
        change_row("mail_domain", organization_id="2"),
        "DELETE FROM mail_domain WHERE id = 1",
    ],
)
async def test_an_organization_s_main_domain_is_one_of_its_own(guarded: Any, statement: str) -> None:
    await guarded.execute(copy_row("mail_domain", 2, domain="'fabrikam-labs.example'"))

    with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
        # The transaction that adds an organization writes its domain after it, and is checked at its end.
        await guarded.execute(f"{statement}; SET CONSTRAINTS ALL IMMEDIATE")

    assert refused.value.as_dict()["constraint_name"] == MAIN_DOMAIN


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", TRIGGERS.values())
async def test_what_was_recorded_cannot_be_changed(guarded: Any, table: str, change: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=f"^{table} is append-only$"):
        await guarded.execute(change.format(table=table))


@pytest.mark.parametrize("move", MOVES_OF_EDITIONS)
async def test_an_edition_in_force_keeps_its_place(guarded: Any, move: str) -> None:
    """R15: no past answer changes."""
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=r"^edition \S+ stays$"):
        await guarded.execute(move)


@pytest.mark.parametrize(
    "statement",
    [
        copy_row(
            "association",
            2,
            organization_id="1",
            learning_account_id="2",
            member_id="2",
            started_at="'2026-06-01Z'",
            cool_off_until="'2026-07-01Z'",
        ),
        copy_row(
            "credit",
            association_id="2",
            organization_id="2",
            counts_from="'2027-01-01Z'",
            counts_until="NULL",
            end_reason="NULL",
        ),
        copy_row("member", organization_id="2"),
        copy_row("mail_domain", domain="'xn--bcher-kva.example'"),
        # Two organizations may trust one issuer, and one trusts again what it has removed.
        copy_row("identity_issuer", organization_id="2"),
        copy_row("identity_issuer", removed_at="'2026-01-01Z'"),
        copy_row("issuer_credential", slot="2"),
        copy_row("issuer_credential", ended_at="created_at"),
        copy_row(
            "work_identity",
            member_id="2",
            identity_issuer_id="2",
            issuer="'https://login.fabrikam.example'",
            ended_at="bound_at",
        ),
        copy_row("work_identity", member_id="2", ended_at="bound_at"),
        copy_row("account_replacement", decided_at="requested_at", is_confirmed="false"),
        copy_row("scim_token", slot="2", prefix="'other'"),
        copy_row("scim_token", prefix="'other'", ended_at="created_at"),
        copy_row("directory_user", id=OTHER_ID, organization_id="2", member_id="2"),
        copy_row("directory_user", id=OTHER_ID, is_active="false", external_id="NULL", user_name="'other'"),
        copy_row(
            "directory_user",
            id=OTHER_ID,
            is_active="false",
            external_id="NULL",
            user_name="''",
            deleted_at="'2026-01-03Z'",
        ),
        copy_row("learning_account", provider="'PARTNER_UNIVERSITY'"),
        copy_row("idempotency_key", member_id="2"),
        copy_row("api_key", slot="2", prefix="'other'"),
        copy_row("api_key", prefix="'other'", ended_at="created_at"),
    ],
)
async def test_the_database_allows_what_only_touches_a_guarantee(guarded: Any, statement: str) -> None:
    """Exclusive ends meet exactly; emails and profiles are unique within their own organization and provider."""
    inserted = await guarded.execute(statement)

    assert inserted == "INSERT 0 1"


async def test_every_guarantee_is_tested_and_none_is_missing(guarded: Any) -> None:
    found = await guarded.fetch(
        """SELECT conname::text AS name FROM pg_constraint
           WHERE connamespace = 'public'::regnamespace
             AND (contype IN ('c', 'u', 'x') OR contype = 'f' AND cardinality(conkey) > 1)
             AND conrelid <> 'tortoise_migrations'::regclass
           UNION SELECT indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
           WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT i.indisprimary
             AND i.indrelid <> 'tortoise_migrations'::regclass
           UNION SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"""
    )

    assert {row["name"] for row in found} == {*BREAKING, *TRIGGERS, "edition_in_force_stays", MAIN_DOMAIN}


async def test_every_foreign_key_has_an_index_and_keeps_its_parent(guarded: Any) -> None:
    """Deleting a parent must not read every child, and is refused."""
    keys = await guarded.fetch(
        """SELECT conrelid::regclass || '.' || a.attname AS name, f.confdeltype::text AS on_delete, EXISTS (
               SELECT FROM pg_index i
               WHERE i.indrelid = f.conrelid AND i.indkey[0] = f.conkey[1] AND i.indpred IS NULL) AS is_indexed
           FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
           WHERE f.contype = 'f' AND f.conname <> $1""",
        MAIN_DOMAIN,
    )

    tables = [kind for kind in vars(models).values() if isinstance(kind, type) and issubclass(kind, Model)]
    declared = [name for table in tables for name in table._meta.fk_fields]
    assert len(keys) == len(declared) > 0
    assert {row["on_delete"] for row in keys} <= {"r", "a"}
    assert [row["name"] for row in keys if not row["is_indexed"]] == []
