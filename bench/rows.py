"""Insert many credits quickly.

By set-based SQL; the rows keep every constraint and invariant. Tests of size use them too.
"""

from datetime import datetime
from typing import Any

# $1 is the organization, $2 the instant, $3 how many. Out of ten credits one is pending, five count, one of them until
# a known end, and four have ended.
_FILL = (
    """INSERT INTO member (organization_id, work_email, name, role, status, invited_at, activated_at)
       SELECT o.id, 'person' || n || '.' || o.id || '@many.example', 'Person ' || n % 5000, 'MEMBER', 'ACTIVE',
              $2::timestamptz - interval '400 days', $2::timestamptz - interval '390 days'
       FROM organization o, generate_series(1, $3::int) n WHERE o.id = $1::bigint""",
    """INSERT INTO work_identity (member_id, identity_issuer_id, issuer, subject, bound_at)
       SELECT m.id, i.id, i.issuer, 'many-' || m.id, m.activated_at
       FROM member m JOIN identity_issuer i ON i.organization_id = m.organization_id AND i.removed_at IS NULL
       WHERE m.organization_id = $1::bigint AND m.work_email LIKE '%@many.example'""",
    """INSERT INTO learning_account (provider, profile_id, created_at)
       SELECT 'MICROSOFT_LEARN', 'many-' || id, $2::timestamptz FROM member
       WHERE organization_id = $1::bigint AND work_email LIKE '%@many.example'""",
    """INSERT INTO association (organization_id, member_id, learning_account_id, provider, started_at, cool_off_until)
       SELECT m.organization_id, m.id, l.id, l.provider,
              $2::timestamptz - interval '300 days', $2::timestamptz - interval '270 days'
       FROM member m JOIN learning_account l ON l.profile_id = 'many-' || m.id WHERE m.organization_id = $1::bigint""",
    """INSERT INTO association_attempt
           (member_id, provider, status, ticket_hash, created_at, expires_at, finished_at, association_id)
       SELECT a.member_id, a.provider, 'ASSOCIATED', sha256(('many-' || a.id)::bytea), a.started_at, a.started_at,
              a.started_at, a.id
       FROM association a JOIN learning_account l ON l.id = a.learning_account_id
       WHERE a.organization_id = $1::bigint AND l.profile_id LIKE 'many-%'""",
    """INSERT INTO completion (provider, completion_id, learning_account_id, certification, kind, completed_at,
                               expires_at, recorded_at, observed_at)
       SELECT l.provider, l.profile_id || '-' || n, l.id, t.codes[1 + (n + l.id) % cardinality(t.codes)],
              'CERTIFICATION', a.started_at - make_interval(mins => (l.id * 7 % 400000)::int + n),
              CASE WHEN n % 2 = 0 THEN $2::timestamptz + interval '100 days' END, a.started_at, a.started_at
       FROM association a JOIN learning_account l ON l.id = a.learning_account_id
       CROSS JOIN (SELECT array_agg(code ORDER BY code) AS codes FROM certification) t
       CROSS JOIN generate_series(1, $3::int) n
       WHERE a.organization_id = $1::bigint AND l.profile_id LIKE 'many-%'""",
    """INSERT INTO credit (completion_id, association_id, organization_id, member_id, recorded_at, counts_from,
                           counts_until, end_reason, ineligible_reason, next_event_at)
       SELECT p.id, a.id, a.organization_id, a.member_id, p.recorded_at, s.counts_from, s.counts_until,
              CASE WHEN s.counts_until IS NOT NULL THEN 'EXPIRED' END,
              NULL, s.counts_from
       FROM completion p JOIN association a ON a.learning_account_id = p.learning_account_id
       CROSS JOIN LATERAL (SELECT
           CASE WHEN p.id % 10 = 1 THEN $2::timestamptz + interval '5 days'
                ELSE $2::timestamptz - interval '200 days' + make_interval(secs => p.id % 100) END AS counts_from,
           CASE WHEN p.id % 10 IN (2, 3, 4, 5) THEN $2::timestamptz - interval '1 day'
                WHEN p.id % 10 = 6 THEN $2::timestamptz + interval '100 days' END AS counts_until) s
       WHERE a.organization_id = $1::bigint AND p.completion_id LIKE 'many-%'""",
)
# What takes most of the time, and what rows that are right in themselves do without.
_UNCHECKED = (
    "ALTER TABLE credit DROP CONSTRAINT IF EXISTS one_organization_per_completion",
    # Foreign keys are triggers, which a replica does not run.
    "SET session_replication_role = replica",
)


async def fill(connection: Any, *, organization_id: int, members: int, credits_each: int, at: datetime) -> None:
    """Write members with credits that are pending, count or have ended at an instant (aware, UTC).

    The database is one to throw away: a constraint that slows this down is dropped.
    """
    for sql in _UNCHECKED:
        await connection.execute(sql)
    for sql in _FILL:
        number = credits_each if "INTO completion" in sql else members
        used = max(n for n in (1, 2, 3) if f"${n}" in sql)
        await connection.execute(sql, *(organization_id, at, number)[:used])
    await connection.execute("RESET session_replication_role")
    await connection.execute("ANALYZE")
