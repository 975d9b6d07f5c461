import pytest

from pulse_mailer.web.frames import Frames

HTML = '<img src="https://example.org/news/pictures/a.png"><a href="https://example.org/news/pictures-2/">'


def test_pictures_come_from_where_the_page_does() -> None:
    shown = Frames("https://example.org/news", has_pictures=True).with_own_pictures(HTML)
    assert shown == HTML.replace('"https://example.org/news/pictures/', '"/news/pictures/')


def test_an_app_without_pictures_leaves_them_where_they_are() -> None:
    assert Frames("https://example.org/news", has_pictures=False).with_own_pictures(HTML) == HTML


@pytest.mark.parametrize("has_pictures", [True, False])
def test_a_frame_may_do_nothing_but_show(has_pictures: bool) -> None:
    answer = Frames("http://127.0.0.1:8025", has_pictures).html("<p>Hello</p>")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src 'self' https: data: http://127.0.0.1:8025;")
    assert policy.endswith("frame-ancestors 'self'; sandbox")


def test_a_mailbox_that_knows_no_address_still_has_a_policy() -> None:
    policy = Frames("", has_pictures=False).text("Hello").headers["Content-Security-Policy"]
    assert "img-src 'self' https: data:;" in policy
