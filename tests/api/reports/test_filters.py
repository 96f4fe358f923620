"""Filters of the skills report."""

from collections.abc import Callable
from typing import Any

import pytest

from api.graphql.ids import opaque
from domain.models import Credit
from tests.api.caller import Caller
from tests.api.reports.walking import REPORT, ids, page

FILTERS: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
    ({"person": "AMARA"}, lambda row: row["person"]["name"] == "Amara Osei"),
    ({"person": " lindq "}, lambda row: row["person"]["name"] == "jonas Lindqvist"),
    ({"person": "@CONTOSO"}, lambda _: True),
    ({"person": "%"}, lambda _: False),
    ({"person": ""}, lambda _: True),
    ({"certification": "AZ-305"}, lambda row: row["certification"]["code"] == "AZ-305"),
    ({"program": "security"}, lambda row: row["certification"]["code"] == "SC-300"),
    ({"provider": "PARTNER_UNIVERSITY"}, lambda _: False),
    ({"statuses": ["ENDED", "INELIGIBLE"]}, lambda row: row["status"] in {"ENDED", "INELIGIBLE"}),
    ({"statuses": []}, lambda _: False),
    ({"statuses": None, "completedAt": None}, lambda _: True),
    (
        {"completedAt": {"from": "2026-09-13T14:30:00Z", "until": "2026-11-01T00:00:00Z"}},
        lambda row: "2026-09-13T14:30:00Z" <= row["completedAt"] < "2026-11-01",
    ),
    ({"expiresAt": {"until": "2026-12-01T00:00:00Z"}}, lambda row: (row["expiresAt"] or "never") < "2026-12-01"),
    ({"countsFrom": {"from": "2026-11-04T00:00:00Z"}}, lambda row: (row["countsFrom"] or "") >= "2026-11-04"),
    (
        {"countsUntil": {"from": "2026-11-03T00:00:00Z", "until": "2026-12-31T00:00:00Z"}},
        lambda row: "2026-11-03" <= (row["countsUntil"] or "") < "2026-12-31",
    ),
    (
        {"person": "amara", "certification": "AZ-104", "statuses": ["COUNTING"]},
        lambda row: row["person"]["name"] == "Amara Osei" and row["certification"]["code"] == "AZ-104",
    ),
]
REFUSED: list[dict[str, Any]] = [
    {"certification": "x" * 101},
    {"certification": "\n"},
    {"person": "x" * 400},
    {"person": "a\u0085b"},
    {"program": "no-such-program"},
    {"program": "x" * 101},
    {"completedAt": {"from": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z"}},
]


async def test_a_filter_keeps_what_it_says(caller: Caller, credits: list[Credit]) -> None:
    whole = (await page(caller, first=100))["nodes"]
    for wanted, matches in FILTERS:
        found = await page(caller, first=100, filter=wanted)

        assert ids(found["nodes"]) == ids([row for row in whole if matches(row)]), wanted
        assert found["totalCount"] == len(found["nodes"])


async def test_a_filter_that_cannot_be_understood_is_refused(caller: Caller) -> None:
    refused = [await caller.refused(REPORT, filter=wanted) for wanted in REFUSED]

    assert refused == [["INVALID_INPUT"]] * len(REFUSED)


async def test_a_program_that_is_not_in_force_yet_is_refused(caller: Caller) -> None:
    refused = await caller.refused(REPORT, filter={"program": "security"}, asOf="2000-01-01T00:00:00Z")

    assert refused == ["INVALID_INPUT"]


@pytest.mark.parametrize("value", ["\\u0000", "\\ud800", "x" * 10_000])
async def test_a_cursor_s_text_may_be_anything_and_is_never_a_fault(caller: Caller, value: str) -> None:
    response = await caller.post(REPORT, after=opaque(f'row:["PERSON+",1793716200000000,1,"{value}"]'))

    codes = [error["extensions"]["code"] for error in response.json().get("errors", [])]
    assert codes in ([], ["INVALID_INPUT"])
