"""The wire alone: when the dot has left, and how long it waits."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulse_mailer.backends.wire import BLOCK_BYTES, GATHERED, Wire
from tests.contract.certificates import self_signed

Ends = tuple[Wire, socket.socket]


@pytest.fixture(params=["plain", "TLS"])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ends]:
    """A wire, and the socket at its other end."""
    near, far = socket.socketpair()
    if request.param == "TLS":
        made = self_signed(tmp_path)
        sides: list[ssl.SSLSocket] = []
        server = made.for_server()
        shaking = threading.Thread(target=lambda: sides.append(server.wrap_socket(far, server_side=True)))
        shaking.start()
        client = ssl.create_default_context(cafile=str(made.certificate))
        near = client.wrap_socket(near, server_hostname="localhost")
        shaking.join(10)
        far = sides[0]
    wire = Wire(near)
    yield wire, far
    wire.close()
    far.close()


def test_pieces_arrive_as_one_however_many(ends: Ends) -> None:
    wire, far = ends
    pieces = [b"%05d\r\n" % number for number in range(GATHERED + 1)]
    wire.write(pieces, 5)
    assert not wire.dot_left
    wire.finish(b"", 5)
    heard = b""
    while not heard.endswith(b"\r\n.\r\n"):
        heard += far.recv(65536)
    assert heard == b"".join(pieces) + b".\r\n"
    assert wire.dot_left


def test_a_dot_after_the_other_end_has_gone_leaves_no_doubt(ends: Ends) -> None:
    wire, far = ends
    far.close()
    with pytest.raises(OSError):
        wire.finish(b"MAIL FROM:<news@sender.example>\r\n", 5)
    assert not wire.dot_left


def test_a_reader_who_takes_nothing_is_given_up_with_the_body_begun(ends: Ends) -> None:
    wire, _far = ends
    with pytest.raises((TimeoutError, BlockingIOError)):
        wire.write([b"x" * 10_000_000], 0.1)
    assert not wire.dot_left


def test_a_reader_who_takes_each_block_in_its_time_may_take_long_for_the_whole(ends: Ends) -> None:
    wire, far = ends
    taken = bytearray()

    def take() -> None:
        pause = threading.Event()
        for pauses in range(1, 11):
            while len(taken) < BLOCK_BYTES * 4 * pauses:  # TLS gives a little at a time
                taken.extend(far.recv(BLOCK_BYTES * 4))
            pause.wait(0.1)  # the whole takes longer than a block may

    reading = threading.Thread(target=take)
    reading.start()
    wire.write([b"x" * BLOCK_BYTES * 40], 1)
    reading.join(10)
    assert len(taken) == BLOCK_BYTES * 40


def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_said(ends: Ends) -> None:
    wire, far = ends
    with pytest.raises((TimeoutError, BlockingIOError)):
        wire.hear(0.05)
    far.sendall(b"250 Late\r\n")
    assert wire.hear(5).code == 250


def test_times_change_with_each_call(ends: Ends) -> None:
    wire, far = ends
    far.sendall(b"250 One\r\n")
    assert wire.ask(b"NOOP", 5).text == "One"
    with pytest.raises((TimeoutError, BlockingIOError)):
        wire.ask(b"NOOP", 0.05)


def test_what_was_said_unasked_is_seen(ends: Ends) -> None:
    wire, far = ends
    far.sendall(b"354 Go on\r\n250 Taken")
    assert wire.hear(5).code == 354
    assert wire.unread


class Torn(socket.socket):
    """Takes so many bytes, and then breaks: no real line can be made to tear at a given byte."""

    room = 0

    def sendmsg(self, buffers: list[bytes], *_more: object) -> int:  # type: ignore[override]  # as much of it as is called
        return self.send(b"".join(buffers))

    def send(self, data: bytes | memoryview, flags: int = 0) -> int:  # type: ignore[override]  # likewise
        if not self.room:
            raise BrokenPipeError("Broken pipe")
        taken = min(self.room, len(data))
        self.room -= taken
        return taken


@pytest.mark.parametrize(("room", "in_doubt"), [(0, False), (1, False), (2, False), (3, True), (9, True)])
def test_doubt_begins_with_the_last_byte_of_the_dot(room: int, in_doubt: bool) -> None:
    with Torn() as line:
        line.room = room
        wire = Wire(line)
        with pytest.raises(BrokenPipeError):
            wire.finish(b"MAIL FROM:<news@sender.example>\r\n", 5)
        assert wire.dot_left is in_doubt
