"""`edition check --links`, as people run it: it calls strangers, and nobody on this machine."""

import json
import socket

from pulse_mailer.database import Database
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter
from tests.journeys.conftest import Program


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
