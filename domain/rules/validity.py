"""From when until when does a completion count by the catalog alone, whoever is credited with it (R16)?"""

from datetime import datetime

from domain.rules.attainment import Holding, Person
from domain.rules.certifications import (
    CertificationFacts,
    LevelFacts,
    eligible_until,
    retirement_reason,
    valid_until,
)


def holding_by_catalog(
    *,
    person: Person,
    certification: CertificationFacts,
    level: LevelFacts,
    completed_at: datetime,
    expires_at: datetime | None,
) -> Holding | None:
    """Return from when until when a person's completion counts; nothing where it was retired before it was earned.

    It counts from its completion until it expires, which is by its level where nobody says when, or until the catalog
    lets it count no longer.
    """
    if retirement_reason(certification, completed_at=completed_at, starts_at=completed_at) is not None:
        return None
    expiry = valid_until(level, completed_at=completed_at) if expires_at is None else expires_at
    ends = [end for end in (expiry, eligible_until(certification)) if end is not None]
    return Holding(
        person=person,
        certification=certification.code,
        counts_from=completed_at,
        counts_until=min(ends, default=None),
    )
