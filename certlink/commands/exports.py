"""Commands that write a whole list into a file."""

import sys
from contextlib import aclosing
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

export_commands = typer.Typer(help="Write a whole list into a file.", no_args_is_help=True)


class FormatName(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"


@export_commands.command("skills-report")
def skills_report(
    domain: Domain,
    form: Annotated[FormatName, typer.Option("--format", help="For spreadsheets or for programs.")] = FormatName.CSV,
    as_of: Annotated[str, typer.Option(metavar="INSTANT", help="As of when; now, unless given.")] = "",
    output: Annotated[str, typer.Option(metavar="FILE", help="Where to; - is the standard output.")] = STANDARD_OUTPUT,
    data: Data = DEFAULT_DATA,
) -> None:
    """Export an organization's credits as of an instant; a file takes its place only when it is whole."""
    instant = instant_option(as_of)
    chosen = next(candidate for candidate in FORMATS if candidate.extension == form)

    async def work(settings: Settings) -> int:
        at = instant or programme_clock(settings)()
        organization_id = (await operator_of(domain)).organization_id
        async with open_skills_report(organization_id, matching=SkillsReportFilter(), as_of=at) as report:
            total = await report.count()
            with (
                atomic_file(output) as file,
                typer.progressbar(length=total, label="skills report", file=sys.stderr) as bar,
            ):
                # Closed at once when the disk is full: the report holds a connection and a snapshot.
                async with aclosing(chunks(report, chosen)) as written:
                    async for chunk in written:
                        write(file, chunk.data, output)
                        bar.update(chunk.rows)
        return total

    try:
        rows = run(work, data)
    except NotWritten as failure:
        stop(str(failure), FAILED)
    print(f"{rows} rows", file=sys.stderr)
