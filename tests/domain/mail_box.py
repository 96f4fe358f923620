"""A real SMTP server in this process that can fail."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailBox:
    """What came, how the server behaves, and where it is."""

    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    # The answer to a command in place of the usual one, such as {"RCPT": "550 5.1.1 nobody"}; "" hangs up.
    answers: dict[str, str] = field(default_factory=dict)
    # The command at which the server falls silent.
    silent_at: str | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    tls: ssl.SSLContext | None = None


@asynccontextmanager
async def mail_box(tls: ssl.SSLContext | None = None, *, implicit: bool = False) -> AsyncIterator[MailBox]:
    """Serve SMTP on a free port of this machine; with TLS from the start, or by STARTTLS."""
    box = MailBox(tls=None if implicit else tls)
    conversations: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        try:
            await _Conversation(box, reader, writer).hold()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            conversations.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls if implicit else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        for task in list(conversations):
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


class _Conversation:
    """One client, from its greeting to its farewell."""

    def __init__(self, box: MailBox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._box, self._reader, self._writer = box, reader, writer

    async def hold(self) -> None:
        """Answer one command after another."""
        if not await self._say(self._box.answers.get("CONNECT", "220 mail.contoso.example ESMTP")):
            return
        while line := (await self._reader.readline()).decode().strip():
            command = line.partition(" ")[0].upper()
            self._box.commands.append(command)
            if command == self._box.silent_at:
                self._box.reached.set()
                await asyncio.sleep(3600)
            told = self._box.answers.get(command)
            if not await (self._say(told) if told is not None else self._answer(command, line)):
                return

    async def _answer(self, command: str, line: str) -> bool:
        match command:
            case "EHLO":
                extensions = ["STARTTLS"] if self._box.tls and not self._is_secure() else ["AUTH PLAIN", "SMTPUTF8"]
                return await self._say(
                    "\r\n".join(["250-mail.contoso.example", *(f"250-{e}" for e in extensions), "250 8BITMIME"])
                )
            case "STARTTLS":
                assert self._box.tls is not None
                await self._say("220 go ahead")
                await self._writer.start_tls(self._box.tls)
                return True
            case "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                self._box.logins.append((user, password))
                return await self._say("235 welcome")
            case "RCPT":
                self._box.recipients.append(line.partition("<")[2].partition(">")[0])
                return await self._say("250 ok")
            case "DATA":
                return await self._take()
            case "QUIT":
                await self._say("221 bye")
                return False
            case _:
                return await self._say("250 ok")

    async def _take(self) -> bool:
        await self._say("354 go on")
        body = await self._reader.readuntil(b"\r\n.\r\n")
        message = message_from_bytes(body[:-3], policy=policy.default)
        assert isinstance(message, EmailMessage)
        told = self._box.answers.get("BODY", "250 taken over")
        if told.startswith("250"):
            self._box.messages.append(message)
        return await self._say(told)

    async def _say(self, line: str) -> bool:
        if not line:
            return False
        self._writer.write(f"{line}\r\n".encode())
        await self._writer.drain()
        return True

    def _is_secure(self) -> bool:
        return self._writer.get_extra_info("sslcontext") is not None
