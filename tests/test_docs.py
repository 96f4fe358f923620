"""The documentation's settings, commands and words, compared with the code."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic_core import PydanticUndefined
from starlette.routing import Route
from tortoise.models import Model

from certlink.main import app
from domain import models
from domain.queries.invariants import INVARIANTS
from domain.rules import enums
from domain.settings import Settings
from web.routes import routes

ROOT = Path(__file__).parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
WITHOUT_PREFIX = {"database_url", "redis_url"}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default_and_meaning(name: str) -> None:
    field = Settings.model_fields[name]
    variable = name.upper() if name in WITHOUT_PREFIX else f"CERTLINK_{name.upper()}"

    row = re.search(rf"^\| `{variable}` \| (.*?) \| (.*?) \|$", OPERATIONS, re.MULTILINE)

    assert row is not None
    assert row[2] == field.description
    if field.default is PydanticUndefined:
        assert row[1] == "required"
    elif isinstance(field.default, int | float) and not isinstance(field.default, bool):
        assert row[1] == f"`{field.default}`"


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = set(re.findall(r"^\| `((?:CERTLINK_)?[A-Z_]+)` \|", OPERATIONS, re.MULTILINE))

    assert documented == {
        name.upper() if name in WITHOUT_PREFIX else f"CERTLINK_{name.upper()}" for name in Settings.model_fields
    }


def test_the_newest_release_of_the_changelog_is_the_version_of_the_code() -> None:
    released = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert released[0] == version("certlink")


def test_the_product_knows_of_the_sandbox_only_its_switch_and_its_clock() -> None:
    assert {name for name in Settings.model_fields if "sandbox" in name} == {"sandbox", "sandbox_clock"}


def test_every_command_is_documented_and_no_other() -> None:
    commands = OPERATIONS.partition("\n## Commands\n")[2].partition("\n## ")[0]

    documented = set(re.findall(r"^\| `certlink ([a-z -]+)` \|", commands, re.MULTILINE))

    assert documented == set(_commands(typer.main.get_command(app), ""))


def test_signed_events_are_said_to_be_taken_once_an_address_takes_them() -> None:
    taken = [route for route in routes() if isinstance(route, Route) and "POST" in (route.methods or ())]
    takes_events = any(route.path.startswith(("/callbacks", "/events")) for route in taken)
    rules = (ROOT / "docs" / "rules.md").read_text()

    assert ("nothing takes signed events" not in rules) is takes_events
    assert ("Signed events are not taken yet" not in GLOSSARY) is takes_events


def test_every_table_is_a_word_of_the_glossary_or_explained_by_one() -> None:
    technical = {"SignIn", "BrowserSession"}
    tables = {name for name, kind in vars(models).items() if isinstance(kind, type) and issubclass(kind, Model)}

    assert {name for name in tables - {"Model"} - technical if f"`{name}" not in GLOSSARY} == set()


def test_every_word_of_the_glossary_that_names_code_is_found_in_the_code() -> None:
    code = "\n".join(
        path.read_text() for folder in ("api", "domain", "workers") for path in (ROOT / folder).rglob("*.py")
    )
    named = re.findall(r"\| `([A-Za-z_]+)(?:\.[a-z_]+)?` \|$", GLOSSARY, re.MULTILINE)

    assert [name for name in named if not re.search(rf"\b{name}\b", code)] == []


def test_every_decision_is_one_screen_and_has_its_three_parts() -> None:
    for record in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        text = record.read_text()
        assert text.startswith(f"# {record.name[:4]} ")
        assert [part for part in ("**Context.**", "**Decision.**", "**Consequences.**") if part not in text] == []
        assert len(text.splitlines()) <= 40


def test_every_link_between_documents_leads_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (document, target.partition("#")[0])
        for document in documents
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)]+)\)", document.read_text())
    ]

    assert [(str(document), target) for document, target in links if not (document.parent / target).exists()] == []


def test_every_word_of_the_programme_and_every_invariant_is_said_in_a_sentence() -> None:
    kinds = [kind for kind in vars(enums).values() if isinstance(kind, type) and kind.__module__ == enums.__name__]

    assert [kind.__name__ for kind in kinds if not kind.__doc__] == []
    assert [sentence for sentence in INVARIANTS if len(sentence.split()) < 5] == []


def _commands(command: Any, prefix: str) -> list[str]:
    children = getattr(command, "commands", None)
    if children is None:
        return [prefix.strip()]
    return [name for child, found in children.items() for name in _commands(found, f"{prefix} {child}")]
