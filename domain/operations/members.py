"""Members: bind, change the role, remove (R2, R8)."""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_value
from domain.database.transaction import Transaction, operation
from domain.jobs import PropagateCredits
from domain.notifications import ACCESS_CHANNEL, member_access
from domain.operations.steps.administration import (
    Administrator,
    actor_of,
    check_other_admin,
    lock_administered_member,
)
from domain.operations.steps.audit import record_audit
from domain.operations.steps.end_credits import end_association, lock_ending_associations
from domain.operations.steps.end_sessions import end_attempts, end_invitation, end_sessions
from domain.operations.steps.locks import lock_membership, lock_organization, lock_unbound_member
from domain.queries.callers import viewer_of_subject
from domain.rules.administration import check_admin, check_may_administer
from domain.rules.enums import AssociationEndReason, MemberRole, MemberStatus
from domain.rules.sign_in import Identity
from domain.rules.visibility import MemberViewer


@dataclass(frozen=True, kw_only=True)
class EndedCredits:
    """How many credits were canceled, and how many count on until the refresh date or an earlier end."""

    canceled: int
    counting_on: int


@dataclass(frozen=True, kw_only=True)
class EndedMembership:
    left_at: datetime
    associations: int
    credits: EndedCredits


@operation
async def activate_member(transaction: Transaction, *, identity: Identity, now: datetime) -> MemberViewer | None:
    """Return the member who is bound to the issuer's subject, bound now if a verified address says who they are."""
    # An address matters only where it accepts an invitation, or once more after the organization changed its issuer.
    # Otherwise a subject keeps its member, whatever the address: an issuer may give an address to somebody else.
    bound = await viewer_of_subject(identity.issuer, identity.subject)
    if bound is not None or identity.verified_email is None:
        return bound
    member = await lock_unbound_member(identity.issuer, identity.verified_email)
    # The organization may have changed its issuer while this transaction waited for the member.
    if member is None or (await lock_organization(member.organization_id)).issuer != identity.issuer:
        return await viewer_of_subject(identity.issuer, identity.subject)
    # Another request may have bound the same person meanwhile, by another address.
    bound = await viewer_of_subject(identity.issuer, identity.subject)
    if bound is not None:
        return bound

    is_invited = member.status is MemberStatus.INVITED
    await execute(
        """UPDATE member SET issuer = $2, subject = $3, status = 'ACTIVE',
               name = CASE WHEN $4 THEN $5 ELSE name END, activated_at = CASE WHEN $4 THEN $6 ELSE activated_at END
           WHERE id = $1""",
        member.id,
        identity.issuer,
        identity.subject,
        is_invited,
        identity.name,
        now,
    )
    if is_invited:
        await end_invitation(member.id, is_answered=True, now=now)
    await record_audit(
        member.organization_id,
        f"member:{member.id}",
        "member_activated" if is_invited else "member_bound_again",
        f"member:{member.id}",
        now=now,
    )
    return MemberViewer(member_id=member.id, organization_id=member.organization_id, role=member.role)


@operation
async def change_member_role(
    transaction: Transaction, *, by: Administrator, member_id: int, role: MemberRole, now: datetime
) -> None:
    """Give an active or invited member a role; their present role changes nothing.

    Raises:
        Forbidden: they are no admin, or one of the roles is higher than theirs.
        NotFound: there is no such member, or it has left.
        LastAdmin: nobody active could administer the organization any more.
    """
    administered = await lock_administered_member(by, member_id)
    member = administered.member
    check_may_administer(administered.own_role, role)
    await check_other_admin(member, stays_admin=role.is_admin)
    if member.role is role:
        return

    await execute("UPDATE member SET role = $2 WHERE id = $1", member.id, role)
    await record_audit(
        member.organization_id,
        actor_of(by),
        "member_role_changed",
        f"member:{member.id}",
        {"from": member.role.value, "to": role.value},
        now=now,
    )
    await transaction.notify(ACCESS_CHANNEL, member_access(member.id))


@operation
async def remove_member(
    transaction: Transaction, *, by: Administrator, member_id: int, now: datetime
) -> EndedMembership:
    """Remove an active or invited member: access ends now, and what counts goes on until the refresh date.

    An admin may remove themself.

    Raises:
        Forbidden: they are no admin, or the member's role is higher than theirs.
        NotFound: there is no such member, or it has left.
        LastAdmin: nobody active could administer the organization any more.
    """
    check_admin(by.role)
    # Before the member, as the order of locks demands: see locks.py.
    await lock_membership(member_id, organization_id=by.organization_id)
    member = (await lock_administered_member(by, member_id)).member
    await check_other_admin(member, stays_admin=False)
    association_ids: list[int] = await fetch_value(
        """SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM association
           WHERE member_id = $1 AND ended_at IS NULL""",
        member.id,
    )
    left_at = await lock_ending_associations(association_ids, now=now)

    for association_id in association_ids:
        await end_association(
            association_id,
            organization_id=member.organization_id,
            ended_at=left_at,
            reason=AssociationEndReason.MEMBER_REMOVED,
            actor=actor_of(by),
        )
    await end_attempts(transaction, [member.id], now=left_at)
    await end_sessions(transaction, [member.id], now=left_at)
    await execute("UPDATE member SET status = 'REMOVED', removed_at = $2 WHERE id = $1", member.id, left_at)
    await end_invitation(member.id, is_answered=False, now=left_at)
    details = {"associations": len(association_ids)}
    await record_audit(
        member.organization_id, actor_of(by), "member_removed", f"member:{member.id}", details, now=left_at
    )
    transaction.announce(PropagateCredits())
    credits = await fetch_row(
        EndedCredits,
        """SELECT count(*) FILTER (WHERE counts_until = $2 AND end_reason = 'MEMBER_REMOVED') AS canceled,
               count(*) FILTER (WHERE counts_until > $2) AS counting_on
           FROM credit WHERE association_id = ANY($1::bigint[])""",
        association_ids,
        left_at,
    )
    assert credits is not None
    return EndedMembership(left_at=left_at, associations=len(association_ids), credits=credits)
