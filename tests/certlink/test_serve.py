"""`certlink serve` registers documents, and does not start with wrong settings."""

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from api.documents.reading import digest_of
from certlink.commands.serve import application
from certlink.main import app
from domain.settings import Settings
from tests.certlink.conftest import Command
from web.documents import DOCUMENTS

TEXT = "query OfTheFrontEnd { policy { coolOffDays } }"
ENVIRONMENT = {
    "DATABASE_URL": "postgres://localhost:1/nowhere",
    "REDIS_URL": "redis://localhost:1",
    "CERTLINK_SECRET_KEY": Fernet.generate_key().decode(),
}


async def test_the_pages_and_the_front_ends_documents_are_registered(tmp_path: Path, settings: Settings) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({digest_of(TEXT): TEXT}))

    app = application(settings.model_copy(update={"documents_file": str(manifest)}))
    async with app.router.lifespan_context(app):
        documents = app.state.runtime.documents

        assert all(documents.is_registered(digest_of(text)) for text in (TEXT, *DOCUMENTS.values()))


def test_settings_that_are_missing_or_do_not_fit_end_the_command_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)

    missing = CliRunner().invoke(app, ["serve"])
    wrong = CliRunner().invoke(app, ["serve"], env={**ENVIRONMENT, "CERTLINK_RATE_LIMIT": "600"})

    assert (missing.exit_code, wrong.exit_code) == (3, 3)
    assert missing.stderr == (
        "certlink: settings: DATABASE_URL: Field required; REDIS_URL: Field required; CERTLINK_SECRET_KEY: Field "
        "required (docs/operations.md lists them); or start `certlink up`, which needs none: it does not run on "
        ".certlink\n"
    )
    assert wrong.stderr == (
        "certlink: settings: CERTLINK_MAX_COST must not exceed a rate limit (docs/operations.md lists them)\n"
    )


def test_front_ends_origins_are_written_as_browsers_do_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CERTLINK_RETURN_ORIGINS", "https://Front.contoso.example:443/, http://localhost:5173")

    refused = [
        CliRunner().invoke(app, ["serve"], env={"CERTLINK_RETURN_ORIGINS": nonsense})
        for nonsense in ("localhost:5173", "*", "https://front.contoso.example/app", "null")
    ]

    assert Settings().return_origins == ["https://front.contoso.example", "http://localhost:5173"]
    assert {result.exit_code for result in refused} == {3}
    assert all("is no origin: write them as in https://" in result.stderr for result in refused)


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


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("/test_", "/nothing_"), "Can't establish connection to database nothing_"),
        (("certlink@", "nobody@"), 'role "nobody" does not exist'),
    ],
)
async def test_a_database_that_refuses_a_connection_ends_the_command_with_one_line(
    certlink: Command, database_url: str, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], reason: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url.replace(*change))

    result = await certlink("verify")

    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith(f"certlink: no connection: {reason}")
    assert len(result.stderr.splitlines()) == 1
