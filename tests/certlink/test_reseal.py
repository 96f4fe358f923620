"""The operator seals secrets anew."""

import json

import asyncpg
import pytest
from cryptography.fernet import Fernet

from domain.database.pool import connection_arguments
from domain.operations.sealing import SEALED
from domain.secrets import SecretKey
from domain.settings import Settings
from tests.certlink.conftest import Command

INSERT = """INSERT INTO issuer_credential (identity_issuer_id, slot, kind, sealed, created_at)
    SELECT id, $1, 'SECRET', $2, now() FROM identity_issuer"""


async def test_it_says_how_many_were_sealed_anew_and_fails_where_some_cannot_be_read(
    certlink: Command, contoso: str, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = settings.secret_key.get_secret_value(), Fernet.generate_key().decode()
    connection = await asyncpg.connect(**connection_arguments(database_url))
    await connection.execute(INSERT, 1, SecretKey(old).seal("secret"))

    monkeypatch.setenv("CERTLINK_SECRET_KEY", f"{new}, {old}")
    first, second = await certlink("reseal"), await certlink("reseal")
    sealed = await connection.fetchval("SELECT sealed FROM issuer_credential")
    await connection.execute(INSERT, 2, SecretKey(Fernet.generate_key().decode()).seal("lost"))
    third = await certlink("reseal")
    as_json = await certlink("reseal", "--json")
    await connection.close()

    assert [result.exit_code for result in (first, second, third, as_json)] == [0, 0, 1, 1]
    assert "issuer_credential.sealed\t1 sealed anew\n" in first.stdout
    assert first.stdout.count("\n") == len(SEALED)
    assert {line.rpartition("\t")[2] for line in second.stdout.splitlines()} == {"0 sealed anew"}
    assert "issuer_credential.sealed\t1 cannot be read by any key: they stay as they are\n" in third.stdout
    assert {"table": "issuer_credential", "column": "sealed", "resealed": 0, "unreadable": 1} in json.loads(
        as_json.stdout
    )
    assert SecretKey(new).open(sealed) == "secret"
