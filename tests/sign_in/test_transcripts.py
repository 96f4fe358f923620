"""Which transcripts are believed? No database is needed to refuse one."""

import json

import pytest

from domain.providers.learning import MAX_PAGES, CompletionRecord, read_transcript
from domain.rules.sign_in import ProviderUnavailable, SignInNotAccepted
from tests.sign_in.token_forgery import Forger
from tests.sign_in.transcripts import completion, transcript

PROFILE = "991204737"
NONSENSE: dict[str, str] = {
    "a list": "[]",
    "an empty object": "{}",
    "a page": "<html>",
    "another's transcript": transcript(profile="1"),
    "nobody's transcript": transcript().replace(f'"{PROFILE}"', "null"),
    "a number for a profile": transcript().replace(f'"{PROFILE}"', PROFILE),
    "no list": transcript().replace("[]", "{}"),
    "a cursor of no word": transcript(cursor="1"),
    "text that nobody can store": transcript(completion(code="A\\u0000")),
    "half a character": transcript(completion(code="A\\ud800")),
    "an empty name": transcript(completion(code="")),
    "a name without end": transcript(completion(code="A" * 101)),
    "a number without end": transcript(completion(number="A" * 201)),
    "no time zone": transcript(completion(at="2026-01-01T00:00:00")),
    "no such day": transcript(completion(at="2026-02-30T00:00:00Z")),
    "no day at all": transcript(completion(at="yesterday")),
    "an unknown kind": transcript(completion(kind="DIPLOMA")),
    "an end before the beginning": transcript(completion(until="2025-12-31T23:59:59Z")),
}


@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_a_transcript_that_is_nonsense_is_not_believed(forger: Forger, nonsense: str) -> None:
    forger.line.lie("/transcript", NONSENSE[nonsense])

    with pytest.raises(ProviderUnavailable):
        await _read(forger)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(401, SignInNotAccepted), (403, SignInNotAccepted), (302, ProviderUnavailable), (404, ProviderUnavailable)],
)
async def test_a_status_other_than_200_is_no_transcript(forger: Forger, status: int, refusal: type[Exception]) -> None:
    forger.line.lie("/transcript", transcript(), status=status)

    with pytest.raises(refusal):
        await _read(forger)


async def test_a_transcript_without_end_is_left_after_many_pages(forger: Forger) -> None:
    forger.line.lie("/transcript", transcript(completion(), cursor='"again"'))

    with pytest.raises(ProviderUnavailable):
        await _read(forger)

    assert forger.line.count("/transcript") == MAX_PAGES


async def test_a_transcript_that_is_too_large_is_not_read(forger: Forger) -> None:
    forger.line.lie("/transcript", json.dumps({"profileId": "x" * 5_000_000}))

    with pytest.raises(ProviderUnavailable):
        await _read(forger)


async def test_a_completion_that_is_listed_twice_is_one(forger: Forger) -> None:
    forger.line.lie("/transcript", transcript(completion(), completion(number="msl-2"), completion()))

    assert [record.completion_id for record in await _read(forger)] == ["msl-1", "msl-2"]


async def _read(forger: Forger) -> list[CompletionRecord]:
    return await read_transcript(
        forger.issuers,
        url="http://localhost:8001/microsoft-learn/transcript",
        title="Microsoft Learn",
        access_token="token",
        profile_id=PROFILE,
    )
