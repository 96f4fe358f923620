"""Invariants of the database that no constraint can state."""

from domain.database.pool import connection
from domain.queries.audit import broken_links
from domain.rules.policy import REFRESH_DAY, YEAR, Policy

# What a constraint can state is a constraint; these are asked after every test, and by the operator at any time.
# Each query returns one text for each row that violates the sentence.
INVARIANTS = {
    "an association belongs to its member's organization": """
        SELECT 'association ' || a.id FROM association a JOIN member m ON m.id = a.member_id
        WHERE a.organization_id <> m.organization_id""",
    "an association's provider is its account's": """
        SELECT 'association ' || a.id FROM association a JOIN learning_account l ON l.id = a.learning_account_id
        WHERE a.provider <> l.provider""",
    "no association exists without an attempt of its member at its provider": """
        SELECT 'association ' || a.id FROM association a WHERE NOT EXISTS (
            SELECT FROM association_attempt t
            WHERE t.association_id = a.id AND t.member_id = a.member_id AND t.provider = a.provider)""",
    "at most as many associations as a year allows of an account start within 365 days (R6)": f"""
        SELECT 'association ' || id FROM (
            SELECT id, started_at, lag(started_at, :per_year) OVER (
                PARTITION BY learning_account_id ORDER BY started_at) AS earlier FROM association) listed
        WHERE started_at < earlier + interval '{YEAR.days} days'""",
    "at most as many associations as a year allows of a member at a provider start within 365 days (R6)": f"""
        SELECT 'association ' || id FROM (
            SELECT id, started_at, lag(started_at, :per_year) OVER (
                PARTITION BY member_id, provider ORDER BY started_at) AS earlier FROM association) listed
        WHERE started_at < earlier + interval '{YEAR.days} days'""",
    "a credit is its association's": """
        SELECT 'credit ' || c.id FROM credit c JOIN association a ON a.id = c.association_id
        JOIN completion p ON p.id = c.completion_id
        WHERE (c.organization_id, c.member_id, p.learning_account_id)
            <> (a.organization_id, a.member_id, a.learning_account_id)""",
    "no credit counts before its association starts": """
        SELECT 'credit ' || c.id FROM credit c JOIN association a ON a.id = c.association_id
        WHERE c.counts_from < a.started_at""",
    "no credit outlives an association that was removed or moved (R5, R7)": """
        SELECT 'credit ' || c.id FROM credit c JOIN association a ON a.id = c.association_id
        WHERE a.end_reason IN ('REMOVED', 'MOVED') AND c.counts_from IS NOT NULL
          AND (c.counts_until IS NULL OR c.counts_until > a.ended_at)""",
    "the credits of a completion in an association are numbered from one on": """
        SELECT 'credit ' || c.id FROM credit c WHERE c.sequence > 1 AND NOT EXISTS (
            SELECT FROM credit e WHERE (e.association_id, e.completion_id, e.sequence)
                = (c.association_id, c.completion_id, c.sequence - 1))""",
    "only the latest credit of a completion in an association goes on": """
        SELECT 'credit ' || c.id FROM credit c JOIN credit next ON (next.association_id, next.completion_id,
            next.sequence) = (c.association_id, c.completion_id, c.sequence + 1)
        WHERE c.counts_until IS NULL OR c.counts_until > next.recorded_at""",
    "a leaver's credit ends at the refresh date at the latest (R8)": f"""
        SELECT 'credit ' || c.id FROM credit c JOIN association a ON a.id = c.association_id
        WHERE a.end_reason = 'MEMBER_REMOVED' AND c.counts_from IS NOT NULL
          AND (c.counts_from > a.ended_at OR c.counts_until IS NULL OR c.counts_until > (
              date_trunc('month', a.ended_at AT TIME ZONE 'UTC')
              + interval '1 month {REFRESH_DAY - 1} days') AT TIME ZONE 'UTC')""",
    "a removed member has no active association and no open session (R8)": """
        SELECT 'member ' || m.id FROM member m WHERE m.status = 'REMOVED' AND (
            EXISTS (SELECT FROM association a WHERE a.member_id = m.id AND a.ended_at IS NULL)
            OR EXISTS (SELECT FROM browser_session s WHERE s.member_id = m.id AND s.ended_at IS NULL))""",
    "a member is bound by issuers that their organization trusts (R2)": """
        SELECT 'binding ' || w.id FROM work_identity w JOIN member m ON m.id = w.member_id
        JOIN identity_issuer i ON i.id = w.identity_issuer_id
        WHERE i.organization_id <> m.organization_id OR w.issuer <> i.issuer
           OR (w.ended_at IS NULL AND (m.status = 'REMOVED' OR i.removed_at IS NOT NULL))""",
    "a session ends with its binding (R2)": """
        SELECT 'session ' || s.id FROM browser_session s WHERE s.ended_at IS NULL AND NOT EXISTS (
            SELECT FROM work_identity w WHERE w.member_id = s.member_id AND w.ended_at IS NULL
                AND (s.work_identity_id IS NULL OR s.work_identity_id = w.id))""",
    "an invitation is its member's, and waits as long as the member is invited (R2)": """
        SELECT 'invitation ' || i.id FROM invitation i JOIN member m ON m.id = i.member_id
        WHERE i.organization_id <> m.organization_id
           OR (m.status = 'INVITED') <> (i.responded_at IS NULL AND i.canceled_at IS NULL)""",
    "whom a directory says to be active became a member of its organization, and nobody of another (R2)": """
        SELECT 'directory user ' || d.id FROM directory_user d LEFT JOIN member m ON m.id = d.member_id
        WHERE (d.is_active AND m.id IS NULL) OR m.organization_id <> d.organization_id""",
    "an API client's creator is a member of its organization": """
        SELECT 'API client ' || c.id FROM api_client c JOIN member m ON m.id = c.created_by_id
        WHERE c.organization_id <> m.organization_id""",
    "a revoked API client has no key that goes on": """
        SELECT 'API key ' || k.id FROM api_key k JOIN api_client c ON c.id = k.api_client_id
        WHERE c.revoked_at IS NOT NULL AND (k.ended_at IS NULL OR k.ended_at > c.revoked_at)""",
    "an idempotency key is committed together with its outcome": """
        SELECT 'idempotency key ' || k.id FROM idempotency_key k WHERE k.outcome_sealed IS NULL""",
    "a credit event is recorded at its credit's instant": """
        SELECT 'credit event ' || e.id FROM credit_event e JOIN credit c ON c.id = e.credit_id
        WHERE e.at IS DISTINCT FROM CASE e.kind WHEN 'COUNTED' THEN c.counts_from ELSE c.counts_until END""",
    "a credit's next event is the first that is not recorded": """
        SELECT 'credit ' || c.id FROM credit c
        LEFT JOIN credit_event counted ON counted.credit_id = c.id AND counted.kind = 'COUNTED'
        LEFT JOIN credit_event ended ON ended.credit_id = c.id AND ended.kind = 'ENDED'
        WHERE c.next_event_at IS DISTINCT FROM CASE
            WHEN ended.id IS NOT NULL THEN NULL
            WHEN counted.id IS NULL AND c.counts_from IS DISTINCT FROM c.counts_until THEN c.counts_from
            ELSE c.counts_until END""",
    "a received attempt has a callback": """
        SELECT 'association attempt ' || t.id FROM association_attempt t
        WHERE t.status IN ('RECEIVED', 'PROCESSING')
          AND NOT EXISTS (SELECT FROM callback b WHERE b.attempt_id = t.id AND b.status = 'PENDING')""",
}


async def violations(policy: Policy | None = None) -> list[str]:
    """Return each violation as the row and the sentence that it violates, and every broken audit chain."""
    per_year = str((policy or Policy()).associations_per_year)
    violated = []
    async with connection() as current:
        for sentence, query in INVARIANTS.items():
            records = await current.fetch(query.replace(":per_year", per_year))
            violated += [f"{record[0]}: violates «{sentence}»" for record in records]
    return violated + await broken_links()
