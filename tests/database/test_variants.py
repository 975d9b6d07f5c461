"""Readers who chose sections: each gets their part of an edition, everybody is accounted for, on both databases."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.backends.memory import MemoryBackend
from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.delivery import (
    answering,
    approving,
    planning,
    proofing,
    rehearsals,
    rehearsing,
    reporting,
    scheduling,
    variants,
)
from pulse_mailer.delivery.dispatch import Way
from pulse_mailer.delivery.planning import Approval, Terms
from pulse_mailer.delivery.previewing import preview
from pulse_mailer.delivery.readying import Ready
from pulse_mailer.delivery.scheduling import Start
from pulse_mailer.domain.address import Address
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Rendering, Section
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeSection
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.editions import reading
from pulse_mailer.errors import NotFound, SendingBlocked, UsageError, WrongState
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from pulse_mailer.subscribers import choosing, leaving
from pulse_mailer.subscribers import reading as subscriber_reading
from pulse_mailer.subscribers.audience import anybody_chose
from tests.database.sending_given import draft, run
from tests.database.subscribers_given import given_newsletter, joined

CHOICES = {
    "all@example.org": (),
    "care@example.org": ("Care",),
    "care-too@example.org": ("care", "Police"),  # the edition has no Police: the same part
    "housing@example.org": ("Housing",),
    "both@example.org": ("Care", "Housing"),
    "police@example.org": ("Police",),
}


def choose(session: Session, keys: Keys, address: str, *names: str) -> choosing.Chosen:
    newsletter = reading.newsletter(session, None)
    return choosing.choose(session, keys, newsletter, Address.parse(address), names, actor="ann")


@pytest.fixture
def given(database: Database, keys: Keys) -> None:
    """A draft of Care and Housing for six people, of whom five chose sections."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        for position, name in enumerate(("Care", "Housing", "Police"), 1):
            session.add(ProgrammeSection(newsletter_id=newsletter.id, position=position, name=name))
        made = draft(session, newsletter)
        made.sections.append(
            Section(
                position=2, name="Housing", categories=[Category(position=1, name="Reports", items=[homes()])]
            )
        )
        for address in CHOICES:
            joined(session, keys, newsletter, address)
    with database.transaction() as session:
        for address, names in CHOICES.items():
            choose(session, keys, address, *names)


def homes() -> Item:
    return Item(
        position=1,
        number=2,
        publisher="Homes Fund",
        title="Homes that last",
        url="https://example.org/homes",
        summary="A count of homes.",
    )


def checked(session: Session, links: Links) -> tuple[Edition, approving.Checked, variants.Plan]:
    edition = reading.edition(session, "2026-03")
    plan = variants.plan(session, edition)
    return edition, approving.approve(edition, links, forced=(), variants=plan.names), plan


def freeze(database: Database, links: Links) -> int:
    with database.transaction() as session:
        edition, made, plan = checked(session, links)
        planning.freeze(session, edition, made, links, Approval("ann", plan.count))
        return edition.id


def parts(database: Database) -> dict[str, str]:
    """Address to the variant of each delivery."""
    wanted = select(Delivery.address, Rendering.variant).join(
        Rendering, Rendering.id == Delivery.rendering_id
    )
    with database.reading() as session:
        return {row.address: row.variant for row in session.execute(wanted)}


def text(data: bytes) -> str:
    parsed = message_from_bytes(data, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    body = parsed.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


pytestmark = pytest.mark.usefixtures("given")
EXPECTED = {
    "all@example.org": "",
    "both@example.org": "",
    "care@example.org": "1",
    "care-too@example.org": "1",
    "housing@example.org": "2",
}


def test_a_plan_shares_what_comes_to_the_same_and_counts_who_gets_nothing(database: Database) -> None:
    with database.reading() as session:
        plan = variants.plan(session, reading.edition(session, "2026-03"))
        assert variants.names(session, reading.edition(session, "2026-03")) == plan.names

    assert [(one.name, one.sections, one.count) for one in plan.variants] == [
        ("", ("Care", "Housing"), 2),
        ("1", ("Care",), 2),
        ("2", ("Housing",), 1),
    ]
    assert (plan.count, plan.passed_over) == (5, 1)
    assert plan.remark == "1 chose only sections that this edition does not have, and gets nothing."


def test_everybody_is_frozen_with_their_part(database: Database, links: Links) -> None:
    edition_id = freeze(database, links)

    assert parts(database) == EXPECTED
    with database.reading() as session:
        report = reporting.report(session, session.get_one(Edition, edition_id))
        renderings = reading.renderings(session, edition_id)
    assert (report.audience, report.passed_over, report.adds_up) == (5, 1, True)
    assert "1 chose only sections that this edition does not have" in " ".join(report.remarks)
    assert [one.variant for one in renderings] == ["", "1", "2"]


def test_each_gets_their_part_in_the_mail(database: Database, links: Links) -> None:
    backend = MemoryBackend()
    run(database, links, freeze(database, links), backend)

    mails = {message.recipient: text(message.data) for message in backend.kept}
    assert mails.keys() == EXPECTED.keys()
    for address, variant in EXPECTED.items():
        assert ("What good care looks like" in mails[address]) == (variant in ("", "1"))
        assert ("Homes that last" in mails[address]) == (variant in ("", "2"))


def test_who_is_passed_over_is_told_why(database: Database, keys: Keys, links: Links) -> None:
    freeze(database, links)
    with database.reading() as session:
        (answer,) = answering.find(session, keys, Address.parse("police@example.org"))

    assert answer.sentence == "No: police@example.org chose only sections that March 2026 does not have."


def test_a_preview_is_the_person_s_own_part(database: Database, keys: Keys, links: Links) -> None:
    def shown(address: str) -> str:
        with database.reading() as session:
            edition = reading.edition(session, "2026-03")
            return preview(session, edition, keys, links, form="text", address=address).decode()

    assert "Homes that last" not in shown("care@example.org")
    with pytest.raises(NotFound, match="would get nothing"):
        shown("police@example.org")
    before = shown("care@example.org").replace("example.org", "")
    freeze(database, links)
    assert shown("care@example.org").replace("example.org", "") == before


def schedule(database: Database, links: Links) -> int:
    with database.transaction() as session:
        edition, made, plan = checked(session, links)
        scheduling.schedule(session, edition, made, Approval("ann", plan.count), Start(now()), Terms())
        return edition.id


def test_a_part_that_is_chosen_before_a_scheduled_start_is_composed_then(
    database: Database, keys: Keys, links: Links
) -> None:
    with database.transaction() as session:
        for address in CHOICES:
            choose(session, keys, address)
    edition_id = schedule(database, links)
    with database.transaction() as session:
        choose(session, keys, "housing@example.org", "Housing")
    with database.transaction() as session:
        begun = scheduling.begin(session, edition_id, links)

    assert begun is not None
    assert begun.count == 6
    assert parts(database)["housing@example.org"] == "2"


def test_with_a_late_part_of_what_was_not_agreed_to_it_is_a_draft_again(
    database: Database, keys: Keys, links: Links
) -> None:
    with database.transaction() as session:
        for address in CHOICES:
            choose(session, keys, address)
    edition_id = schedule(database, links)
    with database.transaction() as session:
        choose(session, keys, "housing@example.org", "Housing")
        reading.newsletter(session, None).reason = "Another reason."
    with database.transaction() as session:
        begun = scheduling.begin(session, edition_id, links)
    assert begun is not None
    assert begun.words.startswith(
        "Its approval does not hold: what its newsletter says of itself changed since"
    )
    assert parts(database) == {}
    with database.reading() as session:
        assert session.get_one(Edition, edition_id).status is EditionStatus.DRAFT


def test_what_was_agreed_to_names_every_variant(database: Database, links: Links) -> None:
    schedule(database, links)
    with database.reading() as session:
        agreed = reading.edition(session, "2026-03").agreed

    assert agreed is not None
    assert agreed["variants"].keys() == {"1", "2"}


def test_choosing_is_recorded_and_shown_and_taken_back(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        assert choose(session, keys, "all@example.org", "HOUSING", "Care").sections == ("Care", "Housing")
        assert not choose(session, keys, "all@example.org", "Care", "housing").changed
    with database.reading() as session:
        shown = subscriber_reading.subscriber(session, keys, Address.parse("all@example.org"))
        records = list(session.scalars(select(AuditRecord.action)))
    assert shown.subscriptions[0].sections == ("Care", "Housing")
    assert records.count("subscription.sections-chosen") == len(CHOICES)  # five of the fixture's, and this
    with database.transaction() as session:
        assert choose(session, keys, "all@example.org").sections == ()


def test_a_section_that_is_none_is_refused_with_those_that_there_are(database: Database, keys: Keys) -> None:
    with pytest.raises(UsageError, match="no section 'Sport'") as caught, database.transaction() as session:
        choose(session, keys, "all@example.org", "Sport")
    assert caught.value.remedy == "It has: Care, Housing, Police."


def test_who_left_and_who_never_came_choose_nothing(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        leaving.leave_address(session, keys, Address.parse("care@example.org"), None, "ann")
    with pytest.raises(WrongState, match="has left"), database.transaction() as session:
        choose(session, keys, "care@example.org", "Housing")
    with pytest.raises(NotFound, match="not a subscriber"), database.transaction() as session:
        choose(session, keys, "stranger@example.org", "Housing")


def rehearse(database: Database, links: Links, told: list[int] | None = None) -> rehearsing.Rehearsed:
    with database.reading() as session:
        edition, made, plan = checked(session, links)
    progress = (told if told is not None else []).append
    return rehearsals.rehearse(database, Ready(edition, plan, made.renderings), links, progress=progress)


def test_a_rehearsal_makes_everybody_s_mail_and_stores_none(database: Database, links: Links) -> None:
    told: list[int] = []
    found = rehearse(database, links, told)

    assert (found.count, found.failed, told[-1]) == (5, 0, 5)
    assert found.largest_bytes > 10_000
    assert parts(database) == {}


def test_a_mail_that_cannot_be_made_is_found_before_sending(database: Database, links: Links) -> None:
    with database.transaction() as session:
        person = session.scalars(select(Subscriber).where(Subscriber.address == "care@example.org")).one()
        person.address = "care\r\nbcc: x@example.org"
    found = rehearse(database, links)
    with database.reading() as session:
        edition = reading.edition(session, "2026-03")

    assert (found.count, found.failed) == (5, 1)
    assert [finding.code.value for finding in found.findings] == ["merge-failed"]
    with pytest.raises(SendingBlocked, match="cannot stand in a mail header"):
        found.refuse(edition)


def test_newsletters_without_choices_have_one_variant(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        for address in CHOICES:
            choose(session, keys, address)
    with database.reading() as session:
        edition = reading.edition(session, "2026-03")
        plan = variants.plan(session, edition)
        assert variants.names(session, edition) == plan.names
        assert not anybody_chose(session, edition.newsletter_id)
    assert [(one.name, one.count) for one in plan.variants] == [("", 6)]


def test_another_newsletter_has_its_own_readers(database: Database) -> None:
    with database.transaction() as session:
        other = given_newsletter(session, "other")
        assert isinstance(other, Newsletter)
        edition = draft(session, other, "2026-04")
        session.flush()
        name = f"other/{edition.key}"
    with database.reading() as session:
        assert variants.plan(session, reading.edition(session, name)).count == 0


def test_a_proof_is_of_the_mail_that_a_choice_comes_to(database: Database, keys: Keys, links: Links) -> None:
    backend = MemoryBackend()

    def proofed(like: str = "", *sections: str) -> tuple[proofing.Proofed, str]:
        wish = proofing.Wish("2026-03", ["staff@example.org"], like, sections)
        made = proofing.send(Way(database, links, [backend]), keys, wish, actor="cli:ann")
        return made, text(backend.kept[-1].data)

    of_person, seen = proofed("care@example.org")
    assert "It is the mail of readers who get only: Care." in of_person.sentences
    assert "What good care looks like" in seen
    assert "Homes that last" not in seen
    of_choice, seen = proofed("care@example.org", "police, HOUSING")
    assert of_choice.rendering.variant == "2"
    assert "Homes that last" in seen
    whole, seen = proofed("", "Care", "Housing")
    assert whole.rendering.variant == ""
    assert not any("get only" in sentence for sentence in whole.sentences)
    with pytest.raises(NotFound, match="Such a reader chose only sections that 2026-03 does not have"):
        proofed("", "Police")
    with pytest.raises(UsageError, match="has no section 'Nonesuch'"):
        proofed("", "Nonesuch")
    assert len(backend.kept) == 3
