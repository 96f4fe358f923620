"""What does a worker do with an invitation whose message waits?

A worker that dies after the mail server took the message over lets it be sent once more, under the same message id.
"""

from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import urlsplit

import structlog

from domain.mail import MailRefused, MailUnreachable, plain_message, send_mail
from domain.operations.invitation_delivery import (
    MAX_TRIES,
    InvitationClaim,
    claim_invitation,
    give_up_all,
    let_go,
    record_problem,
    record_sent,
)
from domain.rules.words import DeliveryProblem
from domain.settings import MailServer, Settings

log = structlog.get_logger(__name__)

TEXT = """Hello,

{organization} invites you to certlink, where you link the account that you certify with, such as Microsoft Learn,
so that {organization} is credited with what you pass. Only you can link or remove an account of yours.

Sign in with your work account {work_email}:

    {address}

If you did not expect this message, you need not do anything.
"""


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
