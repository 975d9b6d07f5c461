"""An edition as it was after an earlier change, as its next revision."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.domain.content import Content, put_content
from pulse_mailer.domain.picture import Picture
from pulse_mailer.editions import history, removing
from pulse_mailer.editions.changing import Change, changing
from pulse_mailer.errors import NotFound


def restore(
    database: Session, name: str, revision: int, *, actor: str, expected: int | None = None
) -> Change:
    """
    Make an edition say what it said after that revision; items have the numbers that they had then.

    What was said since stays in the history. Items that go and came from the inbox wait there again, and what waits
    there and is an item again is placed.

    Raises:
        NotFound: there is no such revision, or a picture of it is gone.
        WrongState, Conflict: see `changing()`.
    """
    with changing(
        database, name, actor=actor, what=f"revision {revision} restored", expected=expected
    ) as change:
        edition = change.edition
        content = history.content_at(database, edition, revision)
        before = {item.number for item in edition.items()}
        put_content(edition, content, _pictures(database, content))
        change.numbers = tuple(item.number for item in edition.items())
        change.before = {"revision": edition.revision}
        removing.given_back(database, edition, sorted(before - set(change.numbers)))
        removing.taken_again(
            database, edition, [item for item in edition.items() if item.number not in before]
        )
    return change


def _pictures(database: Session, content: Content) -> dict[str, Picture]:
    wanted = {
        item["picture_hash"]
        for section in content["sections"]
        for category in section["categories"]
        for item in category["items"]
        if item["picture_hash"]
    }
    found = {
        picture.content_hash: picture
        for picture in database.scalars(select(Picture).where(Picture.content_hash.in_(wanted)))
    }
    if missing := wanted - found.keys():
        raise NotFound(f"{len(missing)} of the pictures of that revision are not kept any more.")
    return found
