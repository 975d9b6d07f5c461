"""What tests of the archive start from: editions of one newsletter that went out, without any mail."""

import datetime

from sqlalchemy import select

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.correction import Fix
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Section
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import publishing, reading
from pulse_mailer.editions.archive import PUBLIC
from pulse_mailer.editions.correcting import correct
from tests.database.subscribers_given import given_newsletter

SLUG = "civic-pulse"


def item(number: int, title: str, summary: str = "", publisher: str = "A publisher", **fields: bool) -> Item:
    return Item(
        position=number,
        number=number,
        publisher=publisher,
        title=title,
        url=f"https://example.org/{number}",
        summary=summary,
        **fields,
    )


def given_edition(
    mailer: Mailer, key: str, items: list[Item], status: EditionStatus = EditionStatus.SENT
) -> None:
    """An edition in that state; one that went out is in the archive."""
    with mailer.database.transaction() as database:
        newsletter = database.scalar(select(Newsletter)) or given_newsletter(database, SLUG)
        began = datetime.datetime(int(key[:4]), int(key[5:7]), 1, 9, tzinfo=datetime.UTC)
        made = Edition(
            newsletter_id=newsletter.id,
            key=key,
            period=f"{began:%B %Y}",
            subject=f"What {began:%B} brought",
            preheader="Three things to read.",
            letter="Dear colleagues, welcome.",
            status=status,
            created_at=began,
            changed_at=began,
            frozen_at=began,
            last_number=len(items),
            sections=[
                Section(
                    position=1, name="Housing", categories=[Category(position=1, name="Reports", items=items)]
                )
            ],
        )
        if status is EditionStatus.SCHEDULED:
            made.starts_at = began
        database.add(made)
        database.flush()
        name = f"{SLUG}/{key}"
        rendering = render(reading.edition(database, name), mailer.links)
        rendering.edition_id = made.id
        database.add(rendering)
        if status in PUBLIC:
            publishing.publish(database, made.id, mailer.links)


def given_correction(mailer: Mailer, key: str, number: int, field: str, value: str | bool, note: str) -> None:
    with mailer.database.transaction() as database:
        correct(database, mailer.links, f"{SLUG}/{key}", [Fix(number, field, value)], note=note, actor="ann")
