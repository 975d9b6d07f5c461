"""Editions to compose: one as long as a real one, in our own words, and one of a single item."""

import datetime
import hashlib
import io
import tomllib
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeSection
from pulse_mailer.domain.picture import Picture
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links

KEYS = Keys(links={"1": b"one" * 11, "2": b"two" * 11}, address=b"address" * 5)
LINKS = Links(base_url="https://news.example.org", keys=KEYS)
WHEN = datetime.datetime(2025, 5, 1, 8, 30, tzinfo=datetime.UTC)

_TEXT = tomllib.loads((Path(__file__).parent / "harbour-review.toml").read_text(encoding="utf-8"))


def newsletter() -> Newsletter:
    return Newsletter(
        slug="harbour-review",
        name="Harbour Review",
        from_name="Harbour Research",
        from_address="review@harbour.example.org",
        reply_to="editor@harbour.example.org",
        postal_address="Harbour Research Ltd, 4 Quay Street, Portwick PW1 2AB",
        contact_lines=[
            {"label": "Telephone", "text": "01632 960 123", "url": "tel:+441632960123"},
            {
                "label": "Email",
                "text": "hello@harbour.example.org",
                "url": "mailto:hello@harbour.example.org",
            },
            {"label": "Website", "text": "harbour.example.org", "url": "https://harbour.example.org"},
        ],
        reason="You get it because you asked for our monthly reading list.",
        language="en-GB",
        timezone="Europe/London",
        design="digest",
        theme={},
        created_at=WHEN,
    )


def picture(title: str, width: int, height: int) -> Picture:
    data = drawing(title, width, height)
    return Picture(
        content_hash=hashlib.sha256(data).hexdigest(),
        media_type="image/png",
        width=width,
        height=height,
        data=data,
        created_at=WHEN,
    )


def drawing(title: str, width: int, height: int) -> bytes:
    """A calm picture of shapes, the same for the same title."""
    seed = hashlib.sha256(title.encode()).digest()
    ground = tuple(205 + part % 40 for part in seed[:3])
    image = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(image)
    for number in range(6):
        left, top = seed[number] * width // 256, seed[number + 6] * height // 256
        shade = tuple(60 + part % 130 for part in seed[number : number + 3])
        draw.rounded_rectangle((left, top, left + width // 3, top + height // 4), 12, fill=shade)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def item(title: str, position: int = 0, **fields: Any) -> Item:
    slug = "-".join(title.lower().split()[:5]).strip(":,?")
    shape = fields.get("picture")
    return Item(
        position=position,
        publisher=fields.get("publisher", ""),
        title=title,
        url=fields.get("url", f"https://papers.example.org/{slug}?from=list&ref=2025-05"),
        summary=fields.get("summary", ""),
        picture=picture(title, shape["width"], shape["height"]) if shape else None,
        picture_alt=shape["alt"] if shape else "",
    )


def edition() -> Edition:
    made = Edition(
        newsletter=newsletter(),
        key="2025-05",
        period="May 2025",
        subject="Harbour Review, May 2025: ten years of neighbourhood teams",
        preheader="One front door beats one budget, what an adjournment costs, and a walk through town.",
        letter=_TEXT["letter"],
        closing="With best wishes,",
        signed_by="Dr Mara Ellison",
        signed_role="Head of Research",
        created_at=WHEN,
        changed_at=WHEN,
    )
    made.sections = [_section(place, told) for place, told in enumerate(_TEXT["sections"])]
    made.newsletter.sections = [
        ProgrammeSection(position=one.position, name=one.name, colour="", is_news=one.is_news)
        for one in made.sections
    ]
    return numbered(made)


def _section(place: int, told: dict[str, Any]) -> Section:
    categories = [
        Category(
            position=at,
            name=category["name"],
            items=[item(position=number, **fields) for number, fields in enumerate(category["items"])],
        )
        for at, category in enumerate(told["categories"])
    ]
    return Section(position=place, name=told["name"], colour="", is_news=place == 0, categories=categories)


def small(**fields: str) -> Edition:
    """An edition of one item; `fields` are the item's."""
    made = edition()
    made.letter = ""
    given = {
        "publisher": "A publisher",
        "title": "A title",
        "summary": "A summary.",
        "url": "https://example.org/",
    }
    category = Category(
        position=0, name="Reports", items=[Item(position=0, picture_alt="", **(given | fields))]
    )
    made.sections = [Section(position=0, name="A section", colour="", categories=[category])]
    return numbered(made)


def specimen() -> Edition:
    """A short edition with one of everything that a design has to show."""
    made = edition()
    made.letter = (
        "Dear reader,\n\nThis is **what a letter looks like**, with a [link](https://example.org/letter), *emphasis* "
        "and a second sentence that is long enough to go over the end of a line on every screen.\n\n"
        "> A quotation of a line or two, as the letter has them now and then, set apart from the rest."
    )
    shaped = {"width": 320, "height": 200, "alt": "A street of terraced houses"}
    cover = {"width": 240, "height": 340, "alt": "The report's cover"}
    reports = [
        item(
            "Ten years of neighbourhood teams: what they changed, and what they did not",
            1,
            publisher="Institute for Local Care",
            summary="A paragraph of some length that says what was found, for whom, and how sure one may be of it. "
            "It goes on to a second sentence.\n\n- A first finding, with **words in bold**.\n- A second one, which "
            "leads to [another page](https://example.org/other) and has a list of its own:\n  1. one\n  2. two",
            picture=shaped,
        ),
        item("A short one", 2, publisher="The Hallow Foundation", summary="One sentence.", picture=cover),
    ]
    guidance = [item("A toolkit without a picture", 1, publisher="Ashgrove Trust", summary="What it is for.")]
    news = [item("Two researchers wanted", 1, summary="Apply by the end of the month.")]
    made.sections = [
        Section(
            position=1, name="Our news", colour="", is_news=True, categories=[Category(name="", items=news)]
        ),
        Section(
            position=2,
            name="Adult Social Care and Health",
            colour="",
            categories=[
                Category(position=1, name="Reports", items=reports),
                Category(position=2, name="Tools and Guidance", items=guidance),
            ],
        ),
    ]
    return numbered(made)


def numbered(made: Edition) -> Edition:
    """The edition, its items given numbers in reading order."""
    made.last_number = 0
    for one in made.items():
        one.number = made.next_number()
    return made


def delivery(address: str = "reader@example.org", number: int = 7) -> Delivery:
    return Delivery(
        id=number,
        address=address,
        slots={"public_id": "abcdefghijklmnop", "kid": "1"},
        dated_at=WHEN,
        message_id=f"2025-05.{number}@harbour.example.org",
    )
