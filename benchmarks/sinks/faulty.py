"""
A mail server that fails as it is told, and writes down what it took before it says so.

    python -m benchmarks.sinks.faulty LOG '{"seed": 7, "later": 0.02, "cut_after": 0.002}'

Listens on a free port of 127.0.0.1 and says which; ends when its input does. What becomes of a mail depends on the
seed, the recipient and how often that recipient was tried, and on nothing else: two runs of one seed meet the same
faults, however their connections take turns.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import cast

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)
_END = b"\r\n.\r\n"
_LINE_BYTES = 2048
_BYTE_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Faults:
    """
    How often what goes wrong, each as a share of all tries.

    Attributes:
        cut_before: the line is cut, half of them for DATA, half when some of the mail is there. Who has written the
            dot by then cannot know that it was too late.
        cut_after: the mail is taken, and the line cut instead of an answer.
        later: 451, half of them for RCPT and half for the dot.
        unknown: 550 5.1.1 for RCPT: there is no such mailbox.
        full: 552 5.2.2 for RCPT.
        closing: 421, half of them for RCPT and half for the dot.
        dribble: the answer to the dot comes byte by byte.
        slow: the answer to the dot takes up to `slow_seconds`.
        policy_domain: 554 5.7.1 for everybody there, for the dot.
        seconds: what each answer to a dot takes at least.
        once_seconds: what one single answer takes, the hundredth mail's; 0: none does.
    """

    seed: int = 1
    cut_before: float = 0
    cut_after: float = 0
    later: float = 0
    unknown: float = 0
    full: float = 0
    closing: float = 0
    dribble: float = 0
    slow: float = 0
    slow_seconds: float = 0
    policy_domain: str = ""
    seconds: float = 0
    once_seconds: float = 0

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    def chosen(self, recipient: str, tries: int) -> tuple[str, float]:
        """What is to go wrong with this try, empty for nothing; and a number below 1 to choose the details by."""
        if self.policy_domain and recipient.endswith(f"@{self.policy_domain}"):
            return "policy", 0.0
        drawn, detail = self._draw(recipient, tries)
        for name in ("cut_before", "cut_after", "later", "unknown", "full", "closing", "dribble", "slow"):
            drawn -= getattr(self, name)
            if drawn < 0:
                return name, detail
        return "", detail

    def _draw(self, recipient: str, tries: int) -> tuple[float, float]:
        digest = hashlib.blake2b(f"{self.seed} {recipient} {tries}".encode(), digest_size=16).digest()
        return int.from_bytes(digest[:8]) / 2**64, int.from_bytes(digest[8:]) / 2**64


class Sink:
    """What all connections share."""

    def __init__(self, faults: Faults, log: int) -> None:
        self.faults = faults
        self.tries: Counter[str] = Counter()
        self.mails = 0
        self._log = log

    def write_down(self, what: str, recipient: str, message_id: str = "", body: str = "") -> None:
        """Append a line, whole and before anything is answered, so that no kill of anybody can part the two."""
        line = {"at": time.time(), "what": what, "to": recipient, "id": message_id, "hash": body}
        os.write(self._log, json.dumps(line).encode() + b"\n")


class Conversation(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._heard = bytearray()
        self._searched = 0
        self._in_data = False
        self._waits = False
        self._recipient = ""
        self._fault = ""
        self._detail = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 faulty.sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._heard += data
        self._work()

    def _work(self) -> None:
        while not self._waits and not self._transport.is_closing():
            if self._in_data:
                if not self._take_mail():
                    return
            elif (end := self._heard.find(b"\n")) >= 0:
                line = bytes(self._heard[: end + 1]).strip().decode("latin-1")
                del self._heard[: end + 1]
                self._command(line)
            else:
                if len(self._heard) > _LINE_BYTES:
                    self._transport.abort()
                return

    def _command(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "EHLO":
            self._say("250-faulty.sink\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME")
        elif verb == "RCPT":
            self._choose(line.partition("<")[2].partition(">")[0])
        elif verb == "DATA" and not self._recipient:
            self._say("503 5.5.1 There is nobody to take it")
        elif verb == "DATA" and self._fault == "cut_before" and self._detail >= 0.5:
            self._cut()
        elif verb == "DATA":
            self._in_data, self._searched = True, 0
            self._say("354 Go on")
        elif verb == "QUIT":
            self._say("221 2.0.0 Bye")
            self._transport.close()
        else:
            if verb in ("MAIL", "RSET"):
                self._recipient = ""
            self._say("250 2.1.0 Ok")

    def _choose(self, recipient: str) -> None:
        sink = self._sink
        sink.tries[recipient] += 1
        self._fault, self._detail = sink.faults.chosen(recipient, sink.tries[recipient])
        refusal = {
            "unknown": "550 5.1.1 No such mailbox",
            "full": "552 5.2.2 The mailbox is full",
            "later": "451 4.2.1 Come back later" if self._detail >= 0.5 else "",
            "closing": "421 4.3.2 Closing" if self._detail >= 0.5 else "",
        }.get(self._fault, "")
        if not refusal:
            self._recipient = recipient
            self._say("250 2.1.5 Ok")
            return
        sink.write_down(self._fault, recipient)
        self._say(refusal)
        if self._fault == "closing":
            self._transport.close()

    def _take_mail(self) -> bool:
        """Take what has come of a mail; False when there is more to come."""
        if self._fault == "cut_before" and len(self._heard) > 1000:
            self._cut()
            return False
        end = self._heard.find(_END, self._searched)
        if end < 0:
            self._searched = max(0, len(self._heard) - len(_END))
            return False
        mail = bytes(self._heard[: end + 2])
        del self._heard[: end + len(_END)]
        self._in_data = False
        self._answer_dot(mail)
        return True

    def _cut(self) -> None:
        self._sink.write_down("cut_before", self._recipient)
        self._transport.abort()

    def _answer_dot(self, mail: bytes) -> None:
        refusal = {
            "later": "451 4.2.0 Not now",
            "closing": "421 4.3.2 Closing",
            "policy": "554 5.7.1 Refused by our policy",
        }.get(self._fault, "")
        found = _MESSAGE_ID.search(mail)
        message_id = found[1].decode("latin-1") if found else ""
        recipient, self._recipient = self._recipient, ""
        if refusal:
            self._sink.write_down(self._fault, recipient, message_id)
            self._say(refusal)
            if self._fault == "closing":
                self._transport.close()
            return
        self._sink.mails += 1
        self._sink.write_down("accepted", recipient, message_id, hashlib.sha256(mail).hexdigest())
        if self._fault == "cut_after":
            self._sink.write_down("cut_after", recipient, message_id)
            self._transport.abort()
            return
        self._wait_and_say(b"250 2.0.0 Taken\r\n")

    def _wait_and_say(self, answer: bytes) -> None:
        faults = self._sink.faults
        seconds = faults.seconds
        if self._fault == "slow":
            seconds += self._detail * faults.slow_seconds
        if faults.once_seconds and self._sink.mails == 100:
            seconds = faults.once_seconds
        if seconds or self._fault == "dribble":
            pieces = (
                [answer[at : at + 1] for at in range(len(answer))] if self._fault == "dribble" else [answer]
            )
            self._waits = True
            asyncio.get_running_loop().call_later(seconds, self._say_pieces, pieces)
        else:
            self._transport.write(answer)

    def _say_pieces(self, pieces: list[bytes]) -> None:
        if self._transport.is_closing():
            return  # nobody waits for it any more
        self._transport.write(pieces.pop(0))
        if pieces:
            asyncio.get_running_loop().call_later(_BYTE_SECONDS, self._say_pieces, pieces)
            return
        self._waits = False
        self._work()

    def _say(self, line: str) -> None:
        self._transport.write(line.encode() + b"\r\n")


async def _listen(faults: Faults, log: int) -> None:
    loop = asyncio.get_running_loop()
    sink = Sink(faults, log)
    server = await loop.create_server(lambda: Conversation(sink), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    await ended.wait()
    server.close()


def main() -> None:
    file, faults = sys.argv[1:]
    log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with contextlib.suppress(KeyboardInterrupt):  # the bench that started it was told the same
        asyncio.run(_listen(Faults(**json.loads(faults)), log))


if __name__ == "__main__":
    main()
