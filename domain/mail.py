"""Send a message by SMTP."""

import asyncio
import contextlib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from domain.settings import MailServer

# For the whole conversation, however slowly the server answers: the lease on the message must be longer.
TIMEOUT_SECONDS = 30.0
SHUTDOWN_TIMEOUT_SECONDS = 2.0
PERMANENT = range(500, 600)


class MailRefused(Exception):
    """The server will never accept this message."""


class MailUnreachable(Exception):
    """The server does not answer, or not now; the message names no person."""


async def send_mail(server: MailServer, message: EmailMessage, *, own_name: str) -> None:
    """Send a message by a mail server, to which we name ourselves ``own_name``; it has accepted the message on return.

    Raises:
        MailRefused: the server refuses the address or the message for good.
        MailUnreachable: the server is away or busy, or refuses the connection.
    """
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_tls=server.tls,
        start_tls=server.start_tls,
        tls_context=ssl.create_default_context() if server.tls or server.start_tls else None,
        # Without it the library would look the name up in a thread that nothing can cancel.
        local_hostname=own_name,
        timeout=TIMEOUT_SECONDS,
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await client.connect()
            # Only an answer to the message is about the message: what connect() raises is about us.
            try:
                await client.send_message(message)
            except aiosmtplib.SMTPRecipientsRefused as error:
                raise _refusal(*(recipient.code for recipient in error.recipients)) from None
            except aiosmtplib.SMTPResponseException as error:
                raise _refusal(error.code) from None
            except aiosmtplib.SMTPNotSupported:
                # The address is not all ASCII, and the server takes only ASCII.
                raise MailRefused from None
        # Whatever fails after the message was accepted must not make it be sent again.
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await client.quit(timeout=SHUTDOWN_TIMEOUT_SECONDS)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise MailUnreachable(type(error).__name__) from None
    finally:
        client.close()


def plain_message(
    *, sender: str, recipient: str, subject: str, text: str, message_id: str, now: datetime
) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    # No out-of-office reply is sent to it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _refusal(*codes: int) -> MailRefused | MailUnreachable:
    return MailRefused() if all(code in PERMANENT for code in codes) else MailUnreachable("refused for now")
