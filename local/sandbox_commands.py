"""Commands that steer the sandbox."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx2
import typer

from certlink.commands.runner import DEFAULT_DATA, Data, load_settings, stop
from certlink.readiness import FAILED, NOT_READY, USAGE
from local.services import sandbox_url

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}

sandbox_commands = typer.Typer(help="Steer the sandbox of a running `certlink up`.", no_args_is_help=True)


@sandbox_commands.command()
def token(
    persona: Annotated[str, typer.Argument(help="A work persona: amara, nadia, priya, mei, felix ...")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Print a bearer token with which to call the API as a persona."""
    print(_call(data, f"/personas/{persona}/token", None)["access_token"])


@sandbox_commands.command()
def advance(
    duration: Annotated[str, typer.Argument(help='Such as "10 days" or "2 hours".')], data: Data = DEFAULT_DATA
) -> None:
    """Move the sandbox's clock, and with it the programme's; it never goes back."""
    seconds = parse_duration(duration).total_seconds()
    print(f"it is now {_call(data, '/clock', {'advance_seconds': seconds})['now']}")


LearningPersona = Annotated[str, typer.Argument(help="A learning persona: amara-learn, priya-learn, mei-learn ...")]
Certification = Annotated[str, typer.Argument(help="A code of the catalog, such as AZ-104.")]


@sandbox_commands.command()
def earn(persona: LearningPersona, certification: Certification, data: Data = DEFAULT_DATA) -> None:
    """Let a learning persona earn a certification now; certlink learns of it in the next night."""
    _change(data, persona, "completions", certification)


@sandbox_commands.command()
def renew(persona: LearningPersona, certification: Certification, data: Data = DEFAULT_DATA) -> None:
    """Let a learning persona renew a certification within the six months before it expires."""
    _change(data, persona, "renewals", certification)


@sandbox_commands.command()
def revoke(persona: LearningPersona, certification: Certification, data: Data = DEFAULT_DATA) -> None:
    """Let the learning provider revoke a persona's certification now."""
    _change(data, persona, "revocations", certification)


@sandbox_commands.command()
def withdraw(
    persona: Annotated[str, typer.Argument(help="A persona of any issuer: amara-learn, amara ...")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Let a persona's issuer refuse their refresh tokens: transcripts stay unread, sessions end within the hour."""
    print(f"permissions withdrawn: {_call(data, f'/personas/{persona}/withdrawals', None)['revoked']}")


def _change(data: Path, persona: str, what: str, certification: str) -> None:
    row = _call(data, f"/personas/{persona}/{what}", {"certification": certification})
    until = f"valid until {row['expiresAt']}" if row["expiresAt"] else "does not expire"
    print(f"{row['certification']}: {until}" if row["revokedAt"] is None else f"{row['certification']}: revoked")


def parse_duration(text: str) -> timedelta:
    """Return the duration of a text such as "10 days"; end the command where it is none."""
    match = re.fullmatch(r"\s*(\d{1,6})\s*(second|minute|hour|day|week)s?\s*", text.lower())
    if match is None or int(match[1]) == 0:
        stop(f'"{text}" is no duration: write a number and seconds, minutes, hours, days or weeks', USAGE)
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def _call(data: Path, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    if not load_settings(data).sandbox:
        stop("there is no sandbox: CERTLINK_SANDBOX is not set", NOT_READY)
    address = sandbox_url()
    try:
        answer = httpx2.post(f"{address}{quote(path)}", json=body, timeout=10, trust_env=False)
        content: dict[str, Any] = answer.json()
    except (httpx2.HTTPError, ValueError):
        stop(f"the sandbox at {address} does not answer", NOT_READY)
    if not answer.is_success:
        stop(str(content.get("error_description", "the sandbox refused")), FAILED)
    return content
