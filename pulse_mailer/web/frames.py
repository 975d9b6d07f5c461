"""A mail as a document of its own, to be shown in a frame that may do nothing."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, PlainTextResponse, Response

# Nothing from elsewhere: a caught mail may be a stranger's, whose pictures would tell them that it was opened.
_POLICY = (
    "default-src 'none'; img-src 'self' data:{more}; style-src 'unsafe-inline'; font-src 'none'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"
)
#: A mail of our own, made of cleaned text: it runs nothing either, but its page may see how far it was scrolled.
_OWN = "sandbox allow-same-origin"
_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
_SOURCE = re.compile(r"(<img\b[^>]*?)\ssrc=\"[^\"]*\"")
#: An address of ours up to the picture's name, whatever the program was reached by when the mail was made.
_BEFORE_PICTURE = re.compile(r'(?<=")https?://[^"\s<>]{1,300}(?=/pictures/[0-9a-f]{64}\.[a-z]{3,4}")')


@dataclass(frozen=True, slots=True)
class Frames:
    """
    Attributes:
        base_url: where our own links say that pictures are; may be empty.
        has_pictures: whether this app serves them too.
    """

    base_url: str
    has_pictures: bool

    def html(self, html: str) -> Response:
        """
        A mail's HTML for a frame. It is loaded by address and never by `srcdoc`, which would put it under the page's
        own policy and take its inline styles away.
        """
        return HTMLResponse(self.with_own_pictures(html), headers={"Content-Security-Policy": self._policy()})

    def own(self, html: str, *, is_dark: bool | None = None, without_pictures: bool = False) -> Response:
        """
        A mail as we compose it, for the page on which it is written.

        Args:
            is_dark: as programs show it that are set to dark, or to light; None: as this browser is set.
            without_pictures: as programs show it that load none.
        """
        html = self.with_own_pictures(html)
        if is_dark is not None:
            html = _DARK.sub("(min-width:0)" if is_dark else "(max-width:0)", html)
        if without_pictures:
            html = _SOURCE.sub(r"\1", html)
        policy = self._policy().removesuffix("sandbox") + _OWN
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    def text(self, text: str, *, status: int = 200) -> Response:
        return PlainTextResponse(
            text, status_code=status, headers={"Content-Security-Policy": self._policy()}
        )

    def with_own_pictures(self, html: str) -> str:
        """Pictures come from where the page does, whatever name and port that was reached by."""
        if not self.has_pictures:
            return html
        return _BEFORE_PICTURE.sub(urlsplit(self.base_url).path, html)

    def _policy(self) -> str:
        parts = urlsplit(self.base_url)
        return _POLICY.format(more=f" {parts.scheme}://{parts.netloc}" if parts.netloc else "")
