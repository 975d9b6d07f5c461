"""A browser in words, by what it says of itself."""

import pytest

from pulse_mailer.web.browsers import called

_MOZILLA = "Mozilla/5.0"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            f"{_MOZILLA} (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Windows",
        ),
        (
            f"{_MOZILLA} (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            f"{_MOZILLA} (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/156.0.0.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            f"{_MOZILLA} (Linux; Android 10; K) {_WEBKIT} Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            f"{_MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) {_WEBKIT} Safari/604.1",
            "Safari on an iPhone",
        ),
        (f"{_MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Safari/605.1.15", "Safari on a Mac"),
        ("curl/8.0", "curl/8.0"),
        ("", "A browser that does not say what it is"),
    ],
)
def test_a_browser_is_called_as_people_do(user_agent: str, words: str) -> None:
    assert called(user_agent) == words
