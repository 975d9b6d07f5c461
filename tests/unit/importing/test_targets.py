import pytest

from pulse_mailer.importing.draft import Doubt
from pulse_mailer.importing.targets import PLACEHOLDER, Target, judge

WRAPPER = "https://eur01.safelinks.protection.outlook.com/?url="


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://example.org/a?b=1#c", "https://example.org/a?b=1#c"),
        ("HTTPS://example.org/Report", "https://example.org/Report"),
        ("www.example.org/x", "https://www.example.org/x"),
        ("example.org", "https://example.org"),
        ("//example.org/x", "https://example.org/x"),
        ("someone@example.org", "mailto:someone@example.org"),
        ("mailto:someone@example.org", "mailto:someone@example.org"),
        ("tel:+441632960417", "tel:+441632960417"),
        ("https://example.org/a b (c)", "https://example.org/ab%28c%29"),
        ("https://example.org/a&amp;b", "https://example.org/a&b"),
        # trackers go, everything else stays as it was
        ("https://example.org/a?utm_source=x&id=7&utm_medium=y#top", "https://example.org/a?id=7#top"),
        ("https://example.org/a?utm_source=x", "https://example.org/a"),
        # Outlook's wrapper, once and twice around
        (
            f"{WRAPPER}https%3A%2F%2Fexample.org%2Fa%3Fid%3D7%26utm_source%3Dx&data=05",
            "https://example.org/a?id=7",
        ),
        (
            f"{WRAPPER}{WRAPPER.replace(':', '%3A').replace('?', '%3F')}https%253A%252F%252Fexample.org",
            "https://example.org",
        ),
        # other filters' wrappers, and a host that somebody shouted
        ("https://www.google.com/url?q=https%3A%2F%2Fexample.org%2Fa&usg=x", "https://example.org/a"),
        ("https://urldefense.com/v3/__https://example.org/a?gclid=x__;!!y!z$", "https://example.org/a"),
        ("https://EXAMPLE.org:443/A#", "https://example.org/A"),
    ],
)
def test_good_links_are_kept_and_cleaned(href: str, url: str) -> None:
    assert judge(href) == Target(url)


@pytest.mark.parametrize(
    "href", ["", "#", "#section", "  ", "http://", "https://#", "about:blank", "mailto:"]
)
def test_links_that_lead_nowhere_are_placeholders(href: str) -> None:
    assert judge(href) == Target(PLACEHOLDER, Doubt.PLACEHOLDER_LINK)


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " \x01javascript:alert(1)",
        "java\tscript:alert(1)",
        "javascript&colon;alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "vbscript:x",
        "ftp://example.org/x",
        "../report.docx",
        "https://[broken",
        f"{WRAPPER}javascript%3Aalert(1)",
    ],
)
def test_links_that_mail_cannot_carry_are_refused(href: str) -> None:
    assert judge(href) == Target("", Doubt.BAD_LINK)
