"""A mail as a document of its own, to be shown in a frame that may do nothing."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, PlainTextResponse, Response

_POLICY = (
    "default-src 'none'; img-src 'self' https: data:{more}; style-src 'unsafe-inline'; font-src 'none'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"
)


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
        return html.replace(f'"{self.base_url}/pictures/', f'"{urlsplit(self.base_url).path}/pictures/')

    def _policy(self) -> str:
        parts = urlsplit(self.base_url)
        return _POLICY.format(more=f" {parts.scheme}://{parts.netloc}" if parts.netloc else "")
