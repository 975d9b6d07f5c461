"""The names of a newsletter's programme, as people write them: without regard to case and curly quotes."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Item
from pulse_mailer.domain.names import fold
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeCategory, ProgrammeSection
from pulse_mailer.errors import UsageError
from pulse_mailer.importing.draft import Programme


def spelled(database: Session, newsletter: Newsletter, what: str, name: str) -> str:
    """
    Give a name as the programme spells it; as it stands, where the programme names none of its kind yet.

    Args:
        what: "section" or "category".

    Raises:
        UsageError: the programme has others; names them.
    """
    table = ProgrammeSection if what == "section" else ProgrammeCategory
    known = list(
        database.scalars(
            select(table.name).where(table.newsletter_id == newsletter.id).order_by(table.position)
        )
    )
    same = next((one for one in known if fold(one) == fold(name)), "")
    if not name or same or not known:
        return same or name
    raise UsageError(
        f"The programme of {newsletter.name} has no {what} {name!r}.", remedy=f"It has: {', '.join(known)}."
    )


def known(database: Session, newsletter: Newsletter) -> Programme:
    """The names that a document of the newsletter is read by; its publishers are those of all items so far."""
    publishers = select(Item.publisher).where(Item.publisher != "").distinct().order_by(Item.publisher)
    return Programme(
        sections=tuple(section.name for section in newsletter.sections),
        categories=tuple(category.name for category in newsletter.categories),
        publishers=tuple(database.scalars(publishers)),
    )
