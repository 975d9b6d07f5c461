"""Newsletters and editions: founded, imported, changed, found again; on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.edition import Edition, EditionStatus, Item
from pulse_mailer.domain.picture import Picture
from pulse_mailer.editions import drafting, founding, importing, reading
from pulse_mailer.errors import (
    BadAddress,
    NotFound,
    Refused,
    UnreadableDocument,
    UsageError,
    WrongState,
)
from tests.unit.pictures_given import png

DOCUMENT = """\
# Harbour Notes

May 2026

Dear reader, welcome to May.

Best wishes,

Ann Marlowe

Editor

Harbour Trust, 1 Quay Street, Milbury, ZZ1 1ZZ

Email: notes@example.org

## Housing

### Reports

#### Institute for Homes. [Rents in ten towns.](https://example.org/rents)

What people pay.

![Bars that rise](rents.png)

### Briefings

#### Lantern Institute. [Who moves, and why.](https://example.org/moves)

Three answers.
"""

FOUND = importing.Wish(found=True)


def bring_in(
    database: Database, text: str = DOCUMENT, wish: importing.Wish = FOUND, picture: bytes | None = None
) -> importing.Imported:
    with database.transaction() as session:
        return importing.import_document(
            session, "may.md", text.encode(), lambda _path: picture, wish=wish, actor="ann"
        )


def test_a_document_makes_newsletter_programme_and_edition(database: Database) -> None:
    imported = bring_in(database)
    with database.transaction() as session:
        edition = reading.edition(session, "2026-05")
    assert (imported.what, imported.founded) == ("new", True)
    newsletter = edition.newsletter
    assert (newsletter.slug, newsletter.name) == ("harbour-notes", "Harbour Notes")
    assert newsletter.from_address == "notes@example.org"
    assert "1 Quay Street" in newsletter.postal_address
    assert [section.name for section in newsletter.sections] == ["Housing"]
    assert [category.name for category in newsletter.categories] == ["Reports", "Briefings"]
    assert [item.title for item in edition.items()] == ["Rents in ten towns", "Who moves, and why"]
    assert edition.subject == "Harbour Notes, May 2026"
    assert edition.preheader == "2 entries this month: Housing"
    assert edition.status is EditionStatus.DRAFT


def test_the_same_again_changes_nothing_not_even_the_audit(database: Database) -> None:
    bring_in(database)
    with database.transaction() as session:
        before = session.scalar(select(func.count(AuditRecord.id)))
    assert bring_in(database).what == "unchanged"
    with database.transaction() as session:
        assert session.scalar(select(func.count(AuditRecord.id))) == before
        assert session.scalar(select(func.count(Item.id))) == 2


def test_a_changed_document_brings_the_draft_up_to_date(database: Database) -> None:
    bring_in(database)
    imported = bring_in(database, DOCUMENT.replace("Three answers", "Four answers"))
    with database.transaction() as session:
        edition = reading.edition(session, "2026-05")
    assert imported.what == "changed"
    assert edition.revision == 2
    assert [item.summary for item in edition.items()][1] == "Four answers."


def test_an_edition_that_is_no_draft_is_not_replaced(database: Database) -> None:
    bring_in(database)
    with database.transaction() as session:
        edition = reading.edition(session, "2026-05")
        edition.become(EditionStatus.APPROVED)
        edition.become(EditionStatus.SENDING)
    assert bring_in(database).what == "unchanged"
    with pytest.raises(WrongState, match="is being sent"):
        bring_in(database, DOCUMENT.replace("Three", "Four"))


def test_an_edition_that_waits_to_begin_is_a_draft_again_once_its_document_differs(
    database: Database,
) -> None:
    bring_in(database)
    with database.transaction() as session:
        edition = reading.edition(session, "2026-05")
        edition.status, edition.starts_at = EditionStatus.SCHEDULED, now()
    again = bring_in(database)
    assert (again.what, again.reopened, again.edition.status) == ("unchanged", False, EditionStatus.SCHEDULED)
    changed = bring_in(database, DOCUMENT.replace("Three", "Four"))
    assert (changed.what, changed.reopened, changed.edition.status) == ("changed", True, EditionStatus.DRAFT)
    with database.transaction() as session:
        record = session.scalars(select(AuditRecord).where(AuditRecord.action == "edition.taken-back")).one()
    assert record.after == {"why": "may.md imported: 1 brought up to date, 1 unchanged"}


def test_a_second_edition_finds_its_newsletter_by_the_masthead(database: Database) -> None:
    bring_in(database)
    june = DOCUMENT.replace("May 2026", "June 2026").replace("### Briefings", "### Toolkits")
    imported = bring_in(database, june, importing.Wish())
    assert not imported.founded
    assert imported.new_names == ("Toolkits",)
    with database.transaction() as session:
        assert [line.key for line in reading.editions(session)] == ["2026-06", "2026-05"]


def test_without_its_newsletter_a_document_is_refused_and_leaves_nothing(database: Database) -> None:
    with pytest.raises(NotFound, match="Harbour Notes"):
        bring_in(database, wish=importing.Wish())
    with database.transaction() as session:
        assert reading.newsletters(session) == []


def test_a_picture_comes_with_its_item(database: Database) -> None:
    bring_in(database, picture=png(40, 30))
    with database.transaction() as session:
        first = next(reading.edition(session, "2026-05").items())
        assert session.scalar(select(func.count(Picture.content_hash))) == 1
    assert first.picture is not None
    assert first.picture_alt == "Bars that rise"


def test_a_picture_that_cannot_be_shown_is_left_out_and_listed(database: Database) -> None:
    bring_in(database, picture=b"not a picture at all")
    with database.transaction() as session:
        edition = reading.edition(session, "2026-05")
    assert next(edition.items()).picture is None
    assert [doubt["doubt"] for doubt in edition.review] == ["picture"]
    assert bring_in(database, picture=b"not a picture at all").what == "unchanged"


@pytest.mark.parametrize(
    ("text", "wish", "error", "words"),
    [
        ("# Notes\n\nMay 2026\n\nOnly a letter.\n", FOUND, UnreadableDocument, "holds no item"),
        (DOCUMENT.replace("May 2026\n\n", ""), FOUND, UsageError, "names no month"),
        (DOCUMENT.replace("Email: notes@example.org", ""), FOUND, UsageError, "no e-mail address"),
        (DOCUMENT, importing.Wish(newsletter="nowhere"), NotFound, "nowhere"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_stored(
    database: Database, text: str, wish: importing.Wish, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        bring_in(database, text, wish)
    with database.transaction() as session:
        assert session.scalar(select(func.count(Edition.id))) == 0
        assert reading.newsletters(session) == []


def test_a_key_may_be_given(database: Database) -> None:
    imported = bring_in(
        database, DOCUMENT.replace("May 2026\n\n", ""), importing.Wish(found=True, key="special")
    )
    assert imported.edition.key == "special"


@pytest.mark.parametrize(
    "key", ["a/b", "..", "a b", "a\nb", "[[token]]", "日本", "a?b", "-", "\udcff", "x" * 41]
)
def test_a_key_that_cannot_stand_in_a_web_address_is_refused(database: Database, key: str) -> None:
    with pytest.raises(UsageError, match="cannot be an edition's key"):
        bring_in(database, wish=importing.Wish(found=True, key=key))


def test_a_newsletter_whose_name_gives_no_short_name_is_to_be_made_by_hand(database: Database) -> None:
    with pytest.raises(UsageError, match="newsletter add"):
        bring_in(database, DOCUMENT.replace("# Harbour Notes", "# \u65e5\u672c"))


def test_two_newsletters_may_have_the_same_key_and_are_told_apart(database: Database) -> None:
    bring_in(database)
    bring_in(database, DOCUMENT.replace("# Harbour Notes", "# River Notes"))
    with database.transaction() as session:
        with pytest.raises(UsageError, match="Several newsletters"):
            reading.edition(session, "2026-05")
        assert reading.edition(session, "river-notes/2026-05").newsletter.slug == "river-notes"
        with pytest.raises(UsageError, match="several newsletters"):
            reading.newsletter(session, None)


@pytest.mark.parametrize(
    ("slug", "values", "error"),
    [
        ("Bad", {"name": "x", "from_address": "a@example.org"}, UsageError),
        ("two--dashes", {"name": "x", "from_address": "a@example.org"}, UsageError),
        ("good", {"name": "", "from_address": "a@example.org"}, UsageError),
        ("good", {"name": "x"}, UsageError),
        ("good", {"name": "x", "from_address": "nobody"}, BadAddress),
        ("good", {"name": "x\ry", "from_address": "a@example.org"}, UsageError),
        ("good", {"name": "x\u202ey", "from_address": "a@example.org"}, UsageError),
        ("good", {"name": "x\udcff", "from_address": "a@example.org"}, UsageError),
        ("good", {"name": "x" * 1001, "from_address": "a@example.org"}, UsageError),
        ("good", {"name": "x", "from_address": "a@example.org", "postal_address": "1\x1b[2J"}, UsageError),
        ("good", {"name": "x", "from_address": "a@example.org", "language": "English"}, UsageError),
        ("good", {"name": "x", "from_address": "a@example.org", "timezone": "London"}, UsageError),
    ],
)
def test_a_newsletter_with_a_wrong_value_is_refused(
    database: Database, slug: str, values: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error), database.transaction() as session:
        founding.found(session, slug, values, actor="ann")


def test_a_short_name_is_taken_once(database: Database) -> None:
    values = {"name": "Pulse", "from_address": "a@example.org"}
    with database.transaction() as session:
        founding.found(session, "pulse", values, actor="ann")
    with pytest.raises(Refused, match="already"), database.transaction() as session:
        founding.found(session, "pulse", values, actor="ann")


def test_changing_a_draft_is_recorded_with_what_stood_before(database: Database) -> None:
    bring_in(database)
    with database.transaction() as session:
        drafting.change(session, "2026-05", {"subject": "Rents are up"}, actor="ann")
    with database.transaction() as session:
        record = session.scalars(select(AuditRecord).where(AuditRecord.action == "edition.changed")).one()
    assert record.before == {"subject": "Harbour Notes, May 2026"}
    assert record.after == {"subject": "Rents are up", "what": "subject set", "revision": 2}


@pytest.mark.parametrize("subject", ["a\u202eb", "a\x00b", "a\x85b", "\udcff", "a\tb", "x" * 1001])
def test_a_subject_that_no_mail_may_carry_is_refused_at_once(database: Database, subject: str) -> None:
    bring_in(database)
    with database.transaction() as session, pytest.raises(UsageError, match="The subject"):
        drafting.change(session, "2026-05", {"subject": subject}, actor="ann")


def test_a_subject_of_two_lines_is_refused(database: Database) -> None:
    bring_in(database)
    with database.transaction() as session, pytest.raises(UsageError, match="one line"):
        drafting.change(session, "2026-05", {"subject": "a\nBcc: b"}, actor="ann")


@pytest.mark.parametrize(
    ("name", "slug"), [("Civic Pulse", "civic-pulse"), ("Böcker & Co.", "b-cker-co"), ("日本", "")]
)
def test_a_short_name_is_made_from_a_long_one(name: str, slug: str) -> None:
    assert founding.slug_for(name) == slug


def test_reading_a_picture_that_a_path_leads_elsewhere_for_gives_nothing(tmp_path: Path) -> None:
    from pulse_mailer.cli.documents import pictures_beside

    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (home / "link.png").symlink_to(tmp_path / "secret.png")
    (home / "mine.png").write_bytes(b"mine")
    read_picture = pictures_beside(home / "edition.md")
    assert read_picture("mine.png") == b"mine"
    for path in ("../secret.png", str(tmp_path / "secret.png"), "link.png", "no.png", "a\0b", "."):
        assert read_picture(path) is None


def test_an_edition_that_began_to_be_sent_meanwhile_is_not_changed(database: Database) -> None:
    bring_in(database)
    with database.transaction() as session:
        seen = reading.edition(session, "2026-05")
        began = update(Edition).values(status=EditionStatus.SENDING)
        session.execute(began, execution_options={"synchronize_session": False})
        assert seen.status is EditionStatus.DRAFT
        with pytest.raises(WrongState, match="is being sent"):
            drafting.change(session, "2026-05", {"subject": "Too late"}, actor="ann")
