"""One client's connection to the catcher: aiosmtpd's, with its own way of reading and keeping a mail."""

import asyncio
import logging
from concurrent.futures import Executor

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from pulse_mailer.mailbox.refusing import Refusing
from pulse_mailer.mailbox.store import Mailbox

SIZE_BYTES = 30 * 1024 * 1024
BLOCK_BYTES = 256 * 1024
LINE_BYTES = 1000  # with its CRLF (RFC 5321 4.5.3.1.6)

_END = b".\r\n"

log = logging.getLogger(__name__)


class Connection(SMTP):
    """
    aiosmtpd's server side of one connection.

    Mail is read in blocks: aiosmtpd reads line by line, which made the catcher the slowest part of a send
    (50 mails of 60 kB a second instead of some hundreds).
    """

    line_length_limit = BLOCK_BYTES  # what is read ahead; 1001, aiosmtpd's choice, is a thousand waits a mail

    def __init__(
        self,
        mailbox: Mailbox,
        refusing: Refusing,
        writers: Executor,
        open_connections: "set[Connection]",
    ) -> None:
        super().__init__(
            _Host(refusing),
            data_size_limit=SIZE_BYTES,
            enable_SMTPUTF8=True,
            hostname="catcher.localhost",
            ident="Pulse Mailer mail catcher",
            auth_require_tls=False,
            authenticator=_welcome,
        )
        self._mailbox = mailbox
        self._writers = writers
        self._open_connections = open_connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open_connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._open_connections.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        assert self.envelope is not None
        if await self.check_helo_needed():
            return
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        data = await self._read_mail()
        if Refusing.hangs_up(self.envelope.rcpt_tos):
            self.hang_up()
            return
        answer = await self._keep(self.envelope, data)
        self.envelope = Envelope()
        await self.push(answer)

    async def _read_mail(self) -> bytes:
        """The mail with its doubled dots made single; longer than is allowed when it is too large."""
        data = bytearray()
        while data != _END and not data.endswith(b"\r\n" + _END):
            try:
                data += await self._reader.readuntil(_END)
            except asyncio.LimitOverrunError as error:
                data += await self._reader.readexactly(error.consumed)
            if len(data) > SIZE_BYTES + LINE_BYTES:
                del data[SIZE_BYTES + 1 : -len(_END) - 2]  # all must be read, and need not be remembered
        del data[-len(_END) :]
        if data.startswith(b"."):
            del data[0]
        return bytes(data.replace(b"\r\n.", b"\r\n"))

    async def _keep(self, envelope: Envelope, data: bytes) -> str:
        if len(data) > SIZE_BYTES:
            return "552 5.3.4 The mail is larger than the catcher takes"
        if max(map(len, data.split(b"\r\n"))) > LINE_BYTES - 2:
            return "554 5.6.0 A line is longer than 998 bytes"
        sender, recipients = envelope.mail_from or "", tuple(envelope.rcpt_tos)
        keeping = asyncio.get_running_loop().run_in_executor(
            self._writers, self._mailbox.keep, sender, recipients, data
        )
        try:
            return f"250 2.0.0 Ok: kept as {await keeping}"
        except OSError as error:
            log.warning(  # without a traceback: a full disk is no fault of the program
                "The mail catcher could not keep a mail in %s: %s", self._mailbox.folder, error.strerror
            )
            return f"452 4.3.1 Not kept: {error.strerror or 'the disk refused it'}"


class _Host:
    """aiosmtpd's handler."""

    def __init__(self, refusing: Refusing) -> None:
        self._refusing = refusing

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # True without further work: aiosmtpd takes one command after the other from its buffer (RFC 2920).
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._refusing.answer(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return answer


def _welcome(*_asked: object) -> AuthResult:
    """Any name and password will do, since nothing that is sent here leaves the machine."""
    return AuthResult(success=True)
