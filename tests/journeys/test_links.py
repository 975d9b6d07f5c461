"""`edition check --links`, as people run it: it calls strangers, and nobody on this machine."""

import json
import socket

from pulse_mailer.database import Database
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter
from tests.journeys.conftest import Program
from tests.unit.strangers import HOST, page, stranger


def test_links_are_visited_only_when_asked_and_never_on_this_machine(
    program: Program, sqlite_url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0)
        url = f"http://127.0.0.1:{inside.getsockname()[1]}/"
        database = Database(sqlite_url)
        with database.transaction() as session:
            edition = draft(session, given_newsletter(session))
            edition.sections[0].categories[0].items[0].url = url
        database.close()
        assert "link-refused" not in program("edition", "check", "2026-03").out
        visited = program("edition", "check", "2026-03", "--links", "--json")
        refused = [one for one in json.loads(visited.out) if one["code"] == "link-refused"]
        assert [one["severity"] for one in refused] == ["warning"]
        assert "no public address" in refused[0]["what"]
        try:
            inside.accept()
        except BlockingIOError:
            pass
        else:
            raise AssertionError


def test_links_are_visited_once_a_day_and_broken_ones_stop_sending(program: Program, sqlite_url: str) -> None:
    asked: list[str] = []

    def answer(_method: str, path: str, _headers: dict[str, str]) -> bytes:
        asked.append(path)
        return page() if path == "/there" else page(status="410 Gone")

    with stranger(answer) as site:
        program.set("FETCH_ALSO", f"{HOST}/32")
        database = Database(sqlite_url)
        with database.transaction() as session:
            edition = draft(session, given_newsletter(session))
            # By its address, which readers could not open: that it is found, too, is beside the point here.
            edition.sections[0].categories[0].items[0].url = f"http://{HOST}:{site.port}/gone"
            edition.letter = f"Welcome to [the study](http://{HOST}:{site.port}/there)."
        database.close()
        first = program("edition", "check", "2026-03", "--links")
        assert first.status == 4
        assert "link-broken" in first.out.partition("These block sending:")[2]
        assert set(asked) == {"/gone", "/there"}
        asked.clear()
        again = program("edition", "check", "2026-03", "--links", "--json")
        assert asked == []
        assert "2 of 2 links were visited lately" in again.err
        assert [one["item"] for one in json.loads(again.out) if one["code"] == "link-broken"] == [1]
        assert program("edition", "check", "2026-03", "--again").status == 4
        assert set(asked) == {"/gone", "/there"}
    plain = json.loads(program("edition", "check", "2026-03", "--json").out)
    assert ["seen on" in one["what"] for one in plain if one["code"] == "link-broken"] == [True]
    assert program("subscriber", "add", "reader@example.org").status == 0
    refused = program("edition", "send", "2026-03", "--force", "link-not-public", "--confirm-count", "1")
    assert refused.status == 4
    assert "link-broken" in refused.err


def test_spam_filter_that_is_away_stops_nothing(program: Program, sqlite_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    database = Database(sqlite_url)
    with database.transaction() as session:
        draft(session, given_newsletter(session))
    database.close()
    program.set("SPAMD", f"127.0.0.1:{port}")
    checked = program("edition", "check", "2026-03")
    assert checked.status == 0
    assert "spam-unknown Its spam score is not known. No spam filter answers" in checked.out
