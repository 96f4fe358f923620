"""Verify the audit chains."""

from domain.database.pool import snapshot, typed_row
from domain.rules.audit_chain import StoredLink, chain_problem

# So many events are in memory at once, however many there are.
BATCH_ROWS = 500
_LINKS = """SELECT organization_id, sequence, at, actor, action, subject, details::text AS details, previous_hash, hash
    FROM audit_event WHERE $1::bigint IS NULL OR organization_id = $1 ORDER BY organization_id, sequence"""
# The organizations whose chain does not end where it ended when it was last written.
_WRONG_ENDS = """SELECT o.id, o.audit_length, coalesce(max(e.sequence), 0) AS last
    FROM organization o LEFT JOIN audit_event e ON e.organization_id = o.id
    WHERE $1::bigint IS NULL OR o.id = $1
    GROUP BY o.id HAVING coalesce(max(e.sequence), 0) <> o.audit_length ORDER BY o.id"""


async def broken_links(organization_id: int | None = None) -> list[str]:
    """Return, for one organization or all, each place where an event was changed, is missing or does not follow."""
    broken = []
    previous = None
    # One snapshot: what is written meanwhile must not look like a chain whose end is missing.
    async with snapshot() as current:
        async for record in current.cursor(_LINKS, organization_id, prefetch=BATCH_ROWS):
            link = typed_row(StoredLink, record)
            if problem := chain_problem(link, previous):
                broken.append(f"organization {link.organization_id}, audit event {link.sequence}: {problem}")
            previous = link
        ends = await current.fetch(_WRONG_ENDS, organization_id)
    return broken + [
        f"organization {end['id']}: ends with audit event {end['last']} and not with {end['audit_length']}"
        for end in ends
    ]
