"""How is a credit explained on the command line, as JSON and in lines?

It is the same that the API tells, made by the same code and under the same names.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from api.graphql.ids import Kind, global_id
from api.graphql.scalars import instant_text
from api.graphql.types.contributions import contribution_of
from api.graphql.types.explanations import explanation_of, timeline_of
from domain.queries.credits import CreditRow
from domain.rules.program_contributions import ProgramContribution


def explained(row: CreditRow, contributions: tuple[ProgramContribution, ...]) -> dict[str, Any]:
    """Return a credit as of its row's instant as JSON tells it."""
    return {
        "id": global_id(Kind.CREDIT, row.id),
        "organization": row.organization_name,
        "member": row.member_work_email,
        "certification": row.certification,
        "status": row.status.value,
        "asOf": instant_text(row.as_of),
        "explanation": _plain(explanation_of(row, contributions)),
        "contributions": _plain([contribution_of(each) for each in contributions]),
        "timeline": _plain(timeline_of(row)),
    }


def explained_lines(found: dict[str, Any]) -> Iterator[str]:
    """Yield the same in lines for people."""
    explanation = found["explanation"]
    yield f"{found['certification']} of {found['member']} for {found['organization']}, {_day(found['asOf'])}"
    yield f"{found['status'].lower()}: {explanation['summary']}"
    yield "what could keep it from counting:"
    for reason in explanation["reasons"]:
        since = f", since {_day(reason['since'])}" if reason["since"] else ""
        until = f", expected to change {_day(reason['expectedAt'])}" if reason["expectedAt"] else ""
        yield f"  {'does not' if reason['met'] else 'does':8} {_words(reason['code'])}{since}{until}"
        yield f"      {_words(reason['actor'])}: {reason['action']}"
    if found["contributions"]:
        yield "contributions:"
    for each in found["contributions"]:
        why = f" ({_words(each['reason'])})" if each["reason"] else ""
        place = f"{each['programTitle']}, {_words(each['track'])}, {_words(each['metric'])}, step {each['step']}"
        yield f"  {place}: {each['points']:g} points{why}"
    yield "timeline:"
    for event in found["timeline"]:
        recorded = f", recorded {_day(event['recordedAt'])}" if event["recordedAt"] else ""
        expected = " expected" if event["expected"] else ""
        yield f"  {_day(event['at'])}{expected}: {_words(event['kind'])}{recorded}"


def _plain(value: Any) -> Any:
    """Return a value of the API's as JSON, under the names that the API has."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        return {_camel(each.name): _plain(getattr(value, each.name)) for each in fields(value)}
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _words(word: str) -> str:
    return word.lower().replace("_", " ")


def _day(instant: str) -> str:
    return instant[:16].replace("T", " ") + "Z"
