"""Members: bind, change the role, remove (R2, R8)."""

from dataclasses import dataclass
from datetime import datetime

from domain.database.pool import execute, fetch_row, fetch_rows, fetch_value
from domain.database.transaction import Transaction, operation
from domain.errors import Forbidden, InvalidInput, NotFound
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
from domain.operations.steps.end_sessions import (
    end_attempts,
    end_bindings,
    end_invitation,
    end_sessions,
    refuse_replacements,
)
from domain.operations.steps.locks import (
    lock_member_of_address,
    lock_members,
    lock_membership,
    lock_organization,
)
from domain.queries.callers import viewer_of_identity
from domain.queries.issuers import trusted_issuer
from domain.rules.administration import check_admin, check_may_administer
from domain.rules.enums import AssociationEndReason, MemberRole, MemberStatus
from domain.rules.identity import AddressMissing, AddressNotOfOrganization, Identity
from domain.rules.mail import domain_of
from domain.rules.sign_in import AccountReplaced, BoundElsewhere, NotAMember
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


@dataclass(frozen=True, kw_only=True)
class _Followed:
    name: bool
    work_email: bool


@dataclass(frozen=True, kw_only=True)
class _Replacement:
    id: int
    identity_issuer_id: int
    issuer: str
    subject: str


@operation
async def activate_member(
    transaction: Transaction, *, identity: Identity, identity_issuer_id: int, now: datetime
) -> MemberViewer:
    """Return the member who is bound to the issuer's subject, bound now if a confirmed address says who they are.

    An address matters only where it accepts an invitation, or where an active member has no subject at the issuer yet,
    since the organization trusts it only since then. Otherwise a subject keeps its member, whatever the address.

    Raises:
        AddressMissing, AddressNotVerified, AddressNotOfOrganization: the issuer confirms no address of theirs.
        NotAMember: nobody invited the address.
        AccountReplaced: the address is a member's who is bound to another subject of the issuer.
        BoundElsewhere: the subject is a member of another organization that trusts the same issuer.
    """
    bound = await viewer_of_identity(identity_issuer_id, identity.subject)
    if bound is not None:
        return bound
    if identity.address is None:
        raise identity.address_refusal or AddressMissing()
    trusted = await trusted_issuer(identity_issuer_id)
    if trusted is None:
        raise NotAMember
    member = await lock_member_of_address(trusted.organization_id, identity.address)
    if member is None:
        raise NotAMember
    organization = await lock_organization(member.organization_id)
    # The organization may have removed the issuer or the mail domain meanwhile.
    if await trusted_issuer(identity_issuer_id) is None:
        raise NotAMember
    if domain_of(identity.address) not in organization.mail_domains:
        raise AddressNotOfOrganization
    # Another request may have bound the same person meanwhile, by another address.
    bound = await viewer_of_identity(identity_issuer_id, identity.subject)
    if bound is not None:
        return bound
    if await fetch_value(
        "SELECT id FROM work_identity WHERE member_id = $1 AND identity_issuer_id = $2 AND ended_at IS NULL",
        member.id,
        identity_issuer_id,
    ):
        raise AccountReplaced

    if not await _bind(member.id, identity, identity_issuer_id, now=now):
        raise BoundElsewhere
    is_invited = member.status is MemberStatus.INVITED
    if is_invited:
        await execute(
            "UPDATE member SET status = 'ACTIVE', name = coalesce($2, name), activated_at = $3 WHERE id = $1",
            member.id,
            identity.name,
            now,
        )
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
async def follow_identity(transaction: Transaction, *, viewer: MemberViewer, identity: Identity, now: datetime) -> None:
    """Take over a member's name and confirmed work address from their issuer, where they have changed.

    An address that somebody else of the organization has stays theirs.
    """
    # Most sign-ins change nothing, and then nobody has to wait for the organization.
    if not await fetch_value(
        """SELECT coalesce($2::text <> coalesce(name, ''), false) OR coalesce(work_email <> $3, false)
           FROM member WHERE id = $1""",
        viewer.member_id,
        identity.name,
        identity.address,
    ):
        return
    await lock_members([viewer.member_id], organization_id=viewer.organization_id)
    organization = await lock_organization(viewer.organization_id)
    address = identity.address
    if address is not None and domain_of(address) not in organization.mail_domains:
        address = None
    changed = await fetch_row(
        _Followed,
        """WITH changed AS (
               UPDATE member m SET name = coalesce($2, m.name), work_email = CASE
                   WHEN $3::text IS NULL OR EXISTS (
                       SELECT FROM member o WHERE o.organization_id = m.organization_id AND o.id <> m.id
                           AND o.work_email = $3 AND o.status <> 'REMOVED') THEN m.work_email ELSE $3 END
               FROM member before
               WHERE m.id = $1 AND before.id = m.id AND m.status = 'ACTIVE'
               RETURNING m.name IS DISTINCT FROM before.name AS name, m.work_email <> before.work_email AS work_email)
           SELECT name, work_email FROM changed WHERE name OR work_email""",
        viewer.member_id,
        identity.name,
        address,
    )
    if changed is not None:
        if changed.work_email:
            # Who waits is known by the address before, which may be somebody else's by now.
            await refuse_replacements(viewer.member_id, now=now)
        await record_audit(
            viewer.organization_id,
            actor=f"member:{viewer.member_id}",
            action="member_followed_issuer",
            subject=f"member:{viewer.member_id}",
            details={"name": changed.name, "address": changed.work_email},
            now=now,
        )


@operation
async def request_replacement(
    transaction: Transaction, *, identity: Identity, identity_issuer_id: int, now: datetime
) -> None:
    """Let an admin decide whether a new work account with a member's address is the same person's."""
    trusted = await trusted_issuer(identity_issuer_id)
    if trusted is None or identity.address is None:
        return
    member = await lock_member_of_address(trusted.organization_id, identity.address)
    if member is None:
        return
    await execute(
        """INSERT INTO account_replacement (member_id, identity_issuer_id, issuer, subject, requested_at)
           VALUES ($1, $2, $3, $4, $5) ON CONFLICT (member_id, issuer, subject) WHERE decided_at IS NULL DO NOTHING""",
        member.id,
        identity_issuer_id,
        identity.issuer,
        identity.subject,
        now,
    )


@operation
async def decide_replacement(
    transaction: Transaction,
    *,
    by: Administrator,
    member_id: int,
    is_same_person: bool,
    requested_at: datetime | None = None,
    now: datetime,
) -> None:
    """Bind a member to the new work account that they signed in with, in place of the old one, or refuse it.

    Associations, credits and limits stay the member's, and every other account that waits for the member is refused.
    ``requested_at`` (aware, UTC) names the account where several wait: the instant at which it first asked.

    Raises:
        Forbidden: they are no admin, the member's role is higher than theirs, or the member is themself.
        NotFound: there is no such member, or no such account waits.
        InvalidInput: several accounts wait, and none is named.
        BoundElsewhere: the new account is another member's by now.
    """
    check_admin(by.role)
    # A person with two accounts must not make themself somebody else: an admin decides on another's account only.
    if isinstance(by, MemberViewer) and by.member_id == member_id:
        raise Forbidden("Another admin, or the operator, has to confirm your new work account.")
    await lock_membership(member_id, organization_id=by.organization_id)
    member = (await lock_administered_member(by, member_id)).member
    requests = await fetch_rows(
        _Replacement,
        """SELECT id, identity_issuer_id, issuer, subject FROM account_replacement
           WHERE member_id = $1 AND decided_at IS NULL AND ($2::timestamptz IS NULL OR requested_at = $2)
           ORDER BY id DESC""",
        member.id,
        requested_at,
    )
    if not requests or member.status is not MemberStatus.ACTIVE:
        raise NotFound
    if is_same_person and len(requests) > 1:
        raise InvalidInput(
            "Several new accounts with this address wait, and nobody can tell here whose each is. Say since when the "
            "right one waits, or refuse all and let the person sign in again."
        )
    request = requests[0]
    await execute(
        """UPDATE account_replacement SET decided_at = greatest(requested_at, $2), is_confirmed = id = $3 AND $4
           WHERE member_id = $1 AND decided_at IS NULL""",
        member.id,
        now,
        request.id,
        is_same_person,
    )
    if is_same_person:
        await execute(
            """UPDATE work_identity SET ended_at = greatest(bound_at, $3)
               WHERE member_id = $1 AND identity_issuer_id = $2 AND ended_at IS NULL""",
            member.id,
            request.identity_issuer_id,
            now,
        )
        identity = Identity(issuer=request.issuer, subject=request.subject)
        if not await _bind(member.id, identity, request.identity_issuer_id, now=now):
            raise BoundElsewhere(BoundElsewhere.OF_ANOTHER_MEMBER)
        await end_sessions(transaction, [member.id], now=now)
        await end_attempts(transaction, [member.id], now=now)
    await record_audit(
        member.organization_id,
        actor=actor_of(by),
        action="account_replacement_confirmed" if is_same_person else "account_replacement_refused",
        subject=f"member:{member.id}",
        now=now,
    )


async def _bind(member_id: int, identity: Identity, identity_issuer_id: int, *, now: datetime) -> bool:
    """Bind a locked member to a subject; tell whether it was nobody else's, also in another organization."""
    bound = await execute(
        """INSERT INTO work_identity (member_id, identity_issuer_id, issuer, subject, bound_at)
           VALUES ($1, $2, $3, $4, $5) ON CONFLICT (issuer, subject) WHERE ended_at IS NULL DO NOTHING""",
        member_id,
        identity_issuer_id,
        identity.issuer,
        identity.subject,
        now,
    )
    return bound == 1


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
    await check_other_admin(by, member, stays_admin=role.is_admin)
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
    await check_other_admin(by, member, stays_admin=False)
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
    await end_bindings(member.id, now=left_at)
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
