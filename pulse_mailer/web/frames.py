"""A mail as a document of its own, to be shown in a frame that may do nothing."""

from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, PlainTextResponse, Response

_POLICY = (
    "default-src 'none'; img-src 'self' https: data:{more}; style-src 'unsafe-inline'; font-src 'none'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"
)


def framed(html: str, base_url: str) -> Response:
    """
    Give a mail's HTML for a frame. It is loaded by address and never by `srcdoc`, which would put it under the
    page's own policy and take its inline styles away.

    Args:
        base_url: where our own links say that pictures are; they may come from there too, as they do for readers.
    """
    parts = urlsplit(base_url)
    policy = _POLICY.format(more=f" {parts.scheme}://{parts.netloc}" if parts.netloc else "")
    return HTMLResponse(html, headers={"Content-Security-Policy": policy})


def framed_text(text: str) -> Response:
    return PlainTextResponse(text, headers={"Content-Security-Policy": _POLICY.format(more="")})
