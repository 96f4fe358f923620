"""How is it remembered who did what, so that nobody can change it unnoticed?"""

import json
from dataclasses import dataclass
from datetime import datetime

from domain.database import execute, fetch_row, fetch_value
from domain.queries.audit import GENESIS, ChainLink, link_hash


@dataclass(frozen=True, kw_only=True)
class _Head:
    sequence: int
    hash: bytes


async def record_audit(
    organization_id: int, *, actor: str, action: str, subject: str, details: dict[str, object], now: datetime
) -> None:
    """Append an event to an organization's chain, in the current transaction; it names rows and nothing personal.

    The organization is locked until the transaction ends: who concerns two of them goes by ascending number.
    """
    await fetch_value("SELECT id FROM organization WHERE id = $1 FOR NO KEY UPDATE", organization_id)
    head = await fetch_row(
        _Head,
        "SELECT sequence, hash FROM audit_event WHERE organization_id = $1 ORDER BY sequence DESC LIMIT 1",
        organization_id,
    )
    link = ChainLink(
        organization_id=organization_id,
        sequence=head.sequence + 1 if head else 1,
        at=now,
        actor=actor,
        action=action,
        subject=subject,
        details=json.dumps(details, sort_keys=True),
        previous_hash=head.hash if head else GENESIS,
    )
    await execute(
        """INSERT INTO audit_event
               (organization_id, sequence, at, actor, action, subject, details, previous_hash, hash)
           VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9)""",
        link.organization_id,
        link.sequence,
        link.at,
        link.actor,
        link.action,
        link.subject,
        link.details,
        link.previous_hash,
        link_hash(link),
    )
