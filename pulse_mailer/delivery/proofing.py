"""
Proofs: copies of an edition for staff, the very mail that would go out, marked as what they are.

A proof stands in no count: it has no delivery, no place in the archive and no way out but one for show. Each is kept
with the server's words; who it went to was never mailed an edition by it.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.composing.merging import Merger, from_domain
from pulse_mailer.composing.preflight import Finding, preflight
from pulse_mailer.composing.proofs import Mark, proof_mail
from pulse_mailer.composing.signing import Signer
from pulse_mailer.delivery import wallclock
from pulse_mailer.delivery.changing import held
from pulse_mailer.delivery.dispatch import Way
from pulse_mailer.delivery.posting import Posted, post
from pulse_mailer.delivery.previewing import mail_as
from pulse_mailer.delivery.variants import sections_of
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.approval import Proof
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.domain.message import Message
from pulse_mailer.domain.suppression import Suppression
from pulse_mailer.editions import history, reading
from pulse_mailer.errors import Conflict, UsageError
from pulse_mailer.keys import Keys
from pulse_mailer.links import FOR_SHOW

#: To so many addresses at once; a proof is for staff, and no way around the ledger.
MOST = 20
_CHANGES_SHOWN = 8
_UNANSWERED = "No answer was noted: the program was ended meanwhile."


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What somebody wants a proof of, and for whom.

    Attributes:
        name: the edition's, as `reading.edition()` takes it.
        like: the address of a subscriber as whom to see it; empty: a sample reader.
        sections: names of sections, to see it as who chose these; none: as the reader chose.
        last: the number of the latest proof that they know of, 0 where there is none; None: whichever it is.
    """

    name: str
    to: Sequence[str]
    like: str = ""
    sections: Sequence[str] = ()
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Proofed:
    """
    What became of a proof.

    Attributes:
        sentences: what it says of itself at its top.
        findings: of preflight; they stop no proof.
        posted: by address, in the order they were named.
    """

    edition: Edition
    rendering: Rendering
    number: int
    sentences: tuple[str, ...]
    findings: tuple[Finding, ...]
    posted: dict[str, Posted]


@dataclass(frozen=True, slots=True)
class _Made:
    """An edition made into mail, before anything is kept or sent."""

    edition: Edition
    rendering: Rendering
    findings: tuple[Finding, ...]
    reader: Delivery
    addresses: tuple[str, ...]
    unwanted: dict[str, Posted]
    signer: Signer | None


def send(way: Way, keys: Keys, wish: Wish, *, actor: str) -> Proofed:
    """
    Make an edition into mail as it stands and send it to some addresses, marked as a proof.

    Raises:
        NotFound, UsageError: no such edition or subscriber, or nobody to send to, or too many.
        BadAddress: one of them is none; nothing was sent.
        Conflict: there is another proof by now than the latest that they know of; nothing was sent.
        CompositionError: it cannot be made into mail.
        BadSetting: mail is to be signed, and there is no key.
    """
    with way.database.reading() as database:
        made = _make(database, way, keys, wish)
    with way.database.transaction() as database:
        number, sentences, messages = _keep(database, way, made, actor, wish.last)
    posted = dict(zip((message.recipient for message in messages), post(way, messages), strict=True))
    found = {address: made.unwanted.get(address) or posted[address] for address in made.addresses}
    with way.database.transaction() as database:
        _note(database, made.edition, number, found, actor)
    return Proofed(made.edition, made.rendering, number, sentences, made.findings, found)


def proofs(database: Session, edition_id: int) -> list[Proof]:
    """All that were sent of an edition, the newest first."""
    wanted = select(Proof).where(Proof.edition_id == edition_id)
    return list(database.scalars(wanted.order_by(Proof.number.desc(), Proof.id)))


def _make(database: Session, way: Way, keys: Keys, wish: Wish) -> _Made:
    addresses = _addresses(wish.to)
    edition = reading.edition(database, wish.name)
    like, rendering = mail_as(database, edition, keys, way.links, wish.like, wish.sections)
    reader = Delivery(
        id=0,
        address=like.address if wish.like else "",
        slots=like.slots | {"public_id": FOR_SHOW, "kid": way.links.keys.signing_kid},
        dated_at=now(),
        message_id="",
    )
    return _Made(
        edition,
        rendering,
        tuple(preflight(edition, rendering)),
        reader,
        tuple(str(address) for address in addresses),
        _suppressed(database, keys, addresses),
        way.signer_for(from_domain(rendering)),
    )


def _addresses(to: Sequence[str]) -> list[Address]:
    """What stands between commas, each once, in its order."""
    named = [part.strip() for one in to for part in one.split(",") if part.strip()]
    each: dict[str, Address] = {}
    for address in map(Address.parse, named):
        each.setdefault(address.key, address)
    found = list(each.values())
    if not found:
        raise UsageError("A proof needs an address.", remedy="Such as --to ann@example.org")
    if len(found) > MOST:
        raise UsageError(f"A proof goes to at most {MOST} addresses, and these are {len(found)}.")
    return found


def _suppressed(database: Session, keys: Keys, addresses: Sequence[Address]) -> dict[str, Posted]:
    hashes = {keys.hash_address(address.key): str(address) for address in addresses}
    found = database.scalars(select(Suppression).where(Suppression.address_hash.in_(hashes)))
    words = "It is suppressed ({}); nothing was sent."
    return {
        hashes[one.address_hash]: Posted(is_sent=False, words=words.format(one.reason.value)) for one in found
    }


def _keep(
    database: Session, way: Way, made: _Made, actor: str, known: int | None
) -> tuple[int, tuple[str, ...], list[Message]]:
    """Give a proof its number and keep it before anything is sent; gives what it says of itself, and the mails."""
    (edition,) = held(database, [made.edition.id])
    last = database.scalar(select(func.max(Proof.number)).where(Proof.edition_id == edition.id)) or 0
    # Whoever comes second waited for the edition, and finds the proof of the first here.
    if known not in (None, last):
        raise Conflict(
            f"The latest proof of {edition.key} is {last}, not {known}; nothing was sent.",
            remedy=f"Look at it first: pulse-mailer edition proofs {edition.name}",
        )
    sentences = _sentences(database, made, last + 1, actor)
    fingerprint = made.rendering.fingerprint
    made_of = f"revision {made.edition.revision}; mail {fingerprint}"
    mark = Mark(last + 1, sentences, made_of)
    messages = [
        _message(way, made, mark, address) for address in made.addresses if address not in made.unwanted
    ]
    ids = {message.recipient: message.message_id for message in messages}
    database.add_all(
        Proof(
            edition_id=edition.id,
            number=mark.number,
            at=made.reader.dated_at,
            actor=actor,
            address=address,
            revision=made.edition.revision,
            variant=made.rendering.variant,
            fingerprint=fingerprint,
            message_id=ids.get(address, ""),
            is_sent=False,
            reply=_UNANSWERED,
        )
        for address in made.addresses
    )
    return mark.number, sentences, messages


def _message(way: Way, made: _Made, mark: Mark, address: str) -> Message:
    sender = Address.parse(made.edition.newsletter.from_address)
    message_id = f"proof{mark.number}.e{made.edition.id}.{secrets.token_hex(8)}@{sender.domain}"
    reader = Delivery(
        id=0,
        address=made.reader.address or address,
        slots=made.reader.slots,
        dated_at=made.reader.dated_at,
        message_id=message_id,
    )
    mail = Merger(made.rendering).merge(reader, way.links)
    data = proof_mail(mail, mark, address, message_id)
    if made.signer:
        data = made.signer.sign(data, made.reader.dated_at)
    # Bounces of a proof go to the sender: there is no delivery that they could tell of.
    return replace(mail, sender=str(sender), recipient=address, pieces=(data,))


def _sentences(database: Session, made: _Made, number: int, actor: str) -> tuple[str, ...]:
    edition = made.edition
    title = f"{edition.newsletter.name}, {edition.period or edition.key}"
    at = wallclock.said(made.reader.dated_at, edition.newsletter.timezone)
    return (
        f"Proof {number} of {title}: revision {edition.revision}, made by {_clean(actor)} on {at}.",
        "It went to staff only, and its unsubscribe link is for show.",
        *_part(edition, made.rendering),
        _since(database, made),
    )


def _part(edition: Edition, rendering: Rendering) -> tuple[str, ...]:
    """Which sections it holds, where it is not the whole edition."""
    if not rendering.variant:
        return ()
    return (f"It is the mail of readers who get only: {', '.join(sections_of(edition, rendering.variant))}.",)


def _since(database: Session, made: _Made) -> str:
    """What was changed since the last proof of the same mail, as the edition's history says it."""
    edition, rendering = made.edition, made.rendering
    before = database.scalar(
        select(Proof)
        .where(Proof.edition_id == edition.id, Proof.variant == rendering.variant)
        .order_by(Proof.number.desc())
        .limit(1)
    )
    if before is None:
        return "It is the first proof of this mail."
    if before.fingerprint == rendering.fingerprint:
        return f"Nothing was changed since proof {before.number}."
    changes = [
        f"{_clean(version.what)} ({_clean(version.actor)})"
        for version in reversed(history.versions(database, edition.id))
        if before.revision < version.revision <= edition.revision
    ]
    if not changes:
        return f"Since proof {before.number}: not the edition, but its newsletter, its design or an address in it."
    more = len(changes) - _CHANGES_SHOWN
    shown = [*changes[:_CHANGES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return f"Since proof {before.number}: {'; '.join(shown)}."


def _clean(words: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", words)


def _note(database: Session, edition: Edition, number: int, posted: dict[str, Posted], actor: str) -> None:
    wanted = select(Proof).where(Proof.edition_id == edition.id, Proof.number == number)
    for row in database.scalars(wanted):
        row.is_sent, row.reply = posted[row.address].is_sent, posted[row.address].words
    after = {
        "number": number,
        "revision": edition.revision,
        # To whom, and what servers said, is in the proofs themselves, where it can be erased.
        "sent": sum(one.is_sent for one in posted.values()),
        "not_sent": sum(not one.is_sent for one in posted.values()),
    }
    audit.record(database, actor, "edition.proofed", f"edition {edition.name}", after=after)
