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

    def text(self, text: str) -> Response:
        return PlainTextResponse(text, headers={"Content-Security-Policy": self._policy()})

    def with_own_pictures(self, html: str) -> str:
        """Pictures come from where the page does, whatever name and port that was reached by."""
        if not self.has_pictures:
            return html
        return _BEFORE_PICTURE.sub(urlsplit(self.base_url).path, html)

    def _policy(self) -> str:
        parts = urlsplit(self.base_url)
        return _POLICY.format(more=f" {parts.scheme}://{parts.netloc}" if parts.netloc else "")
