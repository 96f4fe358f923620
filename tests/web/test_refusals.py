"""Pages that say why somebody cannot go on."""

import re
from pathlib import Path

from api.errors import STATUSES
from domain.errors import Refusal
from domain.rules import identity, sign_in
from web.refusals import ADVICE, HEADINGS

IDENTITY = Path(__file__).parents[2] / "docs" / "identity.md"
# Said by the person's own doing, at the learning provider, or as every page says it.
OF_THE_PERSON = {"PROFILE_INCOMPLETE", "SIGN_IN_DECLINED", "SIGN_IN_EXPIRED", "SIGN_IN_NOT_KNOWN"}


def refusals() -> set[str]:
    """Return the codes by which a sign-in can be refused."""
    found = {kind for module in (identity, sign_in) for kind in vars(module).values() if isinstance(kind, type)}
    return {kind.code for kind in found if issubclass(kind, Refusal) and kind.__module__.startswith("domain.rules.")}


def test_every_refusal_of_a_sign_in_has_a_heading_a_status_and_a_sentence_for_the_it() -> None:
    for code in refusals() - OF_THE_PERSON:
        assert {code} <= HEADINGS.keys() & ADVICE.keys() & STATUSES.keys(), code
    assert len(set(HEADINGS.values())) == len(HEADINGS)
    assert len(set(ADVICE.values())) == len(ADVICE)


def test_the_documentation_names_every_page_of_a_refused_sign_in_and_no_other() -> None:
    _, _, table = IDENTITY.read_text().partition("| the page says | what to do |\n")
    rows = re.findall(r"^\| ([^|]+) \|", table.partition("\n\n")[0], re.MULTILINE)

    assert set(rows) == {HEADINGS[code] for code in ADVICE}
