"""
What the bench of the pages asks for: each page that signed-in staff can open, most of them in several ways.

`tests/database/test_bench.py` holds this list against the app's routes, so that a new page is asked for too, or
stands in NOT_ASKED with its reason. Of what programs ask for by the API the bench itself names what is not asked for.
"""

import random
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import text

from benchmarks import grounds, history
from pulse_mailer.database import Database

Make = Callable[[random.Random], str]

_STAFF = "/staff/editions/pulse"
_API = "/api/v1"

#: Pages that are not measured, by how they begin, and why.
NOT_ASKED = {
    "/u/": "a reader's, not staff's: `make bench-scaling` measures leaving",
    "/p/": "a reader's, not staff's",
    "/sign-in": "for who is signed out",
    "/pictures/": "a file as it is kept",
    "/assets/": "a file as it is kept",
    "/favicon.ico": "a file as it is kept",
    "/robots.txt": "a few words that never change",
    "/mailbox/": "the built-in mail catcher's, which is for trying the program",
    "/subscribers/import/": "of a file that waits to be confirmed: as long as the file",
    "/api-reference/{name}": "a file as it is kept",
    "/staff/editions/{slug}/{key}/check/spam": "as long as the spam filter takes, which no page waits for",
    "/api/v1/inbox/": "one candidate, by its number",
    "/api/v1/editions/{slug}/{key}/diff": "of two revisions; the editions here have one each",
    "/api/v1/openapi.json": "made once",
}


class World:
    """
    What there is to ask about.

    Attributes:
        spans: the first and the last delivery of each edition that was sent, by its key.
    """

    def __init__(self, spans: dict[str, tuple[int, int]], subscribers: int) -> None:
        self.spans = spans
        self.keys = sorted(spans)
        self.subscribers = subscribers

    @classmethod
    def of(cls, database: Database) -> "World":
        with database.reading() as session:
            rows = session.execute(
                text(
                    "SELECT key, first_delivery_id, last_delivery_id FROM editions WHERE frozen_at IS NOT NULL"
                )
            ).all()
            subscribers = session.scalar(text("SELECT count(*) FROM subscribers")) or 0
        return cls({key: (first, last) for key, first, last in rows}, subscribers)

    def key(self, chance: random.Random) -> str:
        """Of one that is over."""
        return chance.choice([key for key in self.keys if key != grounds.EDITION])

    def edition(self, chance: random.Random) -> str:
        return f"pulse/{chance.choice(self.keys)}"

    def delivery(self, chance: random.Random) -> int:
        return chance.randint(*self.spans[chance.choice(self.keys)])

    def person(self, chance: random.Random) -> int:
        return chance.randint(1, self.subscribers)

    def address(self, chance: random.Random) -> str:
        return history.address(self.person(chance))

    def pages(self) -> dict[str, Make]:
        """By name, what gives another address of the page each time."""
        return {
            **self._editions(),
            **self._operating(),
            **self._deliveries(),
            **self._people(),
            **self._administration(),
            **self._programs(),
        }

    def files(self) -> dict[str, Make]:
        """Long ones, of which the first bytes are waited for, and the rest is counted."""
        return {
            "deliveries of an edition": lambda c: f"/deliveries.csv?edition={self.edition(c)}",
            "deliveries, by API": lambda c: f"{_API}/deliveries/export?edition={self.edition(c)}",
            "failed of all": lambda _c: "/deliveries.csv?state=failed",
            "subscribers": lambda _c: "/subscribers/export?newsletter=pulse",
            "subscribers, by API": lambda _c: f"{_API}/newsletters/pulse/subscribers/export",
        }

    def forgotten(self, app: FastAPI) -> list[str]:
        """What can be opened in an app, and is neither asked for nor excused."""
        chance = random.Random(1)
        asked = {make(chance).partition("?")[0] for make in (*self.pages().values(), *self.files().values())}
        return sorted(
            {
                str(route.path)
                for route in iter_route_contexts(app.routes)
                if "GET" in (route.methods or ())
                and not any(route.path_regex.match(path) for path in asked)
                and not str(route.path).startswith(tuple(NOT_ASKED))
            }
        )

    def _editions(self) -> dict[str, Make]:
        key, draft, approved = self.key, f"{_STAFF}/{history.DRAFT}", f"{_STAFF}/{history.APPROVED}"
        half = f"{_STAFF}/{grounds.EDITION}"
        return {
            "editions": lambda _c: "/",
            "an edition": lambda c: f"{_STAFF}/{key(c)}",
            "an edition, half sent": lambda _c: half,
            "a draft": lambda _c: draft,
            "its preview": lambda _c: f"{draft}/preview",
            "its preview for a reader": lambda c: f"{draft}/preview?reader={self.address(c)}",
            "composer": lambda _c: f"{draft}/compose",
            "composer's contents": lambda _c: f"{draft}/compose/contents",
            "composer's meter": lambda _c: f"{draft}/compose/meter",
            "history": lambda _c: f"{draft}/history",
            "check": lambda _c: f"{draft}/check",
            "check, approved": lambda _c: f"{approved}/check",
            "links being visited": lambda _c: f"{draft}/check/links",
            "proof": lambda _c: f"{draft}/proof",
            "approve": lambda _c: f"{draft}/approve",
            "send": lambda _c: f"{draft}/send",
            "send, approved": lambda _c: f"{approved}/send",
            "making everybody's mail": lambda _c: f"{draft}/rehearsal",
            "who is left out": lambda _c: f"{draft}/left-out",
            "progress": lambda _c: f"{half}/progress",
            "progress, live": lambda _c: f"{half}/progress/live?was=paused",
            "result": lambda c: f"{_STAFF}/{key(c)}/result",
            "preview of one sent": lambda c: f"{_STAFF}/{key(c)}/preview",
            "report": lambda c: f"{_STAFF}/{key(c)}/report",
            "report, half sent": lambda _c: f"{half}/report",
            "retry": lambda c: f"{_STAFF}/{key(c)}/retry?domain={history.BIG[0]}",
        }

    def _operating(self) -> dict[str, Make]:
        return {
            "uncertain": lambda _c: "/uncertain",
            "uncertain of an edition": lambda c: f"/uncertain?edition={self.edition(c)}",
            "suppressions": lambda _c: "/suppressions",
            "suppressions, deep": lambda c: (
                f"/suppressions?after={self.subscribers // 50 + c.randint(1, 99)}"
            ),
            "is it suppressed": lambda c: f"/suppressions?q={self.address(c)}",
            "lift a suppression": lambda c: f"/suppressions/remove?address={self.address(c)}",
            "workers": lambda _c: "/workers",
            "health": lambda _c: "/health",
            "settings": lambda _c: "/settings",
            "mailbox": lambda _c: "/mailbox",
            "archive": lambda _c: "/editions/pulse",
            "archive, searched": lambda c: f"/editions/pulse/search?q=carers+part+{c.randint(1, 30)}",
            "feed": lambda _c: "/editions/pulse/feed.atom",
            "feed as JSON": lambda _c: "/editions/pulse/feed.json",
            "web copy": lambda c: f"/editions/{self.edition(c)}",
            "web copy as text": lambda _c: f"/editions/pulse/{grounds.EDITION}.txt",
            "lives": lambda _c: "/healthz/live",
            "ready": lambda _c: "/healthz/ready",
        }

    def _deliveries(self) -> dict[str, Make]:
        edition, delivery, address = self.edition, self.delivery, self.address
        of = "/deliveries?edition="
        return {
            "deliveries": lambda _c: "/deliveries",
            "find a reader": lambda c: f"/deliveries?q={address(c)}",
            "find a reader in one edition": lambda c: f"/deliveries?q={address(c)}+{edition(c)}",
            "find a Message-ID": lambda c: (
                f"/deliveries?q=%3Ce{c.randint(2, 9)}.{c.randint(1, 900)}@example.org%3E"
            ),
            "find an edition": lambda c: f"/deliveries?q={edition(c)}",
            "find a server's words": lambda c: f"{of}{edition(c)}&q=mailbox+full",
            "find frequent words": lambda c: f"{of}{edition(c)}&q=queued",
            "find words that nobody said": lambda c: f"{of}{edition(c)}&q=zebra+{c.randint(1, 99)}",
            "find words, latest edition": lambda c: f"/deliveries?q=queued+as+4{c.randint(1, 999)}",
            "find words, failed": lambda c: f"{of}{edition(c)}&state=failed&q=such+user",
            "deliveries, deep": lambda c: f"/deliveries?after={delivery(c)}",
            "of an edition": lambda c: f"{of}{edition(c)}",
            "of the one half sent": lambda _c: f"{of}pulse/{grounds.EDITION}",
            "failed": lambda _c: "/deliveries?state=failed",
            "failed, deep": lambda c: f"/deliveries?state=failed&after={delivery(c)}",
            "failed of an edition": lambda c: f"{of}{edition(c)}&state=failed",
            "uncertain of all": lambda _c: "/deliveries?state=uncertain",
            "waiting": lambda _c: "/deliveries?state=queued",
            "being handed over": lambda _c: "/deliveries?state=sending",
            "a big domain": lambda c: f"{of}{edition(c)}&domain={c.choice(history.BIG)}",
            "a small domain": lambda c: f"{of}{edition(c)}&domain=council-{c.randint(1, 1999)}.example.org",
            "a domain's failed": lambda c: f"{of}{edition(c)}&domain={history.BIG[0]}&state=failed",
            "a reply code": lambda c: f"{of}{edition(c)}&code=550+5.1.1",
            "a frequent reply code": lambda c: f"{of}{edition(c)}&code=250",
            "a reply code nobody gave": lambda c: f"{of}{edition(c)}&code=571",
            "a good code nobody gave": lambda c: f"{of}{edition(c)}&code=251",
            "a delivery": lambda c: f"/deliveries/{delivery(c)}",
            "its mail": lambda c: f"/deliveries/{delivery(c)}/mail",
            "its mail as a file": lambda c: f"/deliveries/{delivery(c)}/mail.eml",
            "suppress its reader": lambda c: f"/deliveries/{delivery(c)}/suppress",
        }

    def _people(self) -> dict[str, Make]:
        person = self.person
        return {
            "subscribers": lambda _c: "/subscribers",
            "subscribers, deep": lambda c: f"/subscribers?after={person(c)}",
            "who left": lambda _c: "/subscribers?state=unsubscribed",
            "find an address": lambda c: f"/subscribers?q={self.address(c)}",
            "find what begins so": lambda c: f"/subscribers?q=reader-{c.randint(1, 99)}",
            "find a surname": lambda c: f"/subscribers?q=last{c.randint(0, 1999)}",
            "find a frequent first name": lambda c: f"/subscribers?q=first{c.randint(1, 2)}",
            "find nobody": lambda c: f"/subscribers?q=zebra{c.randint(1, 99)}",
            "a subscriber": lambda c: f"/subscribers/{person(c)}",
            "a subscriber's data": lambda c: f"/subscribers/{person(c)}/data",
            "erase a subscriber": lambda c: f"/subscribers/{person(c)}/erase",
            "add a subscriber": lambda _c: "/subscribers/new",
            "import": lambda _c: "/subscribers/import",
        }

    def _administration(self) -> dict[str, Make]:
        return {
            "newsletters": lambda _c: "/newsletters",
            "a newsletter": lambda _c: "/newsletters/pulse",
            "its programme": lambda _c: "/newsletters/pulse/programme",
            "its look": lambda _c: "/newsletters/pulse/look",
            "its look, tried on": lambda _c: "/newsletters/pulse/look/preview",
            "team": lambda _c: "/team",
            "one of the team": lambda _c: "/team/1",
            "audit": lambda _c: "/audit",
            "audit, deep": lambda c: f"/audit?before={self.subscribers // 8 + c.randint(1, 99)}",
            "audit of a person": lambda _c: "/audit?actor=ann",
            "audit, searched in vain": lambda c: f"/audit?text=zebra+{c.randint(1, 99)}",
            "API's reference": lambda _c: "/api-reference",
            "API's document": lambda _c: "/api-reference/openapi.json",
            "account": lambda _c: "/account",
            "second factor": lambda _c: "/account/second-factor",
        }

    def _programs(self) -> dict[str, Make]:
        one = f"{_API}/editions/pulse"
        draft, key = f"{one}/{history.DRAFT}", self.key
        made: dict[str, Make] = {
            "newsletters": lambda _c: f"{_API}/newsletters",
            "designs": lambda _c: f"{_API}/designs",
            "programme": lambda _c: f"{_API}/newsletters/pulse/programme",
            "theme": lambda _c: f"{_API}/newsletters/pulse/theme",
            "staff": lambda _c: f"{_API}/staff",
            "keys": lambda _c: f"{_API}/api-keys",
            "backends": lambda _c: f"{_API}/backends",
            "a newsletter": lambda _c: f"{_API}/newsletters/pulse",
            "inbox": lambda _c: f"{_API}/newsletters/pulse/inbox",
            "feeds": lambda _c: f"{_API}/newsletters/pulse/feeds",
            "editions": lambda _c: f"{_API}/editions",
            "an edition": lambda c: f"{one}/{key(c)}",
            "history": lambda _c: f"{draft}/history",
            "mail": lambda _c: f"{draft}/mail",
            "check": lambda _c: f"{draft}/check",
            "size": lambda _c: f"{draft}/size",
            "links": lambda _c: f"{draft}/links",
            "review": lambda _c: f"{draft}/review",
            "variants": lambda _c: f"{draft}/variants",
            "corrections": lambda c: f"{one}/{key(c)}/corrections",
            "approval": lambda _c: f"{draft}/approval",
            "proofs": lambda _c: f"{draft}/proofs",
            "report": lambda c: f"{one}/{key(c)}/report",
            "report, half sent": lambda _c: f"{one}/{grounds.EDITION}/report",
            "find a reader": lambda c: f"{_API}/deliveries/find?address={self.address(c)}",
            "deliveries": lambda c: f"{_API}/deliveries?before={self.delivery(c)}",
            "failed of an edition": lambda c: f"{_API}/deliveries?edition={self.edition(c)}&state=failed",
            "a thousand deliveries": lambda c: f"{_API}/deliveries?edition={self.edition(c)}&limit=1000",
            "uncertain": lambda _c: f"{_API}/deliveries/uncertain",
            "a delivery": lambda c: f"{_API}/deliveries/{self.delivery(c)}",
            "its message": lambda c: f"{_API}/deliveries/{self.delivery(c)}/message",
            "subscribers": lambda c: f"{_API}/newsletters/pulse/subscribers?before={self.person(c)}",
            "find subscribers": lambda c: f"{_API}/subscribers?text=last{c.randint(0, 1999)}",
            "who left": lambda _c: f"{_API}/newsletters/pulse/subscribers?status=unsubscribed",
            "a subscriber": lambda c: f"{_API}/subscribers/{self.address(c)}",
            "a subscriber's data": lambda c: f"{_API}/subscribers/{self.address(c)}/data",
            "suppressions": lambda _c: f"{_API}/suppressions",
            "audit": lambda _c: f"{_API}/audit",
            "workers": lambda _c: f"{_API}/workers",
            "health": lambda _c: f"{_API}/health",
        }
        return {f"{name}, by API": make for name, make in made.items()}
