"""
The web that docs/tutorial.md visits: four sites and a feed, written for it, on one server of this machine by https.

A page is made from one line of a table, by the fashion of its site: Open Graph, JSON-LD, or no more than a title and
a description, as on the real web.
"""

import datetime
import html
import json
from collections.abc import Mapping
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

from pulse_mailer.clock import now
from tests.unit.pictures_given import png

LANTERN, HOMES = "www.lantern-foundation.example", "www.office-for-homes.example"
OBSERVATORY, TENANTS = "www.care-observatory.example", "www.tenants-forum.example"
HOSTS = (LANTERN, HOMES, OBSERVATORY, TENANTS)


class Told(NamedTuple):
    """
    What a page says of itself.

    Attributes:
        picture: what its picture shows; empty for a picture that nobody described, None where there is none.
    """

    title: str
    summary: str
    picture: str | None = None


PAGES: Mapping[str, Mapping[str, Told]] = {
    OBSERVATORY: {
        "/home-care-hours": Told(
            "Home care hours by county",
            "How many hours of home care each county paid for last year, and how many were asked for.",
            "Bars of hours paid for beside hours asked for, in eight counties",
        ),
        "/night-visits": Told(
            "Who comes at night?", "Night visits are the first to be cut. Three towns kept them."
        ),
        "/care-workers": Told("Why care workers stay", "Pay matters; a rota known weeks ahead matters more."),
        "/rotas": Told("Rotas that hold", "A small team planned four weeks ahead, and says how."),
        "/day-centres": Told("What became of the day centres", "Of 140 that closed, 31 are open again."),
    },
    LANTERN: {
        "/unpaid-carers": Told(
            "A week in the life of unpaid carers",
            "Two hundred diaries show where the hours go, and which help was worth having.",
        ),
        "/waiting": Told("Waiting at home", "Who waits for an assessment gets worse meanwhile: a count."),
        "/young-carers": Told(
            "Young carers and their schools", "What a good school does, in eleven examples."
        ),
        "/meals": Told("More than a meal", "Meals on wheels bring company, and what that saves elsewhere."),
    },
    HOMES: {
        "/statistics/waiting-lists": Told("Waiting lists for homes, 2026", "Numbers for each council.", ""),
        "/statistics/empty-homes": Told("Empty homes, 2026", "Homes that stood empty for over six months."),
        "/statistics/starts": Told(
            "Homes begun and finished", "Fewer were begun, and more finished, than in 2025."
        ),
        "/guidance/damp": Told(
            "Damp and mould: what landlords must do", "The duties, and the days for each."
        ),
        "/guidance/adaptations": Told(
            "Grants for adapted homes", "Who can apply, for what, and how long it takes."
        ),
        "/statistics/rents": Told(
            "Rents and wages", "Where a carer's wage still pays the rent, town by town."
        ),
        "/guidance/moving": Told(
            "Moving home after seventy", "Why people stay in homes too large, and what helps."
        ),
        "/guidance/arrears": Told("Rent arrears and what ends them", "Early advice works; red ink does not."),
        "/statistics/evictions": Told(
            "Evictions by county", "Orders made and orders carried out, by quarter."
        ),
        "/home-finder": Told("Home finder", "An online search for homes that are adapted already."),
        "/guidance/repairs-2026": Told("The repairs charter", "What tenants can expect, in plain words."),
    },
    TENANTS: {
        "/news/handbook": Told(
            "A handbook for tenants' meetings", "How to chair, how to minute, how to be heard."
        ),
        "/news/heating": Told(
            "Heating bills: a calculator", "Put in your flat, see what insulation would save."
        ),
        "/news/letters": Told("Ten letters to a landlord", "Templates that were read by a lawyer."),
        "/news/damp-diary": Told(
            "A diary for damp", "A form to note what was seen and when, for the council."
        ),
        "/news/languages": Told("Tenancy words in nine languages", "A glossary, free to print."),
        "/news/first-flat": Told("Checklist for a first flat", "What to look at before you sign."),
        "/tools/rent-check": Told("Rent check", "Compares a rent with those nearby."),
        "/tools/advice-map": Told("Map of advice centres", "Where to get help, with hours and languages."),
        "/tools/meeting-kit": Told("Meeting kit", "Posters and sign-up sheets."),
        "/tools/repairs-log": Told("Repairs log", "Keep track of what was promised."),
    },
}

MOVED = {(HOMES, "/guidance/repairs"): "/guidance/repairs-2026"}
NAMES = {LANTERN: "Lantern Foundation", HOMES: "Office for Homes", OBSERVATORY: "Care Observatory"}


def page(host: str, path: str) -> str | None:
    """A page in the fashion of its site, or None where there is none."""
    told = PAGES.get(host, {}).get(path)
    if told is None:
        return None
    title, summary = html.escape(told.title), html.escape(told.summary)
    if host in (OBSERVATORY, HOMES):
        head = _open_graph(host, told, title, summary)
    elif host == LANTERN:
        head = f"<title>{title}</title>{_linked_data(host, told)}"
    else:
        head = f'<title>{title} | Tenants&#39; Forum</title><meta name="description" content="{summary}">'
    body = f"<h1>{title}</h1><p>{summary}</p>"
    return f'<!doctype html><html lang="en-GB"><head>{head}</head><body>{body}</body></html>'


def _open_graph(host: str, told: Told, title: str, summary: str) -> str:
    said = {"title": title, "description": summary, "site_name": NAMES[host]}
    if told.picture is not None:
        said |= {"image": f"https://{host}/picture.png", "image:alt": html.escape(told.picture)}
    return "".join(f'<meta property="og:{name}" content="{value}">' for name, value in said.items())


def _linked_data(host: str, told: Told) -> str:
    said: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Report",
        "headline": told.title,
        "description": told.summary,
        "publisher": {"@type": "Organization", "name": NAMES[host]},
    }
    if told.picture is not None:
        said["image"] = f"https://{host}/picture.png"
    return f'<script type="application/ld+json">{json.dumps(said)}</script>'


def feed() -> str:
    """The Tenants' Forum's news, the newest of yesterday; the last is older than a feed's entries may be."""
    entries = [(path, told) for path, told in PAGES[TENANTS].items() if path.startswith("/news/")]
    days = [*range(1, len(entries) + 1), 400]
    entries.append(("/news/long-ago", Told("A meeting long ago", "It was pleasant.")))
    items = "".join(
        f"<item><title>{html.escape(told.title)}</title><link>https://{TENANTS}{path}</link>"
        f"<description>{html.escape(told.summary)}</description>"
        f"<pubDate>{format_datetime(now() - datetime.timedelta(days=age))}</pubDate></item>"
        for (path, told), age in zip(entries, days, strict=True)
    )
    return f"""<?xml version="1.0"?><rss version="2.0"><channel><title>Tenants' Forum</title>
<link>https://{TENANTS}/</link><description>News</description>{items}</channel></rss>"""


class Site(BaseHTTPRequestHandler):
    """Answers for all of the hosts, by the name that it is asked under."""

    def do_GET(self) -> None:
        host, path = self.headers["Host"], self.path
        if moved := MOVED.get((host, path)):
            self._say(301, "text/plain", b"", Location=f"https://{host}{moved}")
        elif path == "/picture.png":
            self._say(200, "image/png", png(640, 360))
        elif (host, path) == (TENANTS, "/feed.xml"):
            self._say(200, "application/rss+xml", feed().encode())
        elif found := page(host, path):
            self._say(200, "text/html; charset=utf-8", found.encode())
        else:
            self._say(404, "text/plain", b"There is no such page.")

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def _say(self, status: int, media_type: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: who came is told by what the commands print."""
