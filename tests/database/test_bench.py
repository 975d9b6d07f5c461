"""The bench of the pages asks for every page that staff can open, or says why not."""

from benchmarks import grounds
from benchmarks.asked import World
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.web.app import create_app


def test_every_page_is_asked_for_or_has_a_reason_not_to_be(mailer: Mailer) -> None:
    world = World({"2026-01": (1, 9), grounds.EDITION: (10, 19)}, subscribers=20)
    forgotten = [path for path in world.forgotten(create_app(mailer)) if not path.startswith("/api/")]
    assert not forgotten, "measured nowhere: add them to benchmarks/asked.py"
