"""What does the catalog say of certifications?"""

from collections.abc import Collection

from domain.database import fetch_rows
from domain.rules.certifications import CertificationFacts


async def certifications_by_code(codes: Collection[str]) -> dict[str, CertificationFacts]:
    """Return the facts of those certifications that the catalog has."""
    found = await fetch_rows(
        CertificationFacts,
        """SELECT code, title, level, provider, retires_on, retirement_rule, eligible_until
           FROM certification WHERE code = ANY($1)""",
        list(codes),
    )
    return {facts.code: facts for facts in found}
