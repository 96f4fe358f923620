"""Command that says why a credit counts, or not."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from api.graphql.ids import Kind, decode_id, global_id
from api.graphql.types.explanations import contribution_of, explanation_of, timeline_of
from api.instants import instant_text
from certlink.clock import programme_clock
from certlink.commands.runner import (
    DEFAULT_DATA,
    Data,
    Json,
    as_plain,
    enum_words,
    instant_option,
    print_result,
    run,
    stop,
)
from certlink.readiness import USAGE
from domain.errors import NotFound
from domain.queries.contributions import CreditContributions, contributions_of_credits
from domain.queries.credits import CreditRow, credit_of_operator
from domain.settings import Settings

# Every number of so many digits fits into PostgreSQL's bigint.
MAX_DIGITS = 18


def explain(
    credit: Annotated[str, typer.Argument(metavar="CREDIT", help="The credit's number or its global id.")],
    at: Annotated[str, typer.Option(metavar="INSTANT", help="The instant to look at; now, unless given.")] = "",
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Say why a credit counts, or not, who can do what, what it contributes to, and what happens when."""
    is_number = credit.isascii() and credit.isdigit() and len(credit) <= MAX_DIGITS
    credit_id = int(credit) if is_number else decode_id(credit, Kind.CREDIT)
    if credit_id is None:
        stop(f'"{credit}" is neither the number of a credit nor its id', USAGE)
    instant = instant_option(at)

    async def work(settings: Settings) -> tuple[CreditRow, CreditContributions]:
        row = await credit_of_operator(credit_id, as_of=instant or programme_clock(settings)())
        if row is None:
            raise NotFound
        return row, await contributions_of_credits(row.organization_id, {row.member_id}, as_of=row.as_of)

    row, all_contributions = run(work, data)
    contributions = all_contributions.get(row.id, ())
    explained = {
        "id": global_id(Kind.CREDIT, row.id),
        "organization": row.organization_name,
        "member": row.member_work_email,
        "certification": row.certification,
        "status": row.status.value,
        "asOf": instant_text(row.as_of),
        "explanation": as_plain(explanation_of(row, contributions)),
        "contributions": as_plain([contribution_of(contribution) for contribution in contributions]),
        "timeline": as_plain(timeline_of(row)),
    }
    print_result(explained, _lines(explained), as_json=as_json)


def _lines(explained: dict[str, Any]) -> Iterator[str]:
    explanation = explained["explanation"]
    whose = f"{explained['member']} for {explained['organization']}"
    yield f"{explained['certification']} of {whose}, {_minute(explained['asOf'])}"
    yield f"{explained['status'].lower()}: {explanation['summary']}"
    yield "what could keep it from counting:"
    for reason in explanation["reasons"]:
        since = f", since {_minute(reason['since'])}" if reason["since"] else ""
        until = f", expected to change {_minute(reason['expectedAt'])}" if reason["expectedAt"] else ""
        yield f"  {'does not' if reason['met'] else 'does':8} {enum_words(reason['code'])}{since}{until}"
        yield f"      {enum_words(reason['actor'])}: {reason['action']}"
    if explained["contributions"]:
        yield "contributions:"
    for line in explained["contributions"]:
        why = f" ({enum_words(line['reason'])})" if line["reason"] else ""
        step = f"{line['programTitle']}, {enum_words(line['track'])}, {enum_words(line['metric'])}, step {line['step']}"
        yield f"  {step}: {line['points']:g} points{why}"
    yield "timeline:"
    for event in explained["timeline"]:
        recorded = f", recorded {_minute(event['recordedAt'])}" if event["recordedAt"] else ""
        expected = " expected" if event["expected"] else ""
        yield f"  {_minute(event['at'])}{expected}: {enum_words(event['kind'])}{recorded}"


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ") + "Z"
