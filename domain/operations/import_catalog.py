"""How does the shipped catalog reach the database?"""

from domain.catalog import shipped_certifications
from domain.database import connection
from domain.transaction import Transaction, operation


@operation
async def import_catalog(transaction: Transaction) -> int:
    """Write every shipped certification, new or changed, all or none; return how many there are.

    Raises:
        InvalidCatalog: a data file is wrong; nothing was written.
    """
    certifications = shipped_certifications()
    async with connection() as current:
        await current.executemany(
            """INSERT INTO certification (code, title, level, provider, retires_on, retirement_rule, eligible_until)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (code) DO UPDATE SET title = excluded.title, level = excluded.level,
                   provider = excluded.provider, retires_on = excluded.retires_on,
                   retirement_rule = excluded.retirement_rule, eligible_until = excluded.eligible_until""",
            [
                (
                    facts.code,
                    facts.title,
                    facts.level,
                    facts.provider,
                    facts.retires_on,
                    facts.retirement_rule,
                    facts.eligible_until,
                )
                for facts in certifications
            ],
        )
    return len(certifications)
