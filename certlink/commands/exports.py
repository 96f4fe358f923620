"""Commands that write a whole list into a file."""

import sys
from contextlib import aclosing
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from api.exports.formats import FORMATS
from api.exports.streaming import chunks
from certlink.atomic_file import STANDARD_OUTPUT, NotWritten, atomic_file, write
from certlink.clock import programme_clock
from certlink.commands.runner import DEFAULT_DATA, Data, Domain, instant_option, run, stop
from certlink.readiness import FAILED
from domain.queries.organizations import operator_of
from domain.queries.skills_report import SkillsReportFilter, open_skills_report
from domain.settings import Settings


class FormatName(StrEnum):
    """The formats, by the extensions of their files."""

    CSV = "csv"
    NDJSON = "ndjson"


def add_to(app: typer.Typer) -> None:
    """Add the commands that export."""
    export = typer.Typer(help="Write a whole list into a file.", no_args_is_help=True)
    export.command("skills-report")(skills_report)
    app.add_typer(export, name="export")


def skills_report(
    domain: Domain,
    form: Annotated[FormatName, typer.Option("--format", help="For spreadsheets or for programs.")] = FormatName.CSV,
    as_of: Annotated[str, typer.Option(metavar="INSTANT", help="As of when; now, unless given.")] = "",
    output: Annotated[str, typer.Option(metavar="FILE", help="Where to; - is the standard output.")] = STANDARD_OUTPUT,
    data: Data = DEFAULT_DATA,
) -> None:
    """Export an organization's credits as of an instant; a file takes its place only when it is whole."""
    instant = instant_option(as_of)

    async def work(settings: Settings) -> int:
        return await _export(domain, form, instant or programme_clock(settings)(), output)

    try:
        rows = run(work, data)
    except NotWritten as failure:
        stop(str(failure), FAILED)
    print(f"{rows} rows", file=sys.stderr)


async def _export(domain: str, form: FormatName, as_of: datetime, output: str) -> int:
    """Write the report and return how many rows it has."""
    organization_id = (await operator_of(domain)).organization_id
    chosen = next(candidate for candidate in FORMATS if candidate.extension == form.value)
    async with open_skills_report(organization_id, matching=SkillsReportFilter(), as_of=as_of) as report:
        total = await report.count()
        with (
            atomic_file(output) as file,
            typer.progressbar(length=total, label="skills report", file=sys.stderr) as bar,
        ):
            async with aclosing(chunks(report, chosen)) as written:
                async for chunk in written:
                    write(file, chunk.data, output)
                    bar.update(chunk.rows)
    return total
