"""Approval: sealed, void by any later change, by a second person where one is wanted; on both databases."""

import concurrent.futures
import datetime
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update

from pulse_mailer import clock
from pulse_mailer.backends.memory import MemoryBackend
from pulse_mailer.composing import designs
from pulse_mailer.composing.merging import Merger
from pulse_mailer.database import Database
from pulse_mailer.delivery import approvals, approving, consenting, planning, scheduling
from pulse_mailer.delivery.planning import Terms
from pulse_mailer.delivery.scheduling import Start
from pulse_mailer.domain.approval import Approval
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.notice import Notice, NoticeKind
from pulse_mailer.editions import drafting, founding, reading
from pulse_mailer.errors import Conflict, PulseMailerError, Refused, SendingBlocked, UsageError, WrongState
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links
from tests.database.sending_given import draft, run, time_comes
from tests.database.subscribers_given import given_newsletter, joined

PEOPLE = 60
ANN, BOB, CLEO = "cli:ann (root)", "cli:bob (root)", "cli:cleo (root)"


@pytest.fixture(autouse=True)
def edition_id(database: Database, keys: Keys) -> int:
    """A draft for sixty people that ann wrote; cleo wants to hear of it."""
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        newsletter.told = ["cleo@example.org"]
        for number in range(1, PEOPLE + 1):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
        found = draft(session, newsletter).id
    edit(database, "A study of March")
    return found


@pytest.fixture
def two(database: Database) -> None:
    """The newsletter wants a second person."""
    set_newsletter(database, needs_second="yes")


def edit(database: Database, subject: str, by: str = ANN) -> bool:
    with database.transaction() as session:
        return drafting.change(session, "2026-03", {"subject": subject}, actor=by).reopened


def set_newsletter(database: Database, **values: str) -> list[str]:
    with database.transaction() as session:
        return founding.change(session, reading.newsletter(session, "pulse"), values, actor=CLEO)


def approve(database: Database, links: Links, by: str = BOB, count: int = PEOPLE) -> str:
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        checked = approving.approve(edition, links, forced=())
        return consenting.approve(session, edition, checked, planning.Approval(by, count)).seal


def send(
    database: Database, links: Links, count: int = PEOPLE, by: str = ANN, *, approved: bool = True
) -> int:
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        checked = None if approved else approving.approve(edition, links, forced=())
        return planning.freeze(session, edition, checked, links, planning.Approval(by, count))


def schedule(database: Database, links: Links, *, approved: bool = True) -> None:
    with database.transaction() as session:
        edition = reading.edition(session, "2026-03")
        checked = None if approved else approving.approve(edition, links, forced=())
        start = Start(clock.now() + datetime.timedelta(days=7), "Europe/London")
        scheduling.schedule(session, edition, checked, planning.Approval(ANN, PEOPLE), start, Terms())


def begin(database: Database, links: Links, edition_id: int) -> scheduling.Begun | None:
    with database.transaction() as session:
        time_comes(session)
    with database.transaction() as session:
        return scheduling.begin(session, edition_id, links)


def standing(database: Database) -> approvals.Standing:
    with database.reading() as session:
        found = approvals.standing(session, reading.edition(session, "2026-03"))
    assert found is not None
    return found


def status(database: Database) -> EditionStatus:
    with database.reading() as session:
        return reading.edition(session, "2026-03").status


def deliveries(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count(Delivery.id))).one()


def test_an_approval_keeps_the_mail_and_seals_what_it_is_made_of(database: Database, links: Links) -> None:
    seal = approve(database, links)
    assert status(database) is EditionStatus.APPROVED
    found = standing(database)
    assert found.holds
    assert (found.approval.seal, found.approval.actor, found.approval.audience_count) == (seal, BOB, PEOPLE)
    with database.reading() as session:
        kept = session.scalars(select(Rendering)).one()
        record = session.scalars(select(AuditRecord).where(AuditRecord.action == "edition.approved")).one()
    assert found.approval.facts["renderings"] == {"": kept.fingerprint}
    assert found.approval.facts["edited_by"] == [ANN]
    assert (record.actor, (record.after or {})["seal"]) == (BOB, seal)
    assert deliveries(database) == 0


def test_what_goes_out_is_the_mail_that_was_approved(
    database: Database, links: Links, edition_id: int
) -> None:
    approve(database, links)
    with database.reading() as session:
        kept = session.scalars(select(Rendering)).one()
    assert send(database, links) == PEOPLE
    backend = MemoryBackend()
    run(database, links, edition_id, backend)
    with database.reading() as session:
        rows = {row.id: row for row in session.scalars(select(Delivery))}
    merger = Merger(kept)
    assert len(backend.kept) == PEOPLE
    assert all(merger.merge(rows[mail.delivery_id], links).data == mail.data for mail in backend.kept)
    assert standing(database).holds


@pytest.mark.parametrize(
    "change",
    [
        lambda database: edit(database, "A study of March,"),
        lambda database: set_newsletter(database, from_name="Somebody else"),
        lambda database: set_newsletter(database, reason="You asked."),
        lambda database: set_newsletter(database, reply_to="other@example.org"),
        lambda database: set_newsletter(database, backends="smtp, file"),
    ],
    ids=["a comma", "the sender", "the footer", "where answers go", "the ways out"],
)
def test_any_change_makes_it_void_and_says_by_whom_and_why(
    database: Database, links: Links, change: Callable[[Database], object]
) -> None:
    approve(database, links)
    change(database)
    assert status(database) is EditionStatus.DRAFT
    found = standing(database)
    assert not found.holds
    assert found.approval.voided_at is not None
    assert found.approval.voided_by in (ANN, CLEO)
    assert found.approval.void_reason
    with pytest.raises(WrongState):
        send(database, links)
    assert deliveries(database) == 0


@pytest.mark.parametrize("values", [{"told": ""}, {"uncertain_policy": "gap"}, {"needs_second": "yes"}])
def test_what_nobody_signs_makes_nothing_void(
    database: Database, links: Links, values: dict[str, str]
) -> None:
    approve(database, links)
    assert set_newsletter(database, **values) == []
    assert standing(database).holds


def test_what_changed_since_is_said_revision_by_revision(database: Database, links: Links) -> None:
    approve(database, links)
    edit(database, "One")
    edit(database, "Two", by=CLEO)
    assert standing(database).changes == (
        f"revision 3 by {ANN}: subject set",
        f"revision 4 by {CLEO}: subject set",
    )


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (update(Edition).values(letter="Dear all"), "what the edition says"),
        (update(Newsletter).values(theme={"brand": "#0B5563"}), "what its newsletter says of itself"),
        (update(Newsletter).values(from_address="eve@example.org"), "its sender or backends"),
        (update(Rendering).values(segments=["x", "header.address", "y"]), "the mail that was kept"),
        (update(Rendering).values(web_html="<p>Another page</p>"), "the web copy that was kept"),
        (update(Approval).values(audience_count=1, seal="0" * 64), "the approval's own record"),
    ],
    ids=["source", "newsletter", "sender", "mail", "web-copy", "record"],
)
def test_what_was_changed_past_every_command_is_found_before_anything_is_sent(
    database: Database, links: Links, statement: object, words: str
) -> None:
    approve(database, links)
    with database.transaction() as session:
        session.execute(statement)  # type: ignore[call-overload]  # a table of statements of several kinds
    with pytest.raises(Conflict, match=words):
        send(database, links)
    assert deliveries(database) == 0


def test_another_design_file_is_found_before_anything_is_sent(
    database: Database, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(database, links)
    monkeypatch.setattr(designs, "hash_of", lambda _design: "another")
    with pytest.raises(Conflict, match="its design changed since cli:bob"):
        send(database, links)
    with database.transaction() as session:
        why = consenting.void_if_broken(session, reading.edition(session, "2026-03"), by=ANN)
    assert why.startswith("its design changed")
    assert status(database) is EditionStatus.DRAFT
    assert standing(database).approval.void_reason == why


@pytest.mark.usefixtures("two")
def test_without_a_second_person_nothing_is_sent_or_scheduled(database: Database, links: Links) -> None:
    for attempt in (send, schedule):
        with pytest.raises(Refused, match=r"needs a second person.*but who changed it.*cli:ann"):
            attempt(database, links, approved=False)
    assert status(database) is EditionStatus.DRAFT


@pytest.mark.usefixtures("two")
def test_who_changed_it_is_not_the_second_person_wherever_they_act_from(
    database: Database, links: Links
) -> None:
    for same in (ANN, "cli:Ann (daemon)", "web:ann"):
        with pytest.raises(Refused, match="cannot be the second person"):
            approve(database, links, by=same)
    approve(database, links, by=BOB)
    assert send(database, links) == PEOPLE


@pytest.mark.usefixtures("two")
def test_who_mends_a_comma_after_the_approval_is_the_one_who_may_not_approve_it(
    database: Database, links: Links
) -> None:
    approve(database, links, by=BOB)
    edit(database, "A study of March, again", by=BOB)
    with pytest.raises(Refused, match="cannot be the second person"):
        approve(database, links, by=BOB)
    approve(database, links, by=ANN)
    assert standing(database).approval.facts["edited_by"] == [BOB]


def test_who_approved_their_own_work_seconded_nobody(database: Database, links: Links) -> None:
    approve(database, links, by=ANN)
    set_newsletter(database, needs_second="yes")
    with pytest.raises(Refused, match="cannot be the second person"):
        send(database, links)
    with database.transaction() as session:
        consenting.unapprove(session, reading.edition(session, "2026-03"), by=ANN, why="")
    edit(database, "Another", by=CLEO)
    with pytest.raises(Refused, match="cannot be the second person"):
        approve(database, links, by=ANN)


def test_one_step_leaves_an_approval_too(database: Database, links: Links) -> None:
    send(database, links, approved=False)
    found = standing(database)
    assert (found.holds, found.approval.actor, found.approval.audience_count) == (True, ANN, PEOPLE)


def test_a_second_approval_is_refused(database: Database, links: Links) -> None:
    approve(database, links)
    with pytest.raises(WrongState, match="is approved already"):
        approve(database, links, by=CLEO)


def test_taken_back_it_is_a_draft_without_its_mail(database: Database, links: Links) -> None:
    approve(database, links)
    with database.transaction() as session:
        consenting.unapprove(session, reading.edition(session, "2026-03"), by=BOB, why="A typo.")
    assert status(database) is EditionStatus.DRAFT
    assert (standing(database).approval.voided_by, standing(database).approval.void_reason) == (
        BOB,
        "A typo.",
    )
    with database.transaction() as session, pytest.raises(WrongState, match="is a draft"):
        consenting.unapprove(session, reading.edition(session, "2026-03"), by=BOB, why="")


@pytest.mark.parametrize("approved", [True, False])
def test_scheduled_it_begins_when_the_seal_holds(
    database: Database, links: Links, edition_id: int, approved: bool
) -> None:
    if approved:
        approve(database, links)
    schedule(database, links, approved=approved)
    assert (standing(database).approval.facts["starts_at"] is None) is approved
    assert begin(database, links, edition_id) == scheduling.Begun("pulse/2026-03", PEOPLE, "")


def test_another_time_than_was_signed_is_found(database: Database, links: Links, edition_id: int) -> None:
    schedule(database, links, approved=False)
    with database.transaction() as session:
        session.execute(update(Edition).values(starts_at=clock.now() - datetime.timedelta(seconds=1)))
    with database.transaction() as session:
        begun = scheduling.begin(session, edition_id, links)
    assert begun is not None
    assert "when it begins changed since" in begun.words


def test_scheduled_it_does_not_begin_when_the_seal_is_broken_and_staff_are_told(
    database: Database, links: Links, edition_id: int
) -> None:
    approve(database, links)
    schedule(database, links)
    with database.transaction() as session:
        session.execute(update(Edition).values(letter="Dear all"))
    begun = begin(database, links, edition_id)
    assert begun is not None
    assert begun.count == 0
    assert begun.words.startswith("Its approval does not hold: what the edition says changed since cli:bob")
    assert (status(database), deliveries(database)) == (EditionStatus.DRAFT, 0)
    with database.reading() as session:
        (notice,) = session.scalars(select(Notice))
    assert (notice.kind, notice.address) == (NoticeKind.NOT_BEGUN, "cleo@example.org")
    assert "what the edition says changed" in notice.body


def test_an_audience_that_changed_by_two_percent_at_most_gets_it_unasked(
    database: Database, keys: Keys, links: Links
) -> None:
    approve(database, links)
    join(database, keys, 1)
    assert send(database, links, count=PEOPLE) == PEOPLE + 1


def test_an_audience_that_changed_by_more_is_confirmed_anew(
    database: Database, keys: Keys, links: Links
) -> None:
    approve(database, links)
    join(database, keys, 2)
    with pytest.raises(SendingBlocked, match="is 62, not 60"):
        send(database, links, count=PEOPLE)
    assert status(database) is EditionStatus.APPROVED
    assert send(database, links, count=PEOPLE + 2) == PEOPLE + 2


def test_another_count_than_was_shown_is_not_approved(database: Database, links: Links) -> None:
    with pytest.raises(SendingBlocked, match="is 60, not 59"):
        approve(database, links, count=59)
    with database.reading() as session:
        assert session.scalar(select(func.count(Approval.id))) == 0


def test_yes_and_no_are_the_only_answers(database: Database) -> None:
    with pytest.raises(UsageError, match="neither yes nor no"):
        set_newsletter(database, needs_second="maybe")


def at_once(*works: Callable[[], object]) -> list[str]:
    """What came of each, by the names of the errors; all begin together."""
    ready = threading.Barrier(len(works))

    def attempt(work: Callable[[], object]) -> str:
        ready.wait(10)
        try:
            work()
        except PulseMailerError as error:
            return type(error).__name__
        return "done"

    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(attempt, works))


def test_of_two_who_approve_at_once_one_is_told_so(database: Database, links: Links) -> None:
    came_of = at_once(lambda: approve(database, links), lambda: approve(database, links, by=CLEO))
    assert sorted(came_of) == ["WrongState", "done"]
    with database.reading() as session:
        assert session.scalar(select(func.count(Approval.id))) == 1
        assert session.scalar(select(func.count(Rendering.id))) == 1


@pytest.mark.parametrize("_again", range(3))
def test_an_edit_beside_an_approval_never_leaves_an_approved_edition_that_was_changed(
    database: Database, links: Links, _again: int
) -> None:
    approved, edited = at_once(lambda: approve(database, links), lambda: edit(database, "Beside it", by=CLEO))
    assert edited == "done"
    assert approved in ("done", "Conflict")
    if status(database) is EditionStatus.APPROVED:
        assert standing(database).holds
    with database.reading() as session:
        edition = reading.edition(session, "2026-03")
        kept = session.scalars(select(Rendering)).all()
        assert [rendering.subject for rendering in kept] in ([], [edition.subject])


@pytest.mark.parametrize("_again", range(3))
def test_an_edit_beside_a_send_either_stops_it_or_is_refused(
    database: Database, links: Links, _again: int
) -> None:
    approve(database, links)
    sent, edited = at_once(lambda: send(database, links), lambda: edit(database, "Beside it", by=CLEO))
    assert (sent, edited) in (("done", "WrongState"), ("WrongState", "done"))
    assert deliveries(database) == (PEOPLE if sent == "done" else 0)


def test_of_two_who_send_an_approved_edition_at_once_one_does(database: Database, links: Links) -> None:
    approve(database, links)
    came_of = at_once(lambda: send(database, links), lambda: send(database, links, by=CLEO))
    assert sorted(came_of) == ["WrongState", "done"]
    assert deliveries(database) == PEOPLE


def test_of_one_who_takes_it_back_and_one_who_sends_one_is_late(database: Database, links: Links) -> None:
    approve(database, links)

    def take_back() -> None:
        with database.transaction() as session:
            consenting.unapprove(session, reading.edition(session, "2026-03"), by=BOB, why="")

    assert sorted(at_once(take_back, lambda: send(database, links))) == ["WrongState", "done"]


def join(database: Database, keys: Keys, count: int) -> None:
    with database.transaction() as session:
        newsletter = reading.newsletter(session, "pulse")
        for number in range(1, count + 1):
            joined(session, keys, newsletter, f"new-{number}@example.org")
