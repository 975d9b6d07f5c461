"""One request and what became of it: every row of the table of fates, over real sockets."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulse_mailer.backends._http import ANSWER_BYTES, Answer, Line, Patience, Request, Silence
from pulse_mailer.domain.delivery import Stage
from tests.contract.certificates import Certificate
from tests.contract.http_server import Asked, Does, HttpServer, Says
from tests.contract.test_smtp_sign_in import certificate

__all__ = ["certificate"]

QUICK = Patience(connect=0.4, read=0.4)
CALM = Patience(connect=10, read=10)


def ask(url: str, patience: Patience = CALM, body: bytes = b"{}") -> Answer | Silence:
    line = Line(patience)
    with contextlib.closing(line):
        return line.ask(Request(f"{url}/send", body))


def silence(url: str, patience: Patience = CALM, body: bytes = b"{}") -> Silence:
    found = ask(url, patience, body)
    assert isinstance(found, Silence)
    return found


@contextlib.contextmanager
def full_listener() -> Iterator[int]:
    """A port whose queue of connections is full, so that another one is never answered."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


class TestCertainlyNotTaken:
    def test_refused_connection(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        found = silence(f"http://127.0.0.1:{port}")
        assert (found.stage, found.certain) == (Stage.MARKED, True)
        assert "Nobody" in found.words

    def test_unknown_name(self) -> None:
        found = silence("http://no-such-host.invalid")
        assert (found.stage, found.certain) == (Stage.MARKED, True)
        assert "name" in found.words

    def test_connection_that_does_not_come_about_in_time(self) -> None:
        with full_listener() as port:
            found = silence(f"http://127.0.0.1:{port}", QUICK)
        assert (found.stage, found.certain) == (Stage.MARKED, True)
        assert "in time" in found.words

    def test_certificate_that_nobody_signed(self, certificate: Certificate) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certificate, certificate.key)
        with HttpServer(lambda _: Says(), tls=context) as server:
            found = silence(server.url)
        assert (found.stage, found.certain) == (Stage.MARKED, True)
        assert "certificate" in found.words
        assert server.asked == []

    def test_tls_to_a_server_that_has_none(self) -> None:
        with HttpServer(lambda _: Says()) as server:
            # At once, for it might take our greeting for the beginning of a line and wait for its end.
            server.at_once = Does.REFUSE_UNREAD
            found = silence(server.url.replace("http:", "https:"))
        # No connection came about, so the request's bytes never left.
        assert (found.stage, found.certain) == (Stage.BODY, True)
        assert "TLS" in found.words

    def test_request_that_broke_while_it_was_written(self) -> None:
        with HttpServer(lambda _: Says()) as server:
            server.at_once = Does.RESET_HALFWAY
            found = silence(server.url, body=b" " * 30_000_000)
        assert (found.stage, found.certain) == (Stage.BODY, True)


class TestUncertain:
    @pytest.mark.parametrize(
        ("does", "words"),
        [
            (Does.CLOSE, "without an answer"),
            (Does.RESET, "reset"),
            (Does.CUT_BODY, "cut short"),
            (Does.CUT_CHUNK, "cut short"),
            (Does.SPEAK_OTHERWISE, "no answer"),
            (Does.FLOOD, f"{ANSWER_BYTES}"),
        ],
    )
    def test_after_the_request_was_read(self, does: Does, words: str) -> None:
        with HttpServer(lambda _: does) as server:
            found = silence(server.url)
            assert len(server.asked) == 1
        assert (found.stage, found.certain) == (Stage.DOT, False)
        assert words in found.words

    @pytest.mark.parametrize("does", [Does.SAY_NOTHING, Does.DRIBBLE])
    def test_no_whole_answer_in_time(self, does: Does) -> None:
        with HttpServer(lambda _: does) as server:
            found = silence(server.url, QUICK)
        assert (found.stage, found.certain) == (Stage.DOT, False)
        assert "in time" in found.words

    def test_closed_unread_looks_like_closed_after_reading(self) -> None:
        with HttpServer(lambda _: Says()) as server:
            server.at_once = Does.CLOSE_UNREAD
            found = silence(server.url)
        assert (found.stage, found.certain) == (Stage.DOT, False)
        assert server.asked == []


class TestAnswers:
    @pytest.mark.parametrize("status", [200, 202, 301, 307, 400, 401, 403, 413, 422, 429, 500, 502, 503, 504])
    def test_a_whole_answer_comes_back_as_it_is(self, status: int) -> None:
        said = Says(status, b"words", {"Retry-After": "7", "Location": "http://127.0.0.1:1/"})
        with HttpServer(lambda _: said) as server:
            found = ask(server.url)
        assert isinstance(found, Answer)
        assert (found.status, found.body, found.headers["retry-after"]) == (status, b"words", "7")
        assert len(server.asked) == 1  # neither repeated nor followed

    def test_the_connection_is_kept(self) -> None:
        with HttpServer(lambda _: Says()) as server:
            line = Line(CALM)
            with contextlib.closing(line):
                for _ in range(3):
                    assert isinstance(line.ask(Request(server.url, b"{}")), Answer)
            assert server.connections == 1

    def test_a_connection_that_was_closed_meanwhile_is_not_written_to(self) -> None:
        with HttpServer(lambda _: Says()) as server:
            line = Line(CALM)
            with contextlib.closing(line):
                assert isinstance(line.ask(Request(server.url, b"{}")), Answer)
                server.hang_up()
                assert isinstance(line.ask(Request(server.url, b"{}")), Answer)
            assert (server.connections, len(server.asked)) == (2, 2)

    def test_after_a_silence_the_next_request_has_a_connection_of_its_own(self) -> None:
        said: Iterator[Says | Does] = iter([Does.CUT_BODY, Says(200, b"whole")])
        with HttpServer(lambda _: next(said)) as server:
            line = Line(CALM)
            with contextlib.closing(line):
                assert isinstance(line.ask(Request(server.url, b"{}")), Silence)
                found = line.ask(Request(server.url, b"{}"))
        assert isinstance(found, Answer)
        assert found.body == b"whole"

    def test_a_refusal_that_comes_before_the_request_is_whole_is_heard(self) -> None:
        def too_large(_asked: Asked) -> Says:
            raise AssertionError("it is never read whole")

        with HttpServer(too_large) as server:
            server.at_once = Does.REFUSE_UNREAD
            found = ask(server.url, body=b" " * 30_000_000)
        assert isinstance(found, Answer)
        assert found.status == 413

    def test_no_netrc_replaces_our_key(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login eve password eve\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        with HttpServer(lambda _: Says()) as server:
            line = Line(CALM)
            with contextlib.closing(line):
                line.ask(Request(server.url, b"{}", {"Authorization": "Bearer ours"}))
        assert server.asked[0].headers["authorization"] == "Bearer ours"
