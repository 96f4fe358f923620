"""Which organizations are there?"""

from dataclasses import dataclass

from domain.database import fetch_rows


@dataclass(frozen=True, kw_only=True)
class OrganizationSummary:
    """An organization as the operator sees it."""

    id: int
    name: str
    domain: str
    issuer: str
    members: int
    active_associations: int


async def organizations() -> list[OrganizationSummary]:
    """Return every organization, by name; for the operator's command line alone."""
    return await fetch_rows(
        OrganizationSummary,
        """SELECT o.id, o.name, o.domain, o.issuer,
               (SELECT count(*) FROM member m WHERE m.organization_id = o.id AND m.status <> 'REMOVED') AS members,
               (SELECT count(*) FROM association a WHERE a.organization_id = o.id AND a.ended_at IS NULL)
                   AS active_associations
           FROM organization o ORDER BY o.name, o.id""",
    )
