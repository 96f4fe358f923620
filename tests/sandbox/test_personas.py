"""The sandbox's personas."""

from collections import Counter
from datetime import date, timedelta

import pytest
from httpx2 import AsyncClient

from sandbox.issuers import FABRIKAM, ISSUERS_BY_KEY
from sandbox.personas import LEARNING_PERSONAS, WORK_PERSONAS, Earned
from sandbox.transcript_rows import completed_at, completions_of, expires_at

FIRST_DAYS = [date(2026, 11, 23), date(2027, 2, 28), date(2028, 2, 29), date(2028, 12, 31)]
PEOPLE = (*WORK_PERSONAS, *LEARNING_PERSONAS)


def test_everybody_has_a_key_a_subject_and_an_issuer_of_their_own() -> None:
    keys = Counter(persona.key for persona in PEOPLE)
    subjects = Counter(persona.subject for persona in PEOPLE)
    profiles = Counter(persona.profile_id for persona in LEARNING_PERSONAS if persona.profile_id)

    assert max(keys.values()) == max(subjects.values()) == max(profiles.values()) == 1
    assert {persona.issuer for persona in PEOPLE} == set(ISSUERS_BY_KEY)


def test_only_example_domains_are_used() -> None:
    assert all(persona.email.endswith(".example") for persona in PEOPLE)


@pytest.mark.parametrize("first_day", FIRST_DAYS)
def test_completion_ids_are_unique_and_do_not_depend_on_the_day(first_day: date) -> None:
    ids = Counter(row["completionId"] for who in LEARNING_PERSONAS for row in completions_of(who, first_day))
    other = Counter(row["completionId"] for who in LEARNING_PERSONAS for row in completions_of(who, FIRST_DAYS[0]))

    assert max(ids.values()) == 1
    assert ids == other


@pytest.mark.parametrize("first_day", FIRST_DAYS)
def test_amara_is_as_described_on_whatever_day_she_is_made(first_day: date) -> None:
    (amara,) = [persona for persona in LEARNING_PERSONAS if persona.key == "amara-learn"]

    left = {earned.certification: _days_left(earned, first_day) for earned in amara.earned}

    assert left.pop("PL-300") < -365
    assert 15 < left.pop("SC-300") <= 25
    assert len(left) == 5
    assert all(days > 60 for days in left.values())


@pytest.mark.parametrize("first_day", FIRST_DAYS)
def test_a_renewal_happened_in_the_six_months_before_an_expiry(first_day: date) -> None:
    for earned in (earned for persona in LEARNING_PERSONAS for earned in persona.earned if earned.renewals):
        expires = expires_at(earned, first_day)
        assert expires is not None
        opened = expires - timedelta(days=366 + 183)

        assert completed_at(earned, first_day) < opened
        assert opened.date() <= first_day


def test_somebody_has_a_certification_of_two_exams() -> None:
    codes = {earned.certification for persona in LEARNING_PERSONAS for earned in persona.earned}

    assert "AZ-800+AZ-801" in codes


async def test_the_personas_are_listed(client: AsyncClient) -> None:
    listed = {row["key"]: row for row in (await client.get("/personas")).json()}

    assert set(listed) == {persona.key for persona in PEOPLE}
    assert listed["mei-learn"]["profile_id"] == "991877502"
    assert listed["felix"]["issuer"].endswith(f"/{FABRIKAM.key}")
    assert listed["felix"]["subject"] == next(who.subject for who in WORK_PERSONAS if who.key == "felix")


def _days_left(earned: Earned, first_day: date) -> int:
    expires = expires_at(earned, first_day)
    assert expires is not None
    return (expires.date() - first_day).days
