"""Who an edition goes to: shown before, and fixed in one transaction when sending begins."""

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Subquery, case, func, insert, literal, select
from sqlalchemy.orm import Session

from pulse_mailer import audit
from pulse_mailer.clock import now
from pulse_mailer.composing.merging import fields_used
from pulse_mailer.delivery import approvals, seconding, variants
from pulse_mailer.delivery.approving import Checked
from pulse_mailer.delivery.changing import held_whole
from pulse_mailer.delivery.variants import Plan
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.approval import Approval as Signed
from pulse_mailer.domain.delivery import Delivery, DeliveryStatus
from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.domain.subscriber import Subscription
from pulse_mailer.domain.variant import WHOLE
from pulse_mailer.editions.publishing import publish
from pulse_mailer.editions.reading import renderings as kept_renderings
from pulse_mailer.errors import Conflict, Refused, SendingBlocked, WrongState
from pulse_mailer.links import Links
from pulse_mailer.subscribers.audience import audience

#: The audience may differ by so much from what was agreed to; one person more or less is never a surprise.
TOLERANCE = 0.02
_MOST_KEPT = 1_000  #: letters of a value; far fewer are shown


@dataclass(frozen=True, slots=True)
class Approval:
    """
    What a person agreed to.

    Attributes:
        count: how many people it goes to, as the person was shown.
        forced: preflight's errors that they overrode, by code.
        fingerprint: of the whole edition's Rendering that was checked before they agreed; empty when that is this
            very one. The variants follow from the same source.
    """

    actor: str
    count: int
    forced: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """
    How an edition is to be sent.

    Attributes:
        first_count: to so many first, and then wait for a person; None: to all.
        lifetime_hours: how long after its beginning what was put off is tried again.
    """

    first_count: int | None = None
    lifetime_hours: int = 48


def freeze(
    database: Session,
    edition: Edition,
    checked: Checked | None,
    links: Links,
    approval: Approval,
    terms: Terms | None = None,
) -> int:
    """
    Begin sending: keep the Rendering, and a Delivery for each of the audience; gives their number.

    All in the caller's one transaction, so that an edition is either a draft or has its whole audience.

    Args:
        checked: a draft, composed and checked just now; None: it was approved, and the mail that was kept goes out.

    Raises:
        WrongState: the edition is no draft (not approved), or somebody else began first.
        Conflict: it is not as it was when it was composed, or when a person agreed to it.
        Refused: nobody would get it, or a second person must approve it first.
        SendingBlocked: the audience is not as large as was agreed to.
    """
    made = settle(database, edition, checked, approval, terms or Terms())
    edition.become(EditionStatus.SENDING)
    count = fix_audience(database, edition, made.renderings, links)
    made.refuse_surprise(edition, count, approval)
    after = made.agreed(approval) | {"audience": count, "revision": edition.revision}
    audit.record(database, approval.actor, "edition.sending-began", f"edition {edition.name}", after=after)
    return count


@dataclass(frozen=True, slots=True)
class Settled:
    """
    What goes out, and by whose word.

    Attributes:
        signed: the approval as it is kept.
        was_approved: before, and perhaps by somebody else than who sends it.
    """

    renderings: Sequence[Rendering]
    signed: Signed
    was_approved: bool

    @property
    def rendering(self) -> Rendering:
        """The whole edition's."""
        return next(rendering for rendering in self.renderings if rendering.variant == WHOLE)

    def refuse_surprise(self, edition: Edition, count: int, approval: Approval) -> None:
        """
        Raises:
            Refused: nobody would get it.
            SendingBlocked: the audience is not as large as was agreed to.
        """
        if not count:
            raise nobody(edition, edition.passed_over_count)
        if not self.was_approved or surprising(count, self.signed.audience_count):
            refuse_other_count(count, approval)

    def agreed(self, approval: Approval) -> dict[str, Any]:
        """What was agreed to, as it is kept."""
        others = {one.variant: one.fingerprint for one in self.renderings if one.variant != WHOLE}
        found = {
            "actor": approval.actor,
            "count": approval.count,
            "rendering": self.rendering.fingerprint,
            **({"variants": others} if others else {}),
            "forced": list(self.signed.facts["forced"]),
        }
        return found | ({"approved_by": self.signed.actor} if self.was_approved else {})


def settle(
    database: Session,
    edition: Edition,
    checked: Checked | None,
    approval: Approval,
    terms: Terms,
    starts_at: datetime.datetime | None = None,
) -> Settled:
    """
    Approve a draft for being sent now or at a time, or see that it was approved and that this still holds.

    Raises as `freeze()`.
    """
    if checked is not None:
        seconding.refuse_alone(database, edition)
        signed = keep(database, edition, checked, approval, terms, starts_at)
        return Settled(checked.renderings, signed, was_approved=False)
    edition = held_whole(database, edition.id)
    if edition.status is not EditionStatus.APPROVED:
        raise begun(edition)
    signed = approvals.verified(database, edition)
    seconding.refuse_editor(edition, signed.actor, signed.facts["edited_by"])
    made = Settled(kept_renderings(database, edition.id), signed, was_approved=True)
    if approval.fingerprint not in ("", made.rendering.fingerprint):
        raise _changed(edition)
    edition.first_count, edition.lifetime_hours = terms.first_count, terms.lifetime_hours
    return made


def surprising(count: int, agreed: int) -> bool:
    """Whether an audience is so much larger or smaller than what was agreed to that a person must look again."""
    return abs(count - agreed) > max(1, TOLERANCE * agreed)


def keep(
    database: Session,
    edition: Edition,
    checked: Checked,
    approval: Approval,
    terms: Terms,
    starts_at: datetime.datetime | None = None,
) -> Signed:
    """
    Approve a draft: keep the Rendering that goes out and how it is to be sent, and seal both with what they are made
    of.

    Args:
        starts_at: the time that is agreed to, too; None: whenever a person sends it.

    Raises:
        WrongState: the edition is no draft, or somebody else came first.
        Conflict: it is not as it was when it was composed, or when a person agreed to it.
    """
    _hold(database, edition)
    if approval.fingerprint not in ("", checked.rendering.fingerprint):
        raise _changed(edition)
    edition.become(EditionStatus.APPROVED)
    edition.first_count, edition.lifetime_hours = terms.first_count, terms.lifetime_hours
    edition.changed_at = now()
    _store(database, edition, checked.renderings)
    database.flush()
    return approvals.sign(
        database,
        edition,
        actor=approval.actor,
        count=approval.count,
        forced=_forced(checked, approval.forced),
        starts_at=starts_at,
    )


def fix_audience(database: Session, edition: Edition, kept: Sequence[Rendering], links: Links) -> int:
    """
    Make a Delivery for each who gets an edition that begins now, and set its first stage; gives their number.

    From now on anybody may read it in the archive.

    Args:
        edition: with everything in it, and its newsletter's programme.
        kept: the Renderings that were agreed to; of variants that somebody chose since, more are composed.

    Raises:
        Conflict: more are needed, and the edition no longer is what was agreed to.
    """
    plan = variants.plan(database, edition)
    made = variants.compile_missing(edition, links, kept, plan.names)
    _store(database, edition, [*kept, *made])
    edition.frozen_at = edition.changed_at = now()
    edition.passed_over_count = plan.passed_over
    database.flush()
    renderings = {rendering.variant: rendering for rendering in (*kept, *made)}
    count = _insert_deliveries(database, edition, plan, renderings, links)
    edition.stage_until_id = stage_end(database, edition.id, edition.first_count)
    publish(database, edition.id, links)
    return count


def stage_end(database: Session, edition_id: int, first: int | None) -> int | None:
    """The last delivery of a stage of so many of those that wait; None when that is all of them."""
    if first is None:
        return None
    states = (DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.DEFERRED)
    waiting = select(Delivery.id).where(Delivery.edition_id == edition_id, Delivery.status.in_(states))
    found = list(database.scalars(waiting.order_by(Delivery.id).offset(first - 1).limit(2)))
    return found[0] if len(found) == 2 else None


def nobody(edition: Edition, passed_over: int) -> Refused:
    if passed_over:
        return Refused(
            f"Nobody would get {edition.key}: {variants.passed_over_words(passed_over)}",
            remedy="Add an item to one of the sections that they chose.",
        )
    return Refused(
        f"Nobody would get {edition.key}: {edition.newsletter.name} has no active subscriber.",
        remedy="Import them: pulse-mailer subscriber import FILE.csv",
    )


def refuse_other_count(count: int, approval: Approval) -> None:
    """
    Raises:
        SendingBlocked: the audience is not as large as was agreed to.
    """
    if count != approval.count:
        raise SendingBlocked(
            f"The audience is {count:,}, not {approval.count:,}.",
            remedy="Look at who gets it, and confirm again.",
        )


def _hold(database: Session, edition: Edition) -> None:
    """Of two who begin at once, or of one who begins and one who edits, let one wait and then see what was done."""
    composed = edition.revision
    database.refresh(edition, ["status", "revision"], with_for_update=True)
    if edition.status is not EditionStatus.DRAFT:
        raise begun(edition)
    if edition.revision != composed:
        raise _changed(edition)


def begun(edition: Edition) -> WrongState:
    return WrongState(
        f"The edition {edition.key} is {edition.status.words} already; nothing was begun a second time.",
        remedy=f"See how far it is: pulse-mailer edition report {edition.name}",
    )


def _changed(edition: Edition) -> Conflict:
    return Conflict(
        f"The edition {edition.key} was changed meanwhile; nothing was sent.",
        remedy="Look at it again, and send it then.",
    )


def _forced(checked: Checked, forced: Sequence[str]) -> list[str]:
    return [f"{finding.code}: {finding.place}" for finding in checked.errors if finding.code in forced]


def _store(database: Session, edition: Edition, renderings: Sequence[Rendering]) -> None:
    for rendering in renderings:
        rendering.edition_id = edition.id
        database.add(rendering)


def _insert_deliveries(
    database: Session, edition: Edition, plan: Plan, renderings: Mapping[str, Rendering], links: Links
) -> int:
    chosen = audience(edition.newsletter_id)
    if plan.nothing_for:
        chosen = chosen.where(Subscription.choice.not_in(plan.nothing_for))
    people = chosen.subquery()
    fields = {name for rendering in renderings.values() for name in fields_used(rendering)}
    begun = edition.frozen_at
    domain = Address.parse(edition.newsletter.from_address).domain
    # Message-ID: the same on every attempt, and no two alike: an edition, and a subscription's public name.
    message_id = literal(f"e{edition.id}.") + people.c.public_id + literal(f"@{domain}")
    snapshot = select(
        literal(edition.id),
        people.c.subscription_id,
        _rendering_id(people.c.choice, plan, renderings),
        people.c.address,
        people.c.address_hash,
        _slots(database, people, links.keys.signing_kid, fields),
        literal(begun, Delivery.dated_at.type),
        message_id,
        literal(DeliveryStatus.QUEUED, Delivery.status.type),
        literal(""),
        literal(0),
        literal(0),
        literal(begun, Delivery.next_attempt_at.type),
        literal(begun, Delivery.changed_at.type),
    ).order_by(people.c.subscription_id)
    columns = [
        "edition_id", "subscription_id", "rendering_id", "address", "address_hash", "slots", "dated_at",
        "message_id", "status", "reason", "attempt_count", "lease_epoch", "next_attempt_at", "changed_at",
    ]  # fmt: skip
    database.execute(insert(Delivery).from_select(columns, snapshot))
    made = select(func.count(Delivery.id), func.min(Delivery.id), func.max(Delivery.id))
    count, first_id, last_id = database.execute(made.where(Delivery.edition_id == edition.id)).one()
    if count and last_id - first_id + 1 == count:  # nobody else made any at the same time
        edition.first_delivery_id, edition.last_delivery_id = first_id, last_id
    return count


def _rendering_id(
    choice: ColumnElement[str], plan: Plan, renderings: Mapping[str, Rendering]
) -> ColumnElement[int]:
    whole = literal(renderings[WHOLE].id)
    ids = {
        one: renderings[variant.name].id
        for variant in plan.variants
        if variant.name
        for one in variant.choices
    }
    # Who chooses in this very moment what nobody had chosen gets the whole edition rather than nothing.
    return case(ids, value=choice, else_=whole) if ids else whole


def _slots(
    database: Session, people: Subquery, kid: str, fields: Collection[str]
) -> ColumnElement[dict[str, str]]:
    """What a mail is made of, and no more: of a person's own values only those that stand in it."""
    make = func.json_object if database.get_bind().dialect.name == "sqlite" else func.jsonb_build_object
    values = [part for name in sorted(fields) for part in (name, func.substr(people.c[name], 1, _MOST_KEPT))]
    return make("public_id", people.c.public_id, "kid", literal(kid), *values)
