"""The newest editions as feeds: Atom (RFC 4287) and JSON Feed 1.1."""

import datetime
import json
import uuid
from typing import Any

from fastapi import APIRouter, Request
from lxml import etree
from markupsafe import Markup
from starlette.responses import Response

from pulse_mailer.editions import archive as editions
from pulse_mailer.editions.archive import FEED_LENGTH, Archive, ArchivedEdition
from pulse_mailer.links import Links
from pulse_mailer.web.copies import headline
from pulse_mailer.web.given import TheMailer
from pulse_mailer.web.keeping import kept
from pulse_mailer.web.pages import day

router = APIRouter()

#: Others' pages may read a feed too. Where it is opened as a page, it may do nothing.
_HEADERS = {
    "Cache-Control": "public, max-age=900",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Access-Control-Allow-Origin": "*",
}
_ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@router.api_route("/editions/{slug}/feed.atom", methods=["GET", "HEAD"])
def atom_feed(slug: str, request: Request, mailer: TheMailer) -> Response:
    archive, contents = _newest(slug, mailer)
    body = atom(archive, contents, mailer.links)
    return kept(request, body, "application/atom+xml; charset=utf-8", _HEADERS, _updated_at(archive))


@router.api_route("/editions/{slug}/feed.json", methods=["GET", "HEAD"])
def json_feed(slug: str, request: Request, mailer: TheMailer) -> Response:
    archive, contents = _newest(slug, mailer)
    body = json.dumps(as_json(archive, contents, mailer.links), ensure_ascii=False, indent=2)
    return kept(request, body, "application/feed+json; charset=utf-8", _HEADERS, _updated_at(archive))


def atom(archive: Archive, contents: dict[int, str], links: Links) -> bytes:
    """The feed's XML; `contents` is the editions' HTML by their ids."""
    slug = archive.newsletter_slug
    namespaces = {None: _ATOM}
    feed = etree.Element(
        f"{{{_ATOM}}}feed",
        {_LANG: archive.language},
        nsmap=namespaces,  # type: ignore[arg-type]  # lxml's way to name the default one; its stubs know none
    )
    _add(feed, "id", _lasting_id(archive))
    _add(feed, "title", archive.newsletter_name)
    _add(feed, "updated", _moment(_updated_at(archive)))
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{links.archive(slug)}/feed.atom")
    _add(feed, "link", rel="alternate", type="text/html", href=links.archive(slug))
    _add(_add(feed, "author"), "name", archive.sender)
    for edition in archive.editions[:FEED_LENGTH]:
        entry = _add(feed, "entry")
        _add(entry, "id", _lasting_id(archive, edition))
        _add(entry, "title", headline(edition))
        _add(entry, "published", _moment(edition.published_at))
        _add(entry, "updated", _moment(edition.updated_at))
        _add(entry, "link", rel="alternate", type="text/html", href=links.web_copy(slug, edition.key))
        if edition.preheader:
            _add(entry, "summary", edition.preheader)
        _add(entry, "content", _content(archive, edition, contents), type="html")
    return etree.tostring(feed, xml_declaration=True, encoding="utf-8")


def as_json(archive: Archive, contents: dict[int, str], links: Links) -> dict[str, Any]:
    """The feed's values; `contents` is the editions' HTML by their ids."""
    slug = archive.newsletter_slug
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": archive.newsletter_name,
        "home_page_url": links.archive(slug),
        "feed_url": f"{links.archive(slug)}/feed.json",
        "language": archive.language,
        "authors": [{"name": archive.sender}],
        "items": [
            {
                "id": _lasting_id(archive, edition),
                "url": links.web_copy(slug, edition.key),
                "title": headline(edition),
                **({"summary": edition.preheader} if edition.preheader else {}),
                "content_html": _content(archive, edition, contents),
                "date_published": _moment(edition.published_at),
                "date_modified": _moment(edition.updated_at),
            }
            for edition in archive.editions[:FEED_LENGTH]
        ],
    }


def _newest(slug: str, mailer: TheMailer) -> tuple[Archive, dict[int, str]]:
    with mailer.database.reading() as database:
        archive = editions.archive(database, slug)
        return archive, editions.contents(database, archive.editions[:FEED_LENGTH])


def _content(archive: Archive, edition: ArchivedEdition, contents: dict[int, str]) -> str:
    notes = [
        Markup("<p><strong>Corrected on {}:</strong> {}</p>\n").format(
            day(one.at, archive.timezone), one.note
        )
        for one in edition.corrections
    ]
    return "".join(notes) + contents.get(edition.id, "")


def _lasting_id(archive: Archive, edition: ArchivedEdition | None = None) -> str:
    """An id that stays when the site moves: of the newsletter's short name and beginning, which never change."""
    named = (
        f"pulse-mailer:{archive.newsletter_slug}:{archive.founded_at.astimezone(datetime.UTC).isoformat()}"
    )
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{named}:{edition.key}" if edition else named).urn


def _updated_at(archive: Archive) -> datetime.datetime:
    newest = archive.editions[:FEED_LENGTH]
    return max((one.updated_at for one in newest), default=archive.founded_at)


def _moment(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    child.text = text
    return child
