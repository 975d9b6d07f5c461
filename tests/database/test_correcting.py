"""Corrections: the web says it right and says so, and the mail stays byte for byte as it was."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import select

from pulse_mailer.backends.memory import MemoryBackend
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery.dispatch import Ending
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.correction import Correction, Fix
from pulse_mailer.domain.edition import EditionStatus, Rendering
from pulse_mailer.editions import history, reading
from pulse_mailer.editions.archive import PUBLIC
from pulse_mailer.editions.correcting import correct, corrections
from pulse_mailer.errors import Conflict, NotFound, PulseMailerError, Refused, UsageError, WrongState
from pulse_mailer.web.app import create_app
from pulse_mailer.web.server import running
from tests.database.archive_given import SLUG, given_correction, given_edition, item
from tests.database.sending_given import frozen, run

KEY = "2026-01"
NAME = f"{SLUG}/{KEY}"


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    given_edition(mailer, KEY, [item(1, "Rents fall"), item(2, "A second")])
    with running(create_app(mailer)) as url:
        yield f"{url}/editions/{SLUG}"


def text(url: str) -> str:
    answer = requests.get(url, timeout=20)
    assert answer.status_code == 200
    return answer.text


def put_right(mailer: Mailer, *fixes: Fix, note: str = "Rents rise.", **more: Any) -> None:
    with mailer.database.transaction() as database:
        correct(database, mailer.links, NAME, fixes, note=note, actor="ann", **more)


def test_the_page_the_feeds_the_text_and_the_search_say_it_right_and_say_so(
    mailer: Mailer, site: str
) -> None:
    given_correction(mailer, KEY, 1, "title", "Rents rise", "Rents rose; we said that they fell.")
    for path in (f"/{KEY}", "/feed.atom", "/feed.json", f"/{KEY}.txt", "/search?q=rise"):
        assert "Rents fall" not in text(site + path), path
    for path in (f"/{KEY}", "/feed.atom", "/feed.json", "/search?q=rents"):
        assert "Rents rose; we said that they fell." in text(site + path), path
    assert "Corrected on" in text(site)
    assert "Corrected on" in text(f"{site}/{KEY}")


def test_what_is_hidden_leaves_the_page_and_may_come_back(mailer: Mailer, site: str) -> None:
    given_correction(mailer, KEY, 2, "is_hidden", value=True, note="The second report was withdrawn.")
    assert 'id="item-2"' not in text(f"{site}/{KEY}")
    assert "#item-2" not in text(f"{site}/search?q=second")
    given_correction(mailer, KEY, 2, "is_hidden", value=False, note="It is back.")
    page = text(f"{site}/{KEY}")
    assert 'id="item-2"' in page
    assert page.index("It is back.") < page.index("was withdrawn")


def test_a_correction_is_a_revision_with_its_history_and_audit(mailer: Mailer, site: str) -> None:
    put_right(mailer, Fix(None, "signed_by", "Mara"), Fix(1, "title", "Rents rise"))
    with mailer.database.transaction() as database:
        edition = reading.edition(database, NAME)
        (version,) = history.versions(database, edition.id)
        (made,) = corrections(database, edition.id)
        audited = database.scalars(select(AuditRecord).where(AuditRecord.action == "edition.corrected")).one()
    assert (edition.revision, version.revision, version.what) == (2, 2, "corrected: Rents rise.")
    assert (made.actor, made.note) == ("ann", "Rents rise.")
    assert made.web_html.count("Rents rise") >= 1
    assert audited.before == {"signed_by": "", "item 1, title": "Rents fall"}
    assert edition.status is EditionStatus.SENT


def _mail(mailer: Mailer) -> dict[str, Any]:
    """Every value of the tables that mail is made of."""
    with mailer.database.transaction() as database:
        return {
            table.name: [tuple(row) for row in database.execute(select(table).order_by(table.c.id))]
            for table in (Rendering.metadata.tables[name] for name in ("renderings", "deliveries"))
        }


def test_a_send_that_goes_on_after_a_correction_is_the_same_byte_for_byte(mailer: Mailer) -> None:
    edition_id = frozen(mailer.database, mailer.keys, mailer.links)
    before = _mail(mailer)
    with mailer.database.transaction() as database:
        correct(
            database,
            mailer.links,
            "2026-03",
            [Fix(1, "title", "Corrected")],
            note="It was wrong.",
            actor="ann",
        )
    assert _mail(mailer) == before
    backend = MemoryBackend()
    assert run(mailer.database, mailer.links, edition_id, backend) is Ending.FINISHED
    assert len(backend.kept) == 3
    for message in backend.kept:
        assert b"What good care looks like" in message.data
        assert b"Corrected" not in message.data


@pytest.mark.parametrize("status", [one for one in EditionStatus if one not in PUBLIC])
def test_what_nobody_has_yet_is_edited_instead(mailer: Mailer, status: EditionStatus) -> None:
    given_edition(mailer, KEY, [item(1, "Rents fall")], status)
    with pytest.raises(WrongState, match="Edit it instead"):
        put_right(mailer, Fix(1, "title", "Rents rise"))


@pytest.mark.parametrize(
    ("fix", "note", "error", "words"),
    [
        (Fix(1, "title", "Rents rise"), "  ", UsageError, "needs a note"),
        (Fix(1, "title", "Rents rise"), "two\nlines", UsageError, "one line"),
        (Fix(1, "title", ""), "n", UsageError, "must not be empty"),
        (Fix(1, "title", "a\u202eb"), "n", UsageError, "U\\+202E"),
        (Fix(1, "url", "javascript:alert(1)"), "n", UsageError, "no web address"),
        (Fix(1, "status", "draft"), "n", UsageError, "no 'status'"),
        (Fix(None, "title", "x"), "n", UsageError, "no 'title'"),
        (Fix(1, "summary", "> " * 60 + "deep"), "n", UsageError, "nested"),
        (Fix(99, "title", "x"), "n", NotFound, "99"),
        (Fix(1, "title", "Rents fall"), "n", Refused, "says so already"),
    ],
)
def test_what_cannot_be_corrected_is_refused_and_nothing_is_kept(
    mailer: Mailer, site: str, fix: Fix, note: str, error: type[PulseMailerError], words: str
) -> None:
    before = text(f"{site}/{KEY}")
    with pytest.raises(error, match=words):
        put_right(mailer, Fix(2, "title", "Half of it") if error is UsageError else fix, fix, note=note)
    assert text(f"{site}/{KEY}") == before
    with mailer.database.transaction() as database:
        assert reading.edition(database, NAME).revision == 1
        assert list(database.scalars(select(Correction))) == []


def test_who_looked_at_an_older_revision_corrects_nothing(mailer: Mailer, site: str) -> None:
    put_right(mailer, Fix(1, "title", "Rents rise"), expected=1)
    with pytest.raises(Conflict, match="at revision 2, and you looked at 1"):
        put_right(mailer, Fix(1, "title", "Rents stand still"), expected=1)
    assert "stand still" not in text(f"{site}/{KEY}")
