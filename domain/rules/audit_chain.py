"""Hash chain of an organization's audit events."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

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
class StoredLink(ChainLink):
    hash: bytes


def link_hash(link: ChainLink) -> bytes:
    """Return the hash that covers an event and, through the previous one, all before it."""
    covered = {name: value for name, value in asdict(link).items() if name not in {"previous_hash", "hash"}}
    # In one form, whatever the time zone of the connection and the order of the stored JSON's keys.
    covered["at"] = link.at.astimezone(UTC).isoformat()
    covered["details"] = json.loads(link.details)
    return hashlib.sha256(link.previous_hash + json.dumps(covered, sort_keys=True).encode()).digest()


def chain_problem(link: StoredLink, previous: StoredLink | None) -> str | None:
    """Return what is wrong with an event after the one that was read before it, if anything is."""
    expected = (1, GENESIS)
    if previous is not None and previous.organization_id == link.organization_id:
        expected = (previous.sequence + 1, previous.hash)
    if (link.sequence, link.previous_hash) != expected:
        return "does not follow what was before it"
    return None if link_hash(link) == link.hash else "was changed"
