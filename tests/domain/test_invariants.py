"""Invariants that `certlink verify` checks."""

from collections.abc import AsyncIterator

import pytest

from domain.database.pool import connection, open_database
from domain.database.transaction import transaction
from domain.queries.invariants import INVARIANTS, violations
from tests.domain.rows import ROWS, change_row, copy_row


def _again(started_on: str, number: int, **changes: str) -> str:
    """Associate again what ended in June, within the limits of the cool-off."""
    instant = f"'{started_on}'"
    return (
        copy_row(
            "association", 2, id=str(number), started_at=instant, ended_at=instant, cool_off_until=instant, **changes
        )
        + "; "
        + copy_row(
            "association_attempt",
            2,
            id=str(number),
            association_id=str(number),
            ticket_hash=f"'{number}'",
            state_hash=f"'{number}'",
            **{name: value for name, value in changes.items() if name == "member_id"},
        )
    )


# What breaks each invariant and no constraint, and which rows are named.
BREAKING = {
    "an association belongs to its member's organization": (
        change_row("association", organization_id="2") + "; " + "UPDATE credit SET organization_id = 2",
        ["association 1"],
    ),
    "an association's provider is its account's": (
        change_row("learning_account", provider="'PARTNER_UNIVERSITY'"),
        ["association 1"],
    ),
    "no association exists without an attempt of its member at its provider": (
        change_row("association_attempt", member_id="2"),
        ["association 1"],
    ),
    "at most as many associations as a year allows of an account start within 365 days (R6)": (
        # The one of the year before does not matter: it starts exactly 365 days earlier.
        _again("2025-02-01Z", 20, member_id="1", organization_id="1")
        + "; "
        + _again("2026-06-01Z", 21)
        + "; "
        + _again("2026-08-01Z", 22)
        + "; "
        + _again("2027-01-31 23:59:59.999999Z", 23, member_id="1", organization_id="1"),
        ["association 23"],
    ),
    "at most as many associations as a year allows of a member at a provider start within 365 days (R6)": (
        _again("2025-02-01Z", 20, learning_account_id="3")
        + "; "
        + _again("2026-06-01Z", 21)
        + "; "
        + _again("2026-08-01Z", 22)
        + "; "
        + _again("2027-01-31 23:59:59.999999Z", 23, learning_account_id="3"),
        ["association 23"],
    ),
    "a credit is its association's": (change_row("credit", 3, member_id="2"), ["credit 3"]),
    "no credit counts before its association starts": (
        change_row("credit", counts_from="'2026-01-31Z'") + "; " + change_row("credit_event", at="'2026-01-31Z'"),
        ["credit 1"],
    ),
    "no credit outlives an association that was removed or moved (R5, R7)": (
        change_row("credit", 2, counts_until="'2026-06-01 00:00:00.000001Z'")
        + "; "
        + change_row("credit_event", 3, at="'2026-06-01 00:00:00.000001Z'"),
        ["credit 2"],
    ),
    "the credits of a completion in an association are numbered from one on": (
        change_row("credit", 3, sequence="2"),
        ["credit 3"],
    ),
    "only the latest credit of a completion in an association goes on": (
        # Recorded while the one before still counted.
        copy_row(
            "credit",
            sequence="2",
            recorded_at="'2026-12-31 23:59:59.999999Z'",
            counts_from="'2027-01-01Z'",
            counts_until="NULL",
            end_reason="NULL",
            next_event_at="'2027-01-01Z'",
        ),
        ["credit 1"],
    ),
    "a leaver's credit ends at the refresh date at the latest (R8)": (
        change_row("association", 2, end_reason="'MEMBER_REMOVED'")
        + "; "
        + change_row("credit", 2, counts_until="'2026-07-10 00:00:00.000001Z'")
        + "; "
        + change_row("credit_event", 3, at="'2026-07-10 00:00:00.000001Z'"),
        ["credit 2"],
    ),
    "a removed member has no active association and no open session (R8)": (
        change_row("member", status="'REMOVED'", removed_at="'2026-07-01Z'")
        + "; "
        + change_row("work_identity", ended_at="'2026-07-01Z'")
        + "; "
        + change_row("browser_session", ended_at="'2026-07-01Z'", refresh_sealed="NULL", next_check_at="NULL"),
        ["member 1"],
    ),
    "a member is bound by issuers that their organization trusts (R2)": (
        change_row("identity_issuer", removed_at="'2026-07-01Z'"),
        ["binding 1"],
    ),
    "a session ends with its binding (R2)": (
        change_row("work_identity", ended_at="'2026-07-01Z'"),
        ["session 1"],
    ),
    "an invitation is its member's, and waits as long as the member is invited (R2)": (
        change_row("invitation", responded_at="NULL"),
        ["invitation 1"],
    ),
    "whom a directory says to be active became a member of its organization, and nobody of another (R2)": (
        change_row("directory_user", member_id="2"),
        ["directory user 00000000-0000-4000-8000-000000000001"],
    ),
    "an API client's creator is a member of its organization": (
        change_row("api_client", organization_id="2"),
        ["API client 1"],
    ),
    "a revoked API client has no key that goes on": (
        change_row("api_client", revoked_at="'2026-07-01Z'"),
        ["API key 1"],
    ),
    "an idempotency key is committed together with its outcome": (
        change_row("idempotency_key", outcome_sealed="NULL"),
        ["idempotency key 1"],
    ),
    "a credit event is recorded at its credit's instant": (
        change_row("credit_event", at="'2026-02-12Z'"),
        ["credit event 1"],
    ),
    "a credit's next event is the first that is not recorded": (
        change_row("credit", next_event_at="NULL"),
        ["credit 1"],
    ),
    "a received attempt has a callback": (
        change_row("callback", status="'DONE'", code_sealed="NULL", finished_at="'2026-07-01Z'"),
        ["association attempt 3"],
    ),
}


@pytest.fixture
async def sound(database_url: str) -> AsyncIterator[None]:
    """A database with one sound row of each kind, in which a test may leave violations."""
    async with open_database(database_url, pool_size=2):
        async with connection() as current:
            await current.execute(ROWS)
        yield


async def test_nothing_is_named_where_everything_is_sound(sound: None) -> None:
    assert await violations() == []


@pytest.mark.parametrize("sentence", INVARIANTS)
async def test_each_violation_is_named_by_its_sentence_and_its_row(sound: None, sentence: str) -> None:
    statement, rows = BREAKING[sentence]
    async with transaction(), connection() as current:
        # Only what is recorded for ever is guarded by triggers; every constraint stays in force.
        await current.execute("SET LOCAL session_replication_role = replica")
        await current.execute(statement)

    found = await violations()

    assert found == [f"{row}: violates «{sentence}»" for row in rows]
