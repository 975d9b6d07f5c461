"""One search box for everything about deliveries: what somebody typed, understood, and answered in a sentence."""

import enum
import re
from dataclasses import dataclass, replace

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from pulse_mailer.delivery import answering, browsing, reporting
from pulse_mailer.delivery.answering import Answer
from pulse_mailer.delivery.browsing import Wanted
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.errors import BadAddress
from pulse_mailer.keys import Keys

#: Shorter words are in nearly every answer of a server.
SHORTEST_WORDS = 3

_MOST_COUNTED = 1000


class Kind(enum.StrEnum):
    """What was typed."""

    NOTHING = "nothing"
    ADDRESS = "address"
    MESSAGE = "message"
    EDITION = "edition"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What somebody asked, and what there is to say.

    Attributes:
        wanted: which deliveries that leads to.
        answers: one for each edition, where a reader was asked for.
        sentence: the answer where there are no such answers.
        problem: why it could not be understood; empty when it could.
    """

    kind: Kind
    wanted: Wanted
    answers: tuple[Answer, ...] = ()
    sentence: str = ""
    problem: str = ""


def ask(database: Session, keys: Keys, typed: str, wanted: Wanted) -> Asked:
    """
    Understand what was typed: an address, with or without an edition; a Message-ID; an edition; or a server's words.

    Args:
        wanted: what is chosen besides.
    """
    typed = " ".join(typed.split())
    if not typed:
        return Asked(Kind.NOTHING, wanted)
    if (message_id := _message_id(database, typed)) is not None:
        return _of_message(database, replace(wanted, message_id=message_id))
    if (edition := _edition(database, typed)) is not None:
        return _of_edition(database, edition, wanted)
    if "@" in typed:
        return _of_reader(database, keys, typed, wanted)
    return _of_words(database, typed, wanted)


def _message_id(database: Session, typed: str) -> str | None:
    bare = re.sub(r"^message-id:\s*", "", typed, flags=re.IGNORECASE).strip("<> ")
    known = select(Delivery.message_id).where(Delivery.message_id == bare)
    return database.scalar(known)


def _edition(database: Session, typed: str) -> Edition | None:
    """An edition that went out, by its key, by newsletter and key, or by its period: "2026-04", "April 2026"."""
    slug, _, key = typed.rpartition("/")
    found = (
        select(Edition)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .options(selectinload(Edition.newsletter))
        .where(
            Edition.frozen_at.is_not(None),
            or_(Edition.key == key, func.lower(Edition.period) == typed.lower()),
            *([Newsletter.slug == slug] if slug else []),
        )
        .order_by(Edition.frozen_at.desc())
        .limit(1)
    )
    return database.scalars(found).first()


def _of_message(database: Session, wanted: Wanted) -> Asked:
    answer = answering.about(database, wanted.message_id)
    return Asked(Kind.MESSAGE, wanted, (answer,))


def _of_edition(database: Session, edition: Edition, wanted: Wanted) -> Asked:
    sentence = reporting.report(database, edition, exact=False).sentence
    return Asked(Kind.EDITION, replace(wanted, edition=edition), sentence=sentence)


def _of_reader(database: Session, keys: Keys, typed: str, wanted: Wanted) -> Asked:
    named = next(part for part in typed.split() if "@" in part)
    rest = " ".join(part for part in typed.split() if part != named)
    if rest and (edition := _edition(database, rest)) is not None:
        wanted, typed = replace(wanted, edition=edition), named
    try:
        address = Address.parse(typed.strip("<>"))
    except BadAddress as error:
        return Asked(Kind.ADDRESS, replace(wanted, address_hash=""), problem=str(error))
    edition_id = wanted.edition.id if wanted.edition else None
    answers = tuple(answering.find(database, keys, address, edition_id=edition_id))
    sentence = "" if answers else answering.standing(database, keys, address)
    wanted = replace(wanted, address_hash=keys.hash_address(address.key))
    return Asked(Kind.ADDRESS, wanted, answers, sentence)


def _of_words(database: Session, typed: str, wanted: Wanted) -> Asked:
    if len(typed) < SHORTEST_WORDS:
        problem = f"{typed!r} is too short to look for in what servers said. Type at least three letters."
        return Asked(Kind.WORDS, replace(wanted, address_hash=""), problem=problem)
    is_latest = wanted.edition is None
    edition = wanted.edition or browsing.latest(database)
    wanted = replace(wanted, words=typed, edition=edition)
    if edition is None:
        return Asked(Kind.WORDS, wanted, sentence="No: nothing has been sent yet.")
    ids = browsing.looked_for(database, wanted, most=_MOST_COUNTED + 1)
    found = len(ids)
    of = f"of {edition.period or edition.key} in which a server said “{typed}”"
    if not found:
        others = " Only the latest edition was searched: choose another one below." if is_latest else ""
        return Asked(Kind.WORDS, replace(wanted, only=()), sentence=f"No: there is no delivery {of}.{others}")
    if found > _MOST_COUNTED:
        most = counted(_MOST_COUNTED, "delivery", "deliveries")
        return Asked(Kind.WORDS, wanted, sentence=f"More than {most} {of}.")
    wanted = replace(wanted, only=ids)
    return Asked(Kind.WORDS, wanted, sentence=f"{counted(found, 'delivery', 'deliveries')} {of}.")
