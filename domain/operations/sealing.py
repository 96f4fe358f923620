"""Seal anew, by the newest key, what older keys have sealed."""

from dataclasses import dataclass

from domain.database.pool import execute, fetch_rows
from domain.database.transaction import Transaction, operation
from domain.secrets import SecretKey, UnreadableSecret
from domain.settings import Settings

# The columns whose secrets must outlive a change of the key. A test compares them with the database's.
SEALED = (
    ("association", "grant_sealed"),
    ("association_attempt", "verifier_sealed"),
    ("browser_session", "id_token_sealed"),
    ("browser_session", "refresh_sealed"),
    ("callback", "code_sealed"),
    ("callback", "grant_sealed"),
    ("idempotency_key", "outcome_sealed"),
    ("issuer_credential", "sealed"),
    ("sign_in", "verifier_sealed"),
)
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Resealed:
    """How many secrets of a column were sealed anew, and how many no key opens."""

    table: str
    column: str
    resealed: int
    unreadable: int


@dataclass(frozen=True, kw_only=True)
class _Row:
    id: int
    sealed: bytes


async def reseal(settings: Settings) -> list[Resealed]:
    """Seal everything by the newest key that an older one has sealed; a second run finds nothing to do.

    A transaction holds one batch, so that whoever works meanwhile waits for little and a crash loses nothing.
    """
    outcomes = []
    for table, column in SEALED:
        last_id, resealed, unreadable = 0, 0, 0
        while True:
            batch = await _reseal_batch(table=table, column=column, after=last_id, key=settings.master_key)
            if batch is None:
                break
            last_id, done, failed = batch
            resealed, unreadable = resealed + done, unreadable + failed
        outcomes.append(Resealed(table=table, column=column, resealed=resealed, unreadable=unreadable))
    return outcomes


@operation
async def _reseal_batch(
    transaction: Transaction, *, table: str, column: str, after: int, key: SecretKey
) -> tuple[int, int, int] | None:
    # Table and column are words of ours.
    rows = await fetch_rows(
        _Row,
        f"SELECT id, {column} AS sealed FROM {table} WHERE {column} IS NOT NULL AND id > $1 ORDER BY id LIMIT $2",  # noqa: S608
        after,
        BATCH,
    )
    if not rows:
        return None
    resealed, unreadable = 0, 0
    for row in rows:
        try:
            sealed = key.reseal(row.sealed)
        except UnreadableSecret:
            unreadable += 1
            continue
        if sealed is not None:
            # Compared, so that what a worker has just replaced stays.
            resealed += await execute(
                f"UPDATE {table} SET {column} = $2 WHERE id = $1 AND {column} = $3",  # noqa: S608
                row.id,
                sealed,
                row.sealed,
            )
    return rows[-1].id, resealed, unreadable
