"""What does a worker do with an invitation whose message waits?

A worker that dies after the mail server took the message over lets it be sent once more, under the same message id.
"""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import urlsplit

import structlog

from domain.database.pool import execute, fetch_row
from domain.database.transaction import Transaction, operation
from domain.jobs import DeliverInvitations
from domain.mail import MailRefused, MailUnreachable, plain_message, send_mail
from domain.operations.steps.leases import LEASE_SECONDS
from domain.rules.enums import DeliveryProblem
from domain.settings import MailServer, Settings

log = structlog.get_logger(__name__)

TEXT = """Hello,

{organization} invites you to certlink, where you link the account that you certify with, such as Microsoft Learn,
so that {organization} is credited with what you pass. Only you can link or remove an account of yours.

Sign in with your work account {work_email}:

    {address}

If you did not expect this message, you need not do anything.
"""

# Longer than a mail server may take.
MAX_TRIES = 6
# A server that does not know us yet often says "later" for a quarter of an hour: the tries span half an hour.
FIRST_DELAY_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class InvitationClaim:
    """A message that this worker sends, and what it says."""

    id: int
    claimable_at: datetime
    tries: int
    requested_at: datetime
    work_email: str
    organization_name: str


async def deliver_invitation(*, now: datetime, settings: Settings) -> bool:
    """Send one message that waits; tell whether there was one.

    Raises:
        TryAgain: the database is away; the claim lapses by itself.
    """
    server = settings.mail_server
    if server is None:
        await give_up_all()
        return False
    claim = await claim_invitation()
    if claim is None:
        return False
    if claim.tries > MAX_TRIES:
        # Whoever held it each time never came back to say so.
        await record_problem(claim=claim, problem=DeliveryProblem.UNREACHABLE)
    else:
        await _deliver(claim, server, now=now, settings=settings)
    return True


def invitation_message(claim: InvitationClaim, *, now: datetime, settings: Settings) -> EmailMessage:
    """Return what an invited person reads; it holds no secret: the sign-in proves who they are."""
    assert settings.mail_from is not None
    # A header holds one line.
    organization = " ".join(claim.organization_name.split())
    host = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    return plain_message(
        sender=settings.mail_from,
        recipient=claim.work_email,
        subject=f"{organization} invites you to link your learning account",
        text=TEXT.format(organization=organization, work_email=claim.work_email, address=settings.sign_in_url),
        message_id=f"<invitation-{claim.id}-{claim.requested_at.timestamp():.6f}@{host}>",
        now=now,
    )


async def _deliver(claim: InvitationClaim, server: MailServer, *, now: datetime, settings: Settings) -> None:
    try:
        message = invitation_message(claim, now=now, settings=settings)
        await send_mail(server, message, own_name=urlsplit(settings.public_url).hostname or "localhost")
    except MailRefused:
        log.info("invitation refused by the mail server", invitation=claim.id)
        await record_problem(claim=claim, problem=DeliveryProblem.REFUSED)
    except MailUnreachable as error:
        log.warning("mail server away", invitation=claim.id, tries=claim.tries, error=str(error))
        if claim.tries >= MAX_TRIES:
            await record_problem(claim=claim, problem=DeliveryProblem.UNREACHABLE)
        else:
            await let_go(claim=claim)
    else:
        await record_sent(claim=claim, now=now)


async def request_delivery(
    transaction: Transaction, invitation_id: int, *, to_another_address: bool, now: datetime, settings: Settings
) -> None:
    """Let an invitation's message be sent, in the current transaction; without a mail server it says so at once."""
    await execute(
        """UPDATE invitation SET requested_at = $2, tries = 0,
               sent_at = CASE WHEN NOT $3 THEN sent_at END,
               claimable_at = CASE WHEN $4 THEN clock_timestamp() END,
               delivery_problem = CASE WHEN NOT $4 THEN 'NOT_SET_UP' END
           WHERE id = $1""",
        invitation_id,
        now,
        to_another_address,
        settings.mail_server is not None,
    )
    if settings.mail_server is not None:
        transaction.announce(DeliverInvitations())


@operation
async def claim_invitation(transaction: Transaction) -> InvitationClaim | None:
    """Take the message that has waited longest, if there is one to take."""
    return await fetch_row(
        InvitationClaim,
        """UPDATE invitation i SET tries = tries + 1, claimable_at = clock_timestamp() + make_interval(secs => $1)
           FROM member m JOIN organization o ON o.id = m.organization_id
           WHERE m.id = i.member_id AND i.id = (
               SELECT id FROM invitation WHERE claimable_at <= clock_timestamp()
               ORDER BY claimable_at LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING i.id, i.claimable_at, i.tries, i.requested_at, m.work_email, o.name AS organization_name""",
        LEASE_SECONDS,
    )


@operation
async def record_sent(transaction: Transaction, *, claim: InvitationClaim, now: datetime) -> None:
    """Record that the mail server took the message over, unless the invitation was changed meanwhile."""
    await execute(
        """UPDATE invitation SET sent_at = $3, send_count = send_count + 1, claimable_at = NULL
           WHERE id = $1 AND claimable_at = $2""",
        claim.id,
        claim.claimable_at,
        now,
    )


@operation
async def record_problem(transaction: Transaction, *, claim: InvitationClaim, problem: DeliveryProblem) -> None:
    """Record that the message did not go out, and leave it at that."""
    await execute(
        """UPDATE invitation SET delivery_problem = $3, claimable_at = NULL
           WHERE id = $1 AND claimable_at = $2""",
        claim.id,
        claim.claimable_at,
        problem,
    )


@operation
async def let_go(transaction: Transaction, *, claim: InvitationClaim) -> None:
    """Let the message be tried again later, each time later than before."""
    await execute(
        """UPDATE invitation SET claimable_at = clock_timestamp() + make_interval(secs => $3)
           WHERE id = $1 AND claimable_at = $2""",
        claim.id,
        claim.claimable_at,
        FIRST_DELAY_SECONDS * 2 ** (claim.tries - 1),
    )


@operation
async def give_up_all(transaction: Transaction) -> None:
    """Record of every message that waits that no mail server is set up any more."""
    await execute(
        """UPDATE invitation SET delivery_problem = 'NOT_SET_UP', claimable_at = NULL
           WHERE claimable_at <= clock_timestamp()"""
    )
