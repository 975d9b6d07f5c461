"""What tests about editing start from: a newsletter with a programme, an edition of six items in three sections."""

from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Section
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeCategory, ProgrammeSection
from pulse_mailer.editions import history, reading
from tests.database.subscribers_given import given_newsletter

KEY = "2026-03"
SECTIONS = ("News", "Care", "Housing", "Justice")
CATEGORIES = ("Reports", "Briefings", "Tools and Guidance")


def given_programme(database: Session) -> Newsletter:
    newsletter = given_newsletter(database)
    for place, name in enumerate(SECTIONS, 1):
        colour = "#0B5563" if name == "Justice" else ""
        database.add(
            ProgrammeSection(
                newsletter_id=newsletter.id, position=place, name=name, colour=colour, is_news=place == 1
            )
        )
    for place, name in enumerate(CATEGORIES, 1):
        database.add(ProgrammeCategory(newsletter_id=newsletter.id, position=place, name=name))
    newsletter.postal_address = "1 High Street, Anytown"
    database.flush()
    return newsletter


def given_digest(database: Session) -> Edition:
    """News: 1. Care: Reports 2, 3, 4; Briefings 5. Housing: Reports 6. Its history begins with it."""
    newsletter = given_programme(database)
    edition = Edition(
        newsletter=newsletter,
        key=KEY,
        period="March 2026",
        subject="Pulse, March 2026: six things to read",
        preheader="One of our own, and five from others, on care and on housing.",
        letter="Welcome to March.",
        closing="Best wishes,",
        signed_by="Ann Marlowe",
        signed_role="Editor",
        last_number=6,
        status=EditionStatus.DRAFT,
        sections=[
            _section("News", [("", (1,))], is_news=True),
            _section("Care", [("Reports", (2, 3, 4)), ("Briefings", (5,))]),
            _section("Housing", [("Reports", (6,))]),
        ],
        created_at=now(),
        changed_at=now(),
    )
    for place, section in enumerate(edition.sections, 1):
        section.position = place
    database.add(edition)
    database.flush()
    history.keep(database, edition, actor="ann", what="begun")
    return edition


def _section(name: str, told: list[tuple[str, tuple[int, ...]]], *, is_news: bool = False) -> Section:
    categories = [
        Category(
            position=place,
            name=category,
            is_hidden=False,
            items=[_item(number, at) for at, number in enumerate(numbers, 1)],
        )
        for place, (category, numbers) in enumerate(told, 1)
    ]
    return Section(name=name, colour="", is_news=is_news, is_hidden=False, categories=categories)


def _item(number: int, position: int) -> Item:
    return Item(
        position=position,
        number=number,
        publisher="" if number == 1 else f"Institute {number}",
        title=f"Title {number}",
        url=f"https://example.org/{number}",
        summary=f"First of {number}.\n\nSecond of {number}.",
        picture=None,
        is_hidden=False,
        is_short=False,
    )


def shape(database: Session) -> dict[str, list[int]]:
    """The edition's items by their categories, in reading order, as "Section/Category"."""
    edition = reading.edition(database, KEY)
    return {
        f"{section.name}/{category.name}": [item.number for item in category.items]
        for section in edition.sections
        for category in section.categories
    }


def item_of(database: Session, number: int) -> Item:
    (found,) = [item for item in reading.edition(database, KEY).items() if item.number == number]
    return found
