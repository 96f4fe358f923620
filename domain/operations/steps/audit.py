"""Append audit events to an organization's hash chain."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime

from domain.database.pool import execute, execute_many, fetch_row
from domain.operations.steps.locks import lock_organizations
from domain.rules.audit_chain import GENESIS, ChainLink, link_hash


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """Something that was done; it names rows and nothing personal."""

    action: str
    subject: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Head:
    sequence: int
    hash: bytes


async def record_audit(
    organization_id: int,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, object] | None = None,
    *,
    now: datetime,
) -> None:
    """Append an event to an organization's chain, in the current transaction; it names rows and nothing personal."""
    entry = AuditEntry(action=action, subject=subject, details=details or {})
    await record_audits(organization_id, [entry], actor=actor, now=now)


async def record_audits(organization_id: int, entries: Sequence[AuditEntry], *, actor: str, now: datetime) -> None:
    """Append several events as ``record_audit`` does, in their order."""
    # Each link holds the hash of the one before, so whoever appends waits for the others.
    await lock_organizations([organization_id])
    head = await fetch_row(
        _Head,
        "SELECT sequence, hash FROM audit_event WHERE organization_id = $1 ORDER BY sequence DESC LIMIT 1",
        organization_id,
    )
    sequence, previous_hash = (head.sequence, head.hash) if head else (0, GENESIS)
    rows: list[tuple[object, ...]] = []
    for entry in entries:
        sequence += 1
        link = ChainLink(
            organization_id=organization_id,
            sequence=sequence,
            at=now,
            actor=actor,
            action=entry.action,
            subject=entry.subject,
            details=json.dumps(entry.details, sort_keys=True),
            previous_hash=previous_hash,
        )
        previous_hash = link_hash(link)
        rows.append((*astuple(link), previous_hash))
    # The columns are in the order of ChainLink's fields.
    await execute_many(
        """INSERT INTO audit_event
               (organization_id, sequence, at, actor, action, subject, details, previous_hash, hash)
           VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9)""",
        rows,
    )
    # A chain whose last links were deleted is still sound in itself: the length tells.
    await execute("UPDATE organization SET audit_length = $2 WHERE id = $1", organization_id, sequence)
