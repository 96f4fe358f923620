"""Import a catalog without changing any past answer (R15)."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime

from domain.catalog import Catalog, shipped_catalog
from domain.database.pool import execute_many, fetch_value
from domain.database.transaction import Transaction, operation
from domain.jobs import PropagateCredits
from domain.operations.steps.locks import lock_catalog
from domain.operations.steps.revise_credits import revise_credits
from domain.queries.catalog import editions
from domain.rules.certifications import CertificationFacts
from domain.rules.editions import editions_to_write
from domain.rules.policy import Policy


@dataclass(frozen=True, kw_only=True)
class ImportedCatalog:
    certifications: int
    editions: int


@operation
async def import_catalog(
    transaction: Transaction, *, now: datetime, catalog: Catalog | None = None, policy: Policy | None = None
) -> ImportedCatalog:
    """Write all that is new or changed in a catalog (the shipped one unless another is given), or nothing.

    Credits follow the changes of their certifications from now on (R16); what counted before stays.

    Raises:
        InvalidCatalog: a data file is wrong.
        EditionInForce: an edition that is in force was changed, or a new one lies before one that is.
    """
    catalog = catalog or shipped_catalog()
    await lock_catalog()
    # An edition that is in force stays as it is, and one that arrives late is in force from its import on: what was
    # answered before stays true.
    changed = editions_to_write(await editions(), catalog.editions, now=now)
    await execute_many(
        """INSERT INTO certification_level AS known
               (level, valid_months, renewal_opens_months, renewal_extends_months)
           VALUES ($1, $2, $3, $4)
           ON CONFLICT (level) DO UPDATE SET valid_months = excluded.valid_months,
               renewal_opens_months = excluded.renewal_opens_months,
               renewal_extends_months = excluded.renewal_extends_months
               WHERE known.* IS DISTINCT FROM excluded.*""",
        [astuple(facts) for facts in catalog.levels.values()],
    )
    if rewritten := await _write_certifications(catalog.certifications):
        await revise_credits(rewritten, now=now, policy=policy or Policy())
        transaction.announce(PropagateCredits())
    await execute_many(
        """INSERT INTO catalog_edition (key, effective_from, in_force_from, imported_at, document)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (key) DO UPDATE SET effective_from = excluded.effective_from,
               in_force_from = excluded.in_force_from, imported_at = excluded.imported_at,
               document = excluded.document
               WHERE catalog_edition.document <> excluded.document""",
        [
            (edition.key, edition.effective_from, edition.in_force_from, now, catalog.documents[edition.key])
            for edition in changed
        ],
    )
    return ImportedCatalog(certifications=len(catalog.certifications), editions=len(catalog.editions))


async def _write_certifications(certifications: Mapping[str, CertificationFacts]) -> list[str]:
    """Write what is new or changed, and return its codes."""
    rows = list(certifications.values())
    codes: list[str] = await fetch_value(
        """WITH written AS (
           INSERT INTO certification AS known
               (code, title, level, provider, retires_on, retirement_rule, eligible_until)
           SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[], $7::date[])
           ON CONFLICT (code) DO UPDATE SET title = excluded.title, level = excluded.level,
               provider = excluded.provider, retires_on = excluded.retires_on,
               retirement_rule = excluded.retirement_rule, eligible_until = excluded.eligible_until
               WHERE known.* IS DISTINCT FROM excluded.*
           RETURNING code)
           SELECT coalesce(array_agg(code), '{}') FROM written""",
        [facts.code for facts in rows],
        [facts.title for facts in rows],
        [facts.level for facts in rows],
        [facts.provider for facts in rows],
        [facts.retires_on for facts in rows],
        [facts.retirement_rule for facts in rows],
        [facts.eligible_until for facts in rows],
    )
    return codes
