"""Send the messages of invitations by the mail server."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import urlsplit

import structlog

from domain.database.pool import execute, fetch_row
from domain.database.transaction import Transaction, operation
from domain.mail import MailRefused, MailUnreachable, plain_message, send_mail
from domain.operations.steps.leases import INVITATIONS, Lease, LeaseLost, acquire, release
from domain.rules.enums import DeliveryProblem
from domain.settings import Settings

log = structlog.get_logger(__name__)

TEXT = """Hello,

{organization} invites you to certlink, where you link the account that you certify with, such as Microsoft Learn,
so that {organization} is credited with what you pass. Only you can link or remove an account of yours.

Sign in with your work account {work_email}:

    {address}

If you did not expect this message, you need not do anything.
"""

# A server that does not know us yet often says "later" for a quarter of an hour: the tries span half an hour.
FIRST_BACK_OFF_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class InvitationLease(Lease):
    requested_at: datetime
    work_email: str
    organization_name: str


async def deliver_invitation(*, now: datetime, settings: Settings) -> bool:
    """Send one message that is due; tell whether there was one.

    Raises:
        TryAgain: the database is away; the lease lapses by itself.
    """
    if settings.mail_server is None:
        await give_up_all()
        return False
    lease = await lease_invitation()
    if lease is None:
        return False
    with suppress(LeaseLost):
        if lease.is_abandoned:
            await record_problem(lease=lease, problem=DeliveryProblem.UNREACHABLE)
            return True
        try:
            message = invitation_message(lease, now=now, settings=settings)
            await send_mail(
                settings.mail_server, message, own_name=urlsplit(settings.public_url).hostname or "localhost"
            )
        except MailRefused:
            log.info("invitation refused by the mail server", invitation=lease.id)
            await record_problem(lease=lease, problem=DeliveryProblem.REFUSED)
        except MailUnreachable as error:
            log.warning("mail server away", invitation=lease.id, tries=lease.tries, error=str(error))
            await retry_delivery(lease=lease)
        else:
            await record_sent(lease=lease, now=now)
    return True


def invitation_message(lease: InvitationLease, *, now: datetime, settings: Settings) -> EmailMessage:
    """Return the message to an invited person; it holds no secret, since only the sign-in proves who they are."""
    assert settings.mail_from is not None
    # A header holds one line.
    organization = " ".join(lease.organization_name.split())
    host = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    return plain_message(
        sender=settings.mail_from,
        recipient=lease.work_email,
        subject=f"{organization} invites you to link your learning account",
        text=TEXT.format(organization=organization, work_email=lease.work_email, address=settings.sign_in_url),
        # A worker that dies after the mail server accepted the message lets it be sent once more: as the same message.
        message_id=f"<invitation-{lease.id}-{lease.requested_at.timestamp():.6f}@{host}>",
        now=now,
    )


@operation
async def lease_invitation(transaction: Transaction) -> InvitationLease | None:
    """Lease the invitation whose message has been due longest, if one is due."""
    return await fetch_row(
        InvitationLease,
        """SELECT i.id, i.claimable_at AS leased_until, i.tries, i.requested_at, m.work_email,
               o.name AS organization_name
           FROM invitation i JOIN member m ON m.id = i.member_id JOIN organization o ON o.id = m.organization_id
           WHERE i.id = ANY($1::bigint[])""",
        await acquire(INVITATIONS),
    )


@operation
async def record_sent(transaction: Transaction, *, lease: InvitationLease, now: datetime) -> None:
    """Record that the mail server accepted the message.

    Raises:
        LeaseLost: the worker does not hold the invitation any more, or it was changed meanwhile.
    """
    await release(INVITATIONS, lease)
    await execute("UPDATE invitation SET sent_at = $2, send_count = send_count + 1 WHERE id = $1", lease.id, now)


@operation
async def record_problem(transaction: Transaction, *, lease: InvitationLease, problem: DeliveryProblem) -> None:
    """Record why the message was not sent, and try no more.

    Raises:
        LeaseLost: the worker does not hold the invitation any more, or it was changed meanwhile.
    """
    await release(INVITATIONS, lease)
    await execute("UPDATE invitation SET delivery_problem = $2 WHERE id = $1", lease.id, problem)


@operation
async def retry_delivery(transaction: Transaction, *, lease: InvitationLease) -> None:
    """Let the message be sent after a pause, twice as long each time; after the last try, record why it was not.

    Raises:
        LeaseLost: the worker does not hold the invitation any more, or it was changed meanwhile.
    """
    if lease.is_last_try:
        await record_problem(lease=lease, problem=DeliveryProblem.UNREACHABLE)
    else:
        await release(INVITATIONS, lease, pause_seconds=lease.back_off_seconds(FIRST_BACK_OFF_SECONDS))


@operation
async def give_up_all(transaction: Transaction) -> None:
    """Record of every message that is due that no mail server is set up any more."""
    await execute(
        """UPDATE invitation SET delivery_problem = 'NOT_SET_UP', claimable_at = NULL
           WHERE claimable_at <= clock_timestamp()"""
    )
