"""Which command says why a credit counts, or not?"""

import json
from typing import Annotated

import typer

from api.graphql.ids import Kind, number_of
from certlink.clock import programme_clock
from certlink.commands.surroundings import DEFAULT_DATA, USAGE, Data, Json, instant_option, run, stop
from certlink.explained_credit import explained, explained_lines
from domain.errors import NotFound
from domain.queries.contributions import CreditContributions, contributions_of_credits
from domain.queries.credits import CreditRow, credit_of_operator
from domain.settings import Settings

MAX_DIGITS = 18


def add_to(app: typer.Typer) -> None:
    """Add the command that explains."""
    app.command("explain")(explain)


def explain(
    credit: Annotated[str, typer.Argument(metavar="CREDIT", help="The credit's number or its global id.")],
    at: Annotated[str, typer.Option(metavar="INSTANT", help="The instant to look at; now, unless given.")] = "",
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Say why a credit counts, or not, who can do what, what it contributes to, and what happens when."""
    number = _number(credit)
    instant = instant_option(at)

    async def work(settings: Settings) -> tuple[CreditRow, CreditContributions]:
        row = await credit_of_operator(number, as_of=instant or programme_clock(settings)())
        if row is None:
            raise NotFound
        return row, await contributions_of_credits(row.organization_id, {row.member_id}, as_of=row.as_of)

    row, contributions = run(work, data)
    found = explained(row, contributions.get(row.id, ()))
    print(json.dumps(found) if as_json else "\n".join(explained_lines(found)))


def _number(credit: str) -> int:
    is_number = credit.isascii() and credit.isdigit() and len(credit) <= MAX_DIGITS
    number = int(credit) if is_number else number_of(credit, Kind.CREDIT)
    if number is None:
        stop(f'"{credit}" is neither the number of a credit nor its id', USAGE)
    return number
