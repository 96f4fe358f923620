"""How does a message reach a mail server?"""

import asyncio
import contextlib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from domain.settings import MailServer

# All of it, however slowly a server answers: a claim on the message must outlive it.
TIMEOUT_SECONDS = 30.0
SHUTDOWN_TIMEOUT_SECONDS = 2.0
PERMANENT = range(500, 600)


class MailRefused(Exception):
    """The server will not take this message, however often it is offered."""


class MailUnreachable(Exception):
    """The server does not answer, or not now; the message names no person."""


async def send_mail(server: MailServer, message: EmailMessage, *, own_name: str) -> None:
    """Hand a message to a mail server, which knows us by our own name; where it returns, the server has taken it over.

    Raises:
        MailRefused: the server refuses the address or the message for good.
        MailUnreachable: it is away, busy, or does not let us in.
    """
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_tls=server.tls,
        start_tls=server.start_tls,
        tls_context=ssl.create_default_context() if server.tls or server.start_tls else None,
        # Asked of the machine, it would be looked up in a thread that nothing can break off.
        local_hostname=own_name,
        timeout=TIMEOUT_SECONDS,
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await _connect(client)
            await _offer(client, message)
        # Whatever goes wrong with the farewell must not make a message that was taken over be sent again.
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await client.quit(timeout=SHUTDOWN_TIMEOUT_SECONDS)
    except (OSError, TimeoutError) as error:
        raise MailUnreachable(type(error).__name__) from None
    finally:
        client.close()


async def _connect(client: aiosmtplib.SMTP) -> None:
    try:
        await client.connect()
    except aiosmtplib.SMTPException as error:
        raise MailUnreachable(type(error).__name__) from None


async def _offer(client: aiosmtplib.SMTP, message: EmailMessage) -> None:
    try:
        await client.send_message(message)
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _refusal(*(recipient.code for recipient in error.recipients)) from None
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(error.code) from None
    except aiosmtplib.SMTPNotSupported:
        # An address beyond ASCII, and a server that knows none.
        raise MailRefused from None
    except aiosmtplib.SMTPException as error:
        raise MailUnreachable(type(error).__name__) from None


def plain_message(
    *, sender: str, recipient: str, subject: str, text: str, message_id: str, now: datetime
) -> EmailMessage:
    """Return a message of plain text that no machine shall answer."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _refusal(*codes: int) -> MailRefused | MailUnreachable:
    return MailRefused() if all(code in PERMANENT for code in codes) else MailUnreachable("refused for now")
