"""One subscriber: how they stand, what was sent to them, and what staff may do about it."""

import json
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.delivery import reading as deliveries
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.suppression import SuppressionReason
from pulse_mailer.editions import reading as newsletters
from pulse_mailer.errors import BadAddress, NotFound, UsageError
from pulse_mailer.subscribers import choosing, disclosing, erasing, leaving, reading, suppressing
from pulse_mailer.subscribers.reading import SubscriberShown
from pulse_mailer.web import states
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import Operates, SeesPeople

router = APIRouter()

SENT_SHOWN = 50
PATH = "/subscribers/{subscriber_id}"

#: What has just been done, for the page that follows.
_SAID = {
    "joined": "They are subscribed now.",
    "updated": "They were subscribed already; empty names are filled in.",
    "unchanged": "They were subscribed already; nothing changed.",
    "unsubscribed": "They are unsubscribed, from this moment on.",
    "chosen": "They get the sections that you ticked, from the next edition on.",
    "suppressed": "Nothing is sent to this address any more.",
    "lifted": "This address may be written to again.",
    "erased": f"They are forgotten. {erasing.ELSEWHERE}",
}

Typed = Annotated[str, Form(max_length=10_000)]


@router.api_route(PATH, methods=["GET", "HEAD"])
def show(
    subscriber_id: int, _who: SeesPeople, mailer: TheMailer, pages: ThePages, said: str = "", named: int = 0
) -> Response:
    words = _SAID.get(said, "")
    if said == "erased" and named > 0:
        words = f"{words} {erasing.still_named(min(named, 10**6))}"
    return _page(mailer, pages, subscriber_id, said=words)


@router.post(f"{PATH}/unsubscribe")
def unsubscribe(
    subscriber_id: int,
    who: SeesPeople,
    mailer: TheMailer,
    pages: ThePages,
    newsletter: Typed = "",
    reason: Typed = "",
) -> Response:
    try:
        with mailer.database.transaction() as database:
            address = _address(reading.subscriber_by_id(database, subscriber_id))
            found = newsletters.newsletter(database, newsletter) if newsletter else None
            leaving.leave_address(database, mailer.keys, address, found, who.actor, reason=reason)
    except UsageError as problem:
        return _page(mailer, pages, subscriber_id, problem=problem, typed={"reason": reason})
    return _back(subscriber_id, "unsubscribed")


@router.post(f"{PATH}/choose")
def choose(
    subscriber_id: int,
    who: SeesPeople,
    mailer: TheMailer,
    pages: ThePages,
    newsletter: Typed = "",
    section: Annotated[list[str] | None, Form()] = None,
    every: Typed = "",
) -> Response:
    try:
        names = [] if every else _ticked(section)
        with mailer.database.transaction() as database:
            address = _address(reading.subscriber_by_id(database, subscriber_id))
            found = newsletters.newsletter(database, newsletter)
            choosing.choose(database, mailer.keys, found, address, names, actor=who.actor)
    except UsageError as problem:
        return _page(mailer, pages, subscriber_id, problem=problem)
    return _back(subscriber_id, "chosen")


@router.post(f"{PATH}/suppress")
def suppress(
    subscriber_id: int, who: Operates, mailer: TheMailer, pages: ThePages, note: Typed = ""
) -> Response:
    try:
        with mailer.database.transaction() as database:
            suppressing.suppress_hash(
                database,
                reading.subscriber_by_id(database, subscriber_id).address_hash,
                reason=SuppressionReason.STAFF,
                actor=who.actor,
                note=leaving.checked_reason(note),
            )
    except UsageError as problem:
        return _page(mailer, pages, subscriber_id, problem=problem, typed={"note": note})
    return _back(subscriber_id, "suppressed")


@router.post(f"{PATH}/lift")
def lift(subscriber_id: int, who: Operates, mailer: TheMailer) -> Response:
    with mailer.database.transaction() as database:
        address = _address(reading.subscriber_by_id(database, subscriber_id))
        suppressing.lift(database, mailer.keys, address, actor=who.actor)
    return _back(subscriber_id, "lifted")


@router.api_route(f"{PATH}/data", methods=["GET", "HEAD"])
def data(subscriber_id: int, who: SeesPeople, request: Request, mailer: TheMailer) -> Response:
    with mailer.database.reading() as database:
        address = _address(reading.subscriber_by_id(database, subscriber_id))
    # Who only asks what it would be takes nothing out.
    is_taken = request.method == "GET"
    found = disclosing.disclose(mailer.database, mailer.keys, address, actor=who.actor) if is_taken else {}
    return Response(
        json.dumps(found, indent=2, ensure_ascii=False),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="subscriber-{subscriber_id}.json"'},
    )


@router.api_route(f"{PATH}/erase", methods=["GET", "HEAD"])
def ask_erase(subscriber_id: int, _who: Operates, mailer: TheMailer, pages: ThePages) -> Response:
    return _erase_page(mailer, pages, subscriber_id)


@router.post(f"{PATH}/erase")
def erase(
    subscriber_id: int, who: Operates, mailer: TheMailer, pages: ThePages, address: Typed = ""
) -> Response:
    with mailer.database.transaction() as database:
        person = _address(reading.subscriber_by_id(database, subscriber_id))
        if not _same(address, person):
            problem = UsageError("This is not their address.", remedy="Type it as it stands above.")
            return _erase_page(mailer, pages, subscriber_id, problem=problem, typed=address)
        gone = erasing.erase(database, mailer.keys, person, actor=who.actor)
    return RedirectResponse(
        f"/subscribers/{subscriber_id}?said=erased&named={gone.audit_count}", status_code=303
    )


def _address(person: SubscriberShown) -> Address:
    """
    Raises:
        NotFound: they were erased.
    """
    if not person.address:
        raise NotFound("This person was erased; nothing of theirs can be changed or shown.")
    # Not parsed again: a rule that came after it was stored must not stand in the way.
    return Address(*person.address.rsplit("@", 1))


def _ticked(sections: list[str] | None) -> list[str]:
    if not sections:
        raise UsageError("Tick at least one section, or take all of them.")
    return sections


def _same(typed: str, address: Address) -> bool:
    try:
        return Address.parse(typed).key == address.key
    except BadAddress:
        return False


def _back(subscriber_id: int, said: str) -> Response:
    return RedirectResponse(f"/subscribers/{subscriber_id}?said={said}", status_code=303)


def _page(
    mailer: Mailer,
    pages: Pages,
    subscriber_id: int,
    *,
    said: str = "",
    problem: UsageError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    with mailer.database.reading() as database:
        person = reading.subscriber_by_id(database, subscriber_id)
        sent = deliveries.deliveries(database, person.address_hash, limit=SENT_SHOWN)
    return pages.page(
        "web/subscriber.html",
        status=422 if problem else 200,
        person=person,
        sent=sent,
        said=said,
        problem=problem,
        typed=typed or {},
        tags=states.SUBSCRIPTIONS,
        delivery_tags=states.DELIVERIES,
    )


def _erase_page(
    mailer: Mailer, pages: Pages, subscriber_id: int, *, problem: UsageError | None = None, typed: str = ""
) -> Response:
    with mailer.database.reading() as database:
        person = reading.subscriber_by_id(database, subscriber_id)
        _address(person)
        sent = deliveries.count(database, person.address_hash)
    return pages.page(
        "web/subscriber_erase.html",
        status=422 if problem else 200,
        person=person,
        sent=sent,
        problem=problem,
        typed=typed,
        elsewhere=erasing.ELSEWHERE,
    )
