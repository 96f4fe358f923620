"""Organizations and their members, for the operator's command line alone."""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import fetch_row, fetch_rows, fetch_value
from domain.errors import NotFound
from domain.rules.administration import Operator
from domain.rules.enums import DeliveryProblem, MemberRole, MemberStatus
from domain.rules.mail import a_label_domain, domain_of, one_spelling

NO_SUCH_ORGANIZATION = "There is no organization with this mail domain."


@dataclass(frozen=True, kw_only=True)
class OrganizationSummary:
    """An organization, its issuers, and how many of its active members are bound to none of them."""

    id: int
    name: str
    domain: str
    mail_domains: list[str]
    issuers: list[str]
    members: int
    unbound_members: int
    active_associations: int


@dataclass(frozen=True, kw_only=True)
class MemberSummary:
    """A member as the operator sees it: what an open invitation lacks, and since when a new work account waits."""

    id: int
    work_email: str
    name: str | None
    role: MemberRole
    status: MemberStatus
    invited_at: datetime
    delivery_problem: DeliveryProblem | None
    new_account_since: datetime | None


_SELECT = """SELECT o.id, o.name, o.domain,
        ARRAY(SELECT d.domain::text FROM mail_domain d WHERE d.organization_id = o.id ORDER BY d.id) AS mail_domains,
        ARRAY(SELECT i.issuer::text FROM identity_issuer i
              WHERE i.organization_id = o.id AND i.removed_at IS NULL ORDER BY i.id) AS issuers,
        (SELECT count(*) FROM member m WHERE m.organization_id = o.id AND m.status <> 'REMOVED') AS members,
        (SELECT count(*) FROM member m
         WHERE m.organization_id = o.id AND m.status = 'ACTIVE' AND NOT EXISTS (
             SELECT FROM work_identity w WHERE w.member_id = m.id AND w.ended_at IS NULL)) AS unbound_members,
        (SELECT count(*) FROM association a WHERE a.organization_id = o.id AND a.ended_at IS NULL)
            AS active_associations
    FROM organization o"""


async def organizations() -> list[OrganizationSummary]:
    return await fetch_rows(OrganizationSummary, f"{_SELECT} ORDER BY o.name, o.id")


async def organization_of(organization_domain: str) -> OrganizationSummary:
    """Return the organization with a mail domain.

    Raises:
        NotFound: there is no such organization.
    """
    row = await fetch_row(
        OrganizationSummary, f"{_SELECT} WHERE o.id = $1", await organization_id_of(organization_domain)
    )
    assert row is not None
    return row


async def organization_id_of(organization_domain: str) -> int:
    """Return the id of the organization with a mail domain, its main one or another.

    Raises:
        NotFound: there is no such organization.
    """
    organization_id: int | None = await fetch_value(
        "SELECT organization_id FROM mail_domain WHERE domain = $1", a_label_domain(organization_domain.strip())
    )
    if organization_id is None:
        raise NotFound(NO_SUCH_ORGANIZATION)
    return organization_id


async def organization_id_of_address(work_email: str) -> int | None:
    """Return the organization of an address, by its mail domain or by an active member who has it."""
    # Who is a member stays one when the organization gives up the domain of their address.
    organization_id: int | None = await fetch_value(
        """SELECT coalesce(
               (SELECT organization_id FROM mail_domain WHERE domain = $2),
               (SELECT min(organization_id) FROM member WHERE work_email = $1 AND status = 'ACTIVE'))""",
        work_email,
        domain_of(work_email),
    )
    return organization_id


async def operator_of(organization_domain: str) -> Operator:
    """Return the operator as an admin of the organization with a mail domain.

    Raises:
        NotFound: there is no such organization.
    """
    return Operator(organization_id=await organization_id_of(organization_domain))


async def members_of_domain(operator: Operator) -> list[MemberSummary]:
    """Return an organization's invited and active members, by address."""
    return await fetch_rows(
        MemberSummary,
        """SELECT m.id, m.work_email, m.name, m.role, m.status, m.invited_at,
               CASE WHEN m.status = 'INVITED' THEN i.delivery_problem END AS delivery_problem,
               (SELECT max(r.requested_at) FROM account_replacement r
                WHERE r.member_id = m.id AND r.decided_at IS NULL) AS new_account_since
           FROM member m LEFT JOIN invitation i ON i.member_id = m.id
           WHERE m.organization_id = $1 AND m.status <> 'REMOVED' ORDER BY m.work_email""",
        operator.organization_id,
    )


async def member_id_of(operator: Operator, work_email: str) -> int:
    """Return the id of the invited or active member with a work e-mail.

    Raises:
        NotFound: there is no such member.
    """
    member_id: int | None = await fetch_value(
        "SELECT id FROM member WHERE organization_id = $1 AND work_email = $2 AND status <> 'REMOVED'",
        operator.organization_id,
        one_spelling(work_email.strip()),
    )
    if member_id is None:
        raise NotFound("Nobody with this work e-mail is invited or a member.")
    return member_id
