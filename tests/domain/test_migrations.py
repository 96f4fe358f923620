"""Migrations: from nothing, at once, repeated, after a crash."""

import asyncio
import hashlib
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from tortoise.migrations import operations as ops

from domain import migrations
from domain.database import schema
from domain.database.pool import connection, execute, fetch_value, open_database
from domain.database.transaction import transaction
from domain.operations.catalog import import_catalog
from domain.operations.members import activate_member
from domain.queries.callers import viewer_of_identity, viewer_of_session
from domain.queries.invariants import violations
from domain.queries.issuers import TrustedIssuer, issuers_of_domain
from domain.queries.readiness import readiness
from domain.rules.enums import AddressTrust, MemberRole
from domain.rules.identity import Identity
from domain.rules.visibility import MemberViewer
from tests.clock import START

ALL = sorted(path.stem for path in Path(migrations.__file__).parent.glob("[0-9]*.py"))
# A database may have applied these: a change belongs into a further migration.
RELEASED = {
    "0001_initial": "8adf0b97639418378be7b2e93332e381980986c1598619025f1b380bc0cc6bc2",
    "0002_guarantees": "6a9cfd30460f98dde111c3e56136f9e1e5e654bb68a2d58a3e66d080a7efb543",
}
TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"


class PowerCut(Exception):
    """Something that no code expects."""


@pytest.fixture
def empty(empty_database_url: str) -> AbstractAsyncContextManager[None]:
    """An empty database, to be opened by the test."""
    return open_database(empty_database_url, pool_size=6)


def test_the_migrations_of_a_release_stay_as_they_were() -> None:
    folder = Path(migrations.__file__).parent

    digests = {name: hashlib.sha256((folder / f"{name}.py").read_bytes()).hexdigest() for name in RELEASED}

    assert digests == RELEASED


async def test_an_empty_database_is_migrated_once(empty: AbstractAsyncContextManager[None]) -> None:
    async with empty:
        missing = await schema.missing_migrations()
        first, second = await schema.migrate(), await schema.migrate()

        assert (missing, first, second) == (ALL, ALL, [])
        assert await schema.missing_migrations() == []


async def test_a_process_is_ready_only_when_every_migration_is_applied(
    empty: AbstractAsyncContextManager[None],
) -> None:
    async with empty:
        before = await readiness()
        await schema.migrate()

        assert before == [f"migration {name} is missing" for name in ALL]
        assert await readiness() == []


async def test_what_was_written_before_a_migration_survives_it(empty: AbstractAsyncContextManager[None]) -> None:
    async with empty:
        await schema.migrate(up_to="0001_initial")
        await execute(
            """INSERT INTO organization (name, domain, issuer, client_id, api_audience, created_at)
               VALUES ('Contoso', 'contoso.example', 'https://login.contoso.example', 'certlink', 'api', $1)""",
            START,
        )

        applied = await schema.migrate()

        assert applied == ALL[1:]
        assert await fetch_value("SELECT name FROM organization") == "Contoso"
        assert await violations() == []


# Two organizations, one of them with a secret; people bound, invited, removed, and bound to nobody since a change of
# issuer; sessions and sign-ins of now and of the issuer before.
BEFORE_IDENTITIES = """
INSERT INTO organization (id, name, domain, issuer, client_id, client_secret_sealed, api_audience, created_at) VALUES
    (1, 'Contoso', 'contoso.example', 'https://login.contoso.example', 'certlink', 'sealed', 'contoso-api',
        '2026-01-01Z'),
    (2, 'Fabrikam', 'fabrikam.example', 'https://login.fabrikam.example', 'fabrikam-client', NULL, 'certlink-api',
        '2026-01-02Z');
INSERT INTO member (id, organization_id, work_email, role, status, issuer, subject, invited_at, activated_at,
        removed_at) VALUES
    (1, 1, 'amara@contoso.example', 'MEMBER', 'ACTIVE', 'https://login.contoso.example', 'amara', '2026-01-01Z',
        '2026-01-02Z', NULL),
    (2, 1, 'nadia@contoso.example', 'MEMBER', 'INVITED', NULL, NULL, '2026-01-01Z', NULL, NULL),
    (3, 1, 'left@contoso.example', 'MEMBER', 'REMOVED', 'https://login.contoso.example', 'left', '2026-01-01Z',
        '2026-01-02Z', '2026-02-01Z'),
    (4, 2, 'mei@fabrikam.example', 'ACCOUNT_ADMIN', 'ACTIVE', NULL, NULL, '2026-01-01Z', '2026-01-02Z', NULL),
    (5, 2, 'felix@fabrikam.example', 'MEMBER', 'ACTIVE', 'https://login.fabrikam.example', 'amara', '2026-01-01Z',
        '2026-01-03Z', NULL),
    (6, 2, 'gone@fabrikam.example', 'MEMBER', 'REMOVED', 'https://old.fabrikam.example', 'gone', '2026-01-01Z',
        '2026-01-02Z', '2026-02-01Z');
INSERT INTO invitation (organization_id, member_id, requested_at, sent_at, send_count, tries) VALUES
    (1, 2, '2026-01-01Z', '2026-01-01Z', 1, 1);
INSERT INTO browser_session (id, member_id, token_hash, created_at, expires_at, ended_at) VALUES
    (1, 1, sha256('open'), '2026-02-01Z', '2027-01-01Z', NULL),
    (2, 3, sha256('ended'), '2026-01-15Z', '2027-01-01Z', '2026-02-01Z');
INSERT INTO sign_in (id, organization_id, issuer, state_hash, browser_hash, nonce, verifier_sealed, return_to,
        created_at, expires_at) VALUES
    (1, 1, 'https://login.contoso.example', 'state 1', 'browser', 'nonce', 'verifier', '/', '2026-02-01Z',
        '2026-02-02Z'),
    (2, 2, 'https://old.fabrikam.example', 'state 2', 'browser', 'nonce', 'verifier', '/', '2026-02-01Z',
        '2026-02-02Z');
"""


async def test_what_an_organization_had_by_columns_of_its_own_is_kept_by_the_tables_of_its_issuers(
    empty: AbstractAsyncContextManager[None],
) -> None:
    async with empty:
        await schema.migrate(up_to="0002_guarantees")
        async with connection() as current:
            await current.execute(BEFORE_IDENTITIES)

        await schema.migrate()

        assert await violations() == []
        contoso, fabrikam = [(await issuers_of_domain(f"{name}.example"))[0] for name in ("contoso", "fabrikam")]
        assert (contoso.issuer, contoso.client_id, contoso.api_audiences, contoso.mail_domains) == (
            "https://login.contoso.example",
            "certlink",
            ["contoso-api"],
            ["contoso.example"],
        )
        assert (contoso.address_trust, contoso.address_claims, contoso.subject_claims) == (
            AddressTrust.VERIFIED,
            ["email"],
            ["sub"],
        )
        assert [bytes(sealed) for sealed in contoso.credentials_sealed] == [b"sealed"]
        assert (fabrikam.client_id, fabrikam.credentials_sealed) == ("fabrikam-client", [])
        assert [
            await viewer_of_identity(contoso.id, "amara"),
            await viewer_of_identity(contoso.id, "left"),
            await viewer_of_identity(fabrikam.id, "amara"),
        ] == [
            MemberViewer(member_id=1, organization_id=1, role=MemberRole.MEMBER),
            None,
            MemberViewer(member_id=5, organization_id=2, role=MemberRole.MEMBER),
        ]
        assert await viewer_of_session("open", now=START) == await viewer_of_identity(contoso.id, "amara")
        assert await viewer_of_session("ended", now=START) is None
        assert await fetch_value("SELECT array_agg((member_id, subject) ORDER BY member_id) FROM work_identity") == [
            (1, "amara"),
            (3, "left"),
            (5, "amara"),
        ]
        # Begun at an issuer that was left, the other sign-in could not have been completed.
        assert await fetch_value("SELECT array_agg((id, identity_issuer_id)) FROM sign_in") == [(1, contoso.id)]
        # Who was bound to nobody comes back, and who is invited comes in, as they would have before.
        admin = await _sign_in(fabrikam, subject="mei", address="mei@fabrikam.example")
        nadia = await _sign_in(contoso, subject="nadia", address="nadia@contoso.example")
        assert (admin.member_id, nadia.member_id) == (4, 2)
        assert await violations() == []


async def test_addresses_of_another_script_are_kept_in_the_one_spelling_that_signs_in(
    empty: AbstractAsyncContextManager[None],
) -> None:
    async with empty:
        await schema.migrate(up_to="0002_guarantees")
        async with connection() as current:
            await current.execute(
                """INSERT INTO organization (id, name, domain, issuer, client_id, api_audience, created_at) VALUES
                       (1, 'Bücher', 'bücher.example', 'https://login.books.example', 'certlink', 'api', '2026-01-01Z');
                   INSERT INTO member (id, organization_id, work_email, role, status, invited_at) VALUES
                       (1, 1, 'jose\u0301@bücher.example', 'MEMBER', 'INVITED', '2026-01-01Z')"""
            )

        await schema.migrate()

        (trusted,) = await issuers_of_domain("xn--bcher-kva.example")
        assert trusted.mail_domains == ["xn--bcher-kva.example"]
        viewer = await _sign_in(trusted, subject="jose", address="jos\u00e9@xn--bcher-kva.example")
        assert viewer.member_id == 1
        assert await violations() == []


async def _sign_in(trusted: TrustedIssuer, *, subject: str, address: str) -> MemberViewer:
    identity = Identity(issuer=trusted.issuer, subject=subject, address=address)
    return await activate_member(identity=identity, identity_issuer_id=trusted.id, now=START)


async def test_of_many_that_migrate_at_once_one_applies_each_migration(
    empty: AbstractAsyncContextManager[None],
) -> None:
    async with empty:
        applied = await asyncio.gather(*(schema.migrate() for _ in range(6)))

        assert sorted(applied) == [[], [], [], [], [], ALL]


async def test_a_crash_in_the_middle_of_a_migration_leaves_nothing(
    empty: AbstractAsyncContextManager[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither tables nor the record that they were made; the next try does it all."""
    done = ops.RunSQL.database_forward

    async def crash(self: ops.RunSQL, *arguments: object, **named: object) -> None:
        await done(self, *arguments, **named)  # type: ignore[arg-type]
        if "credit_event_is_append_only" in str(self.sql):
            raise PowerCut

    async with empty:
        with monkeypatch.context() as patch, pytest.raises(PowerCut):
            patch.setattr(ops.RunSQL, "database_forward", crash)
            await schema.migrate()

        assert await fetch_value(TABLES) == 0
        assert await schema.migrate() == ALL


async def test_a_crash_just_before_the_commit_leaves_nothing(empty: AbstractAsyncContextManager[None]) -> None:
    async with empty:
        with pytest.raises(PowerCut):
            async with transaction():
                await schema.migrate()
                raise PowerCut

        assert await fetch_value(TABLES) == 0


async def test_migrations_say_all_that_the_models_say() -> None:
    # The models are loaded without a database, in a context that ends with the task.
    changes = await asyncio.create_task(schema.undeclared_changes())

    assert changes == []


async def test_of_many_that_import_the_catalog_at_once_all_write_the_same(database: str) -> None:
    before = await _catalog()

    numbers = await asyncio.gather(*(import_catalog(now=START) for _ in range(6)))

    assert len(set(numbers)) == 1
    assert await _catalog() == before


async def _catalog() -> object:
    return await fetch_value("SELECT json_agg(c ORDER BY code) FROM certification c")
