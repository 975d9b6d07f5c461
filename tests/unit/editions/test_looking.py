"""Pages looked at for the inbox, on real servers; nothing is stored."""

import pytest

from pulse_mailer.editions import looking
from pulse_mailer.errors import PageUnreadable, UsageError
from pulse_mailer.pictures import prepare
from tests.unit.pictures_given import png
from tests.unit.strangers import HOST, fetcher, html, page, pages, stranger


def test_page_is_looked_at_with_its_picture() -> None:
    about = (
        '<meta name="description" content="Three years * in four councils.">'
        '<meta property="og:image" content="/a.png">'
        '<meta property="og:image:alt" content="A front door">'
    )
    with stranger(pages({"/report": html("Homes first", about), "/a.png": page(png(20, 10))})) as server:
        found = looking.look(f"http://{HOST}:{server.port}/report?utm_source=x", fetcher())
    made = looking.proposal(found, {"publisher": "Institute", "section": "Care"})
    assert (made.title, made.publisher, made.section) == ("Homes first", "Institute", "Care")
    assert made.url == f"http://{HOST}:{server.port}/report"
    assert made.summary == r"Three years \* in four councils."
    assert made.picture == prepare(png(20, 10))
    assert made.picture_alt == "A front door"


def test_picture_that_cannot_be_had_is_left_out_and_said() -> None:
    about = '<meta property="og:image" content="/gone.png">'
    with stranger(pages({"/": html("Homes first", about)})) as server:
        found = looking.look(f"http://{HOST}:{server.port}/", fetcher())
    assert found.picture is None
    assert found.notes == ("Its picture was left out: its server answers 404.",)


@pytest.mark.parametrize("path", ["/gone", "/untitled"])
def test_page_that_cannot_be_read_needs_a_title_and_is_kept_with_its_trouble(path: str) -> None:
    with stranger(pages({"/untitled": html("")})) as server:
        found = looking.look(f"http://{HOST}:{server.port}{path}", fetcher())
    with pytest.raises(PageUnreadable, match="there is no title"):
        looking.proposal(found, {})
    made = looking.proposal(found, {"title": "Found by hand"})
    assert (made.title, bool(made.trouble)) == ("Found by hand", True)


def test_page_that_is_not_public_is_never_asked_for() -> None:
    with stranger(pages({"/": html("Inside")})) as server:
        found = looking.look(f"http://127.0.0.1:{server.port}/", fetcher())
        assert server.asked == []
    assert "no public address" in found.facts.trouble


def test_large_file_is_called_by_its_name() -> None:
    with stranger(pages({"/Homes-first.pdf": page(b"%PDF" + b"x" * 20_000)})) as server:
        found = looking.look(f"http://{HOST}:{server.port}/Homes-first.pdf", fetcher())
    assert looking.proposal(found, {}).title == "Homes first"


def test_what_a_person_says_is_checked() -> None:
    with pytest.raises(UsageError, match="title must be one line"):
        looking.spoken({"title": "two\nlines"})
    assert looking.spoken({"title": "", "publisher": " Institute "}) == {"publisher": "Institute"}
