"""
A provider's batch endpoint that fails as the seed says: Postmark's, or Resend's, which knows repeated requests.

Both are stand-ins of ours after the providers' documents, not the providers: they show what becomes of doubt, and
say nothing about the real services.
"""

import contextlib
import hashlib
import json
import os
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: What becomes of a request, each with its share of few requests; the rest is taken and answered.
FATES = {"throttled": 0.05, "hung-up": 0.02, "reset": 0.02, "broken-after": 0.02, "broken-before": 0.02}
_REFUSED = 0.005  #: of the mails within a batch
_HANG_SECONDS = 2.0


@dataclass
class Provider:
    """What all requests share."""

    name: str
    log: Path
    seed: int
    scale: float
    tries: Counter[str] = field(default_factory=Counter)
    known: dict[str, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def share(self, *words: object) -> float:
        """A number below 1 that hangs on the seed and these words alone."""
        digest = hashlib.blake2b(f"{self.seed} {words}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def fate(self, body: bytes) -> str:
        key = hashlib.sha256(body).hexdigest()
        with self.lock:
            self.tries[key] += 1
            drawn = self.share(key, self.tries[key])
        for name, share in FATES.items():
            drawn -= share * self.scale
            if drawn < 0:
                return name
        return ""

    def take(self, body: bytes, key: str, *, answered: bool) -> bytes:
        """Take a batch, and give the answer; one whose key was seen before is not taken again."""
        with self.lock:
            if key and key in self.known:
                return self.known[key]
            answer = json.dumps(self._results(json.loads(body), answered=answered)).encode()
            if key:
                self.known[key] = answer
            return answer

    def _results(self, mails: list[dict[str, Any]], *, answered: bool) -> Any:
        lines, results = [], []
        for mail in mails:
            to, message_id, text = _read(mail)
            refused = self.share("refused", to) < _REFUSED
            lines.append(_line("full" if refused else "accepted", to, message_id, text))
            # Without a key to ask again by, an answer that never comes leaves a doubt.
            if not answered and not refused and self.name == "postmark":
                lines.append(_line("cut_after", to, message_id, text))
            results.append((refused, to))
        file = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, b"".join(lines))
        os.close(file)
        if self.name == "postmark":
            return [
                {"ErrorCode": 406, "Message": "Inactive recipient"}
                if refused
                else {"ErrorCode": 0, "Message": "OK", "MessageID": f"p-{to}"}
                for refused, to in results
            ]
        return {
            "data": [{"id": f"r-{to}"} for refused, to in results if not refused],
            "errors": [
                {"index": place, "message": "Invalid `to` field"}
                for place, (refused, _to) in enumerate(results)
                if refused
            ],
        }


def _read(mail: dict[str, Any]) -> tuple[str, str, str]:
    """Recipient, Message-ID and text of a mail, as either provider is given them."""
    headers = mail["headers"] if "headers" in mail else {one["Name"]: one["Value"] for one in mail["Headers"]}
    to = mail["to"][0] if "to" in mail else mail["To"]
    return to, headers["Message-ID"].strip("<>"), mail["html"] if "html" in mail else mail["HtmlBody"]


def _line(what: str, to: str, message_id: str, text: str) -> bytes:
    body = hashlib.sha256(text.encode()).hexdigest()
    return (
        json.dumps({"at": time.time(), "what": what, "to": to, "id": message_id, "hash": body}).encode()
        + b"\n"
    )


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: Provider

    def do_GET(self) -> None:
        self._answer(200, b"{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers.get("Idempotency-Key", "") if self.provider.name == "resend" else ""
        fate = self.provider.fate(body)
        if fate == "throttled":
            self._answer(
                429, b'{"name": "rate_limit_exceeded", "ErrorCode": 429, "Message": "Slow down"}', wait=1
            )
            return
        if fate == "broken-before":
            self._answer(503, b"{}")
            return
        answer = self.provider.take(body, key, answered=not fate)
        if fate == "broken-after":
            self._answer(500, b"{}")
        elif fate:
            self._go(fate)
        else:
            self._answer(200, answer)

    def _go(self, fate: str) -> None:
        """End the connection without a word, after a while or with a reset."""
        if fate == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            time.sleep(_HANG_SECONDS)
        self.close_connection = True
        if fate == "reset":
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, body: bytes, *, wait: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if wait:
            self.send_header("Retry-After", str(wait))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the log is the provider's own."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, _request: Any, _address: Any) -> None:
        """A client that is killed, or a line that was reset as planned, is what this server is for."""


@contextlib.contextmanager
def provider(name: str, log: Path, seed: int, scale: float) -> Iterator[int]:
    """Let one listen on 127.0.0.1 until the block ends, with `FATES` times `scale`; gives its port."""
    conversation = type("Conversation", (_Conversation,), {"provider": Provider(name, log, seed, scale)})
    with _Server(("127.0.0.1", 0), conversation) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
