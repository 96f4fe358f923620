"""Commands that migrate, check and reseal the database, and show the schema and the settings."""

from pathlib import Path
from typing import Annotated

import typer

from api.graphql.schema import sdl
from certlink.clock import programme_clock, real_now
from certlink.commands.runner import DEFAULT_DATA, Data, Json, finish, load_settings, print_result, run, stop
from certlink.readiness import FAILED
from certlink.schema_changes import judge_changes
from domain.database import schema
from domain.operations.catalog import import_catalog
from domain.operations.sealing import reseal as reseal_secrets
from domain.queries.audit import broken_links
from domain.queries.invariants import INVARIANTS, violations
from domain.settings import Settings

SCHEMA_FILE = Path("schema.graphql")
RELEASED_FILE = Path("schema.released.graphql")
CHANGELOG = Path("CHANGELOG.md")

audit_commands = typer.Typer(help="Look at the audit chains.", no_args_is_help=True)


def migrate(
    make: Annotated[str, typer.Option("--make", metavar="NAME", help="Write the migration that the models lack.")] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """Bring the database's schema and catalog up to this version; safe to run at once from anywhere."""
    if make:
        print("\n".join(finish(schema.write_migrations(make))) or "the models lack no migration")
        return

    async def work(settings: Settings) -> list[str]:
        applied = await schema.migrate()
        # With each migration, so that no release runs on the requirements of the one before.
        await import_catalog(now=programme_clock(settings)(), policy=settings.policy)
        return applied

    applied = run(work, data)
    print("\n".join(f"applied {name}" for name in applied) or "nothing to migrate")


def check(
    write: Annotated[bool, typer.Option("--write", help="Write schema.graphql anew.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Make it the last release's schema, too.")] = False,
) -> None:
    """Prove that models and migrations agree, that schema.graphql equals the code, and that it breaks no client."""
    if write:
        SCHEMA_FILE.write_text(sdl())
    problems = [f"no migration says: {change}" for change in finish(schema.undeclared_changes())]
    if not SCHEMA_FILE.exists() or SCHEMA_FILE.read_text() != sdl():
        problems.append("schema.graphql differs from the code: run `certlink check --write`")
    try:
        released, changelog = RELEASED_FILE.read_text(), CHANGELOG.read_text()
    except FileNotFoundError as missing:
        stop(f"{missing.filename} is missing here: run it in a whole checkout", FAILED)
    verdict = judge_changes(released=released, present=sdl(), changelog=changelog, now=real_now())
    problems.extend(verdict.problems)
    # A date that passes must not fail code that nobody has changed: it is printed every time and stops a release only.
    problems.extend(verdict.overdue if release else ())
    if problems:
        stop("; ".join(problems), FAILED)
    for sentence in verdict.dangers:
        print(f"some clients may notice: {sentence}")
    for sentence in verdict.overdue:
        print(f"still there: {sentence}")
    if release:
        RELEASED_FILE.write_text(sdl())
    print("migrations and schema.graphql agree with the code, and no change breaks clients without a note")


def verify(as_json: Json = False, data: Data = DEFAULT_DATA) -> None:
    """Check every invariant of the database and name each violation."""
    violated = run(lambda settings: violations(settings.policy), data)
    sentences = violated or [f"{len(INVARIANTS)} invariants and every audit chain hold"]
    print_result({"invariants": len(INVARIANTS), "violations": violated}, sentences, as_json=as_json)
    raise typer.Exit(FAILED if violated else 0)


def reseal(as_json: Json = False, data: Data = DEFAULT_DATA) -> None:
    """Seal by the newest key of CERTLINK_SECRET_KEY what an older one has sealed; a second run finds nothing."""
    outcomes = run(reseal_secrets, data)
    lines = [f"{outcome.table}.{outcome.column}\t{outcome.resealed} sealed anew" for outcome in outcomes]
    lines += [
        f"{outcome.table}.{outcome.column}\t{outcome.unreadable} cannot be read by any key: they stay as they are"
        for outcome in outcomes
        if outcome.unreadable
    ]
    print_result(outcomes, lines, as_json=as_json)
    raise typer.Exit(FAILED if any(outcome.unreadable for outcome in outcomes) else 0)


@audit_commands.command("verify")
def verify_audit(data: Data = DEFAULT_DATA) -> None:
    """Find every audit event that was changed or is missing."""
    broken = run(lambda _: broken_links(), data)
    print("\n".join(broken) or "every audit chain holds")
    raise typer.Exit(FAILED if broken else 0)


def config(as_json: Json = False, data: Data = DEFAULT_DATA) -> None:
    """Show every setting as it is now, without its secrets."""
    shown = load_settings(data).model_dump()
    for name, value in shown.items():
        # The engines' addresses may hold a password.
        if name in {"database_url", "redis_url"}:
            shown[name] = value.partition("://")[0] + "://…"
        elif not isinstance(value, str | int | float | list | None):
            shown[name] = str(value)
    print_result(shown, (f"{name} = {value}" for name, value in shown.items()), as_json=as_json)
