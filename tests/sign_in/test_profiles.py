"""Account ids in provider profiles."""

import pytest

from domain.providers.learning import profile_id_of
from domain.rules.enums import LearningProvider
from tests.sign_in.environment import LEARN, UNIVERSITY

NO_IDS: list[object] = [None, "", 991204737, True, ["991204737"], {"id": "1"}, "\x00", "\ud800", "1\n", "9" * 101]


@pytest.mark.parametrize("provider", LearningProvider)
def test_what_is_no_id_is_an_incomplete_profile(provider: LearningProvider) -> None:
    name = {"MICROSOFT_LEARN": "mcid", "PARTNER_UNIVERSITY": "learner_id"}[provider.value]

    found = [profile_id_of(provider, {name: value}) for value in NO_IDS]

    assert found == [None] * len(NO_IDS)
    assert profile_id_of(provider, {}) is None


def test_an_mcid_is_digits_and_a_learner_id_any_plain_text() -> None:
    assert profile_id_of(LEARN, {"mcid": "991204737"}) == "991204737"
    assert profile_id_of(LEARN, {"mcid": "٣٤"}) is None
    assert profile_id_of(LEARN, {"mcid": "-1"}) is None
    assert profile_id_of(UNIVERSITY, {"learner_id": "PU-204417"}) == "PU-204417"
