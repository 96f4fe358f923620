"""Is every audit event still there and as it was written?"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from domain.database.pool import fetch_rows

GENESIS = hashlib.sha256(b"certlink").digest()


@dataclass(frozen=True, kw_only=True)
class ChainLink:
    """One audit event as its hash covers it; ``details`` is JSON with sorted keys."""

    organization_id: int
    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: str
    previous_hash: bytes


@dataclass(frozen=True, kw_only=True)
class _StoredLink(ChainLink):
    hash: bytes


def link_hash(link: ChainLink) -> bytes:
    """Return the hash that covers an event and, through the previous one, all before it."""
    covered = {name: value for name, value in asdict(link).items() if name not in {"previous_hash", "hash"}}
    covered["at"] = link.at.astimezone(UTC).isoformat()
    covered["details"] = json.loads(link.details)
    return hashlib.sha256(bytes(link.previous_hash) + json.dumps(covered, sort_keys=True).encode()).digest()


async def broken_links(organization_id: int | None = None) -> list[str]:
    """Return, for one organization or all, each place where an event was changed, is missing or does not follow."""
    links = await fetch_rows(
        _StoredLink,
        """SELECT organization_id, sequence, at, actor, action, subject, details::text AS details, previous_hash, hash
           FROM audit_event WHERE $1::bigint IS NULL OR organization_id = $1 ORDER BY organization_id, sequence""",
        organization_id,
    )
    found = []
    expected = (0, 0, GENESIS)
    for link in links:
        if link.organization_id != expected[0]:
            expected = (link.organization_id, 1, GENESIS)
        place = f"organization {link.organization_id}, audit event {link.sequence}"
        if (link.sequence, bytes(link.previous_hash)) != expected[1:]:
            found.append(f"{place}: does not follow what was before it")
        elif link_hash(link) != bytes(link.hash):
            found.append(f"{place}: was changed")
        expected = (link.organization_id, link.sequence + 1, bytes(link.hash))
    return found + await _wrong_ends(organization_id)


async def _wrong_ends(organization_id: int | None) -> list[str]:
    """Return the organizations whose chain does not end where it ended when it was last written."""
    ends = await fetch_rows(
        _End,
        """SELECT o.id AS organization_id, o.audit_length AS expected, coalesce(max(e.sequence), 0) AS last
           FROM organization o LEFT JOIN audit_event e ON e.organization_id = o.id
           WHERE $1::bigint IS NULL OR o.id = $1
           GROUP BY o.id HAVING coalesce(max(e.sequence), 0) <> o.audit_length ORDER BY o.id""",
        organization_id,
    )
    return [
        f"organization {end.organization_id}: ends with audit event {end.last} and not with {end.expected}"
        for end in ends
    ]


@dataclass(frozen=True, kw_only=True)
class _End:
    organization_id: int
    expected: int
    last: int
