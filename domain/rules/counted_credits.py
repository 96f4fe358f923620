"""What of an organization's credits decides its attainments, and what of it is known at an instant?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.rules.attainment import Holding
from domain.rules.words import CreditEndReason


@dataclass(frozen=True, kw_only=True, slots=True)
class CountedCredit(Holding):
    """A credit that counts at some time; nothing is known of it before ``known_from``.

    ``person`` is the number of its member.
    """

    known_from: datetime
    end_reason: CreditEndReason | None = None


def known_at(credits: Iterable[CountedCredit], at: datetime) -> list[CountedCredit]:
    """Return the credits whose completion and association are no later than an aware instant."""
    return [credit for credit in credits if credit.known_from <= at]
