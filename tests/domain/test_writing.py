"""Where models write and where SQL does (decision 0020)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from tortoise.models import Model

from domain import models, operations

# Models know their columns once they are bound to a database.
pytestmark = pytest.mark.usefixtures("database")

MODELS: dict[str, type[Model]] = {
    name: kind for name, kind in vars(models).items() if isinstance(kind, type) and issubclass(kind, Model)
}
SOURCES = sorted(Path(operations.__file__).parent.rglob("*.py"))

RIGHT = "await SignIn.create(identity_issuer_id=1, state_hash=b'', browser_hash=b'', nonce='', \
verifier_sealed=b'', return_to='', created_at=now, expires_at=now)"
WRONG = {
    RIGHT.replace("return_to", "retrun_to"): ["SignIn.create: retrun_to is no column", "SignIn.create: no return_to"],
    RIGHT.replace("nonce='', ", ""): ["SignIn.create: no nonce"],
    "await SignIn.create(**values)": ["SignIn.create: names are hidden"],
    "await SignIn.get(id=1)": ["SignIn.get: only create writes"],
    "await models.SignIn.filter(id=1).update(used_at=now)": ["SignIn.filter: only create writes"],
}


def test_operations_use_models_to_insert_single_rows_alone_and_misspell_no_column() -> None:
    faults = {source.name: list(_faults(source.read_text())) for source in SOURCES}

    assert {name: found for name, found in faults.items() if found} == {}
    assert sum(len(list(_calls(source.read_text()))) for source in SOURCES) >= 6


@pytest.mark.parametrize("source", WRONG, ids=range(len(WRONG)))
def test_what_is_misspelt_missing_or_hidden_is_found(source: str) -> None:
    assert list(_faults(RIGHT)) == []
    assert list(_faults(source)) == WRONG[source]


def _faults(source: str) -> Iterator[str]:
    for model, method, call in _calls(source):
        place = f"{model.__name__}.{method}"
        names = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
        if method != "create":
            yield f"{place}: only create writes"
        elif call.args or len(names) < len(call.keywords):
            yield f"{place}: names are hidden"
        else:
            yield from (f"{place}: {name} is no column" for name in sorted(names - _columns(model)))
            yield from (f"{place}: no {name}" for name in sorted(_required(model) - names))


def _calls(source: str) -> Iterator[tuple[type[Model], str, ast.Call]]:
    """Yield each call of a method of a model."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            if name in MODELS:
                yield MODELS[name], node.func.attr, node


def _columns(model: type[Model]) -> set[str]:
    return set(model._meta.fields_db_projection)


def _required(model: type[Model]) -> set[str]:
    fields = {name: model._meta.fields_map[name] for name in _columns(model)}
    return {
        name
        for name, field in fields.items()
        if not (field.generated or field.null or field.default is not None or field.has_db_default())
    }
