"""Which editions of a catalog may be imported, and from when are they in force (R15)?

What was in force stays in force for questions about that time, so an import changes no past answer. It is the same
thought as in R10: an edition that we learn of late is in force from then on, and nothing is back-dated.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.errors import Refusal
from domain.rules.certifications import start_of_day
from domain.rules.editions import Edition


class EditionInForce(Refusal):
    """A catalog would change what has been answered already."""

    code = "EDITION_IN_FORCE"


def editions_to_write(imported: Sequence[Edition], wanted: Sequence[Edition], *, now: datetime) -> list[Edition]:
    """Return the wanted editions, each with the instant from which it is in force.

    What the first import brings is in force from its own date on, what a later one brings not before ``now``.

    Raises:
        EditionInForce: an edition that is in force was changed, or another begins before it.
    """
    past = {edition.key: edition for edition in imported if edition.in_force_from <= now}
    newest = max(past.values(), key=lambda edition: edition.effective_from, default=None)
    found = []
    for edition in wanted:
        if edition.key in past:
            _check_unchanged(past[edition.key], edition)
            found.append(replace(edition, in_force_from=past[edition.key].in_force_from))
            continue
        _check_not_before(newest, edition)
        begins = start_of_day(edition.effective_from)
        found.append(replace(edition, in_force_from=max(begins, now) if imported else begins))
    return found


def _check_unchanged(before: Edition, after: Edition) -> None:
    if _requirements(before) != _requirements(after):
        raise EditionInForce(
            f"Edition {before.key} has been in force since {before.in_force_from:%Y-%m-%d} and cannot change. "
            "Write what changes as a new edition with a date in the future."
        )


def _check_not_before(newest: Edition | None, edition: Edition) -> None:
    if newest is not None and edition.effective_from <= newest.effective_from:
        raise EditionInForce(
            f"Edition {edition.key} would begin on {edition.effective_from}, before edition {newest.key}, which is in "
            "force. Give it a later date."
        )


def _requirements(edition: Edition) -> object:
    # Titles are words for people and no answers, so they may be corrected.
    programs = {program.key: replace(program, title="") for program in edition.programs}
    return edition.effective_from, programs
