import pytest

from pulse_mailer.web.frames import Frames

NAME = "0123456789abcdef" * 4 + ".png"
HTML = f'<img src="https://example.org/news/pictures/{NAME}"><a href="https://example.org/news/pictures-2/">'


@pytest.mark.parametrize("base_url", ["https://example.org/news", "https://moved.example.net/news"])
def test_pictures_come_from_where_the_page_does(base_url: str) -> None:
    shown = Frames(base_url, has_pictures=True).with_own_pictures(HTML)
    assert shown == HTML.replace('"https://example.org/news/pictures/', '"/news/pictures/')


def test_other_addresses_stay_as_they_are() -> None:
    html = f'<a href="https://example.org/pictures/a.png">https://example.org/pictures/{NAME}</a>'
    assert Frames("https://example.org", has_pictures=True).with_own_pictures(html) == html


def test_a_mail_full_of_addresses_is_read_in_no_time() -> None:
    html = '"' + "http://x" * 200_000
    assert Frames("https://example.org", has_pictures=True).with_own_pictures(html) == html


def test_an_app_without_pictures_leaves_them_where_they_are() -> None:
    assert Frames("https://example.org/news", has_pictures=False).with_own_pictures(HTML) == HTML


@pytest.mark.parametrize("has_pictures", [True, False])
def test_a_frame_may_do_nothing_but_show(has_pictures: bool) -> None:
    answer = Frames("http://127.0.0.1:8025", has_pictures).html("<p>Hello</p>")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src 'self' data: http://127.0.0.1:8025;")
    assert policy.endswith("frame-ancestors 'self'; sandbox")


def test_a_mailbox_that_knows_no_address_still_has_a_policy() -> None:
    policy = Frames("", has_pictures=False).text("Hello").headers["Content-Security-Policy"]
    assert "img-src 'self' data:;" in policy
