"""Which documents does the process that serves register, and when does it refuse to start?"""

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from api.documents.cache import digest_of, known_document
from certlink.main import app
from certlink.serve import application
from domain.settings import Settings
from web.documents import DOCUMENTS

TEXT = "query OfTheFrontEnd { policy { coolOffDays } }"
ENVIRONMENT = {
    "DATABASE_URL": "postgres://localhost:1/nowhere",
    "REDIS_URL": "redis://localhost:1",
    "CERTLINK_SECRET_KEY": Fernet.generate_key().decode(),
}


def test_the_pages_and_the_front_ends_documents_are_registered(tmp_path: Path) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({digest_of(TEXT): TEXT}))

    application(
        Settings(
            database_url=ENVIRONMENT["DATABASE_URL"],
            redis_url=ENVIRONMENT["REDIS_URL"],
            secret_key=ENVIRONMENT["CERTLINK_SECRET_KEY"],
            documents_file=str(manifest),
        )
    )

    for text in (TEXT, *DOCUMENTS.values()):
        assert known_document(digest_of(text)).operations


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "the file cannot be read", id="no file"),
        pytest.param(b"\xff", "the file cannot be read", id="no text"),
        pytest.param(b"[]", "the manifest must be a JSON object", id="no manifest"),
        pytest.param(
            json.dumps({digest_of("{ no }"): "{ no }"}).encode(),
            f"the document {digest_of('{ no }')}",
            id="no such field",
        ),
    ],
)
def test_a_manifest_that_cannot_be_served_ends_the_command_with_one_line(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    manifest = tmp_path / "documents.json"
    if content is not None:
        manifest.write_bytes(content)

    ended = CliRunner().invoke(app, ["serve"], env={**ENVIRONMENT, "CERTLINK_DOCUMENTS_FILE": str(manifest)})

    assert ended.exit_code == 3
    assert ended.stderr.startswith(f"certlink: CERTLINK_DOCUMENTS_FILE: {words}")
    assert ended.stderr.count("\n") == 1
