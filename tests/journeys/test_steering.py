"""What people do with a sending, as they type it: hold, schedule, stage, pause, stop, retry, settle."""

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from pulse_mailer.clock import now
from pulse_mailer.database import Database
from pulse_mailer.domain.delivery import Attempt, Delivery, DeliveryStatus, Outcome
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.keys import Keys, load_or_create
from pulse_mailer.mailbox.catcher import Catcher
from pulse_mailer.mailbox.store import Mailbox
from tests.contract.faulty import Does, FaultyServer
from tests.database.sending_given import draft, time_comes
from tests.database.subscribers_given import given_newsletter, joined
from tests.journeys.commands import COMMAND
from tests.journeys.conftest import Program

NAME = "pulse/2026-03"
#: A time to come, in any year in which these tests may run.
YEAR = now().year + 2


@pytest.fixture
def opened(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def mailbox(program: Program) -> Iterator[Mailbox]:
    """The built-in catcher's, which is where the program sends to."""
    kept = Mailbox(program.folder / "mailbox")
    with Catcher(kept, port=0) as catcher:
        program.set("SMTP_PORT", catcher.port)
        yield kept


@pytest.fixture
def drafted(program: Program, opened: Database, mailbox: Mailbox) -> Program:
    """A draft for three people; ann wants to hear of it."""
    given(opened, load_or_create(program.folder / "data" / "keys"))
    assert mailbox.count() == 0
    return program


def given(database: Database, keys: Keys) -> None:
    with database.transaction() as session:
        newsletter = given_newsletter(session)
        newsletter.told = ["ann@example.org"]
        for number in (1, 2, 3):
            joined(session, keys, newsletter, f"reader-{number}@example.org")
        draft(session, newsletter)


def status(database: Database) -> EditionStatus:
    with database.reading() as session:
        return session.scalars(select(Edition.status)).one()


def states(database: Database) -> list[DeliveryStatus]:
    with database.reading() as session:
        return list(session.scalars(select(Delivery.status).order_by(Delivery.id)))


def recipients(mailbox: Mailbox) -> list[str]:
    return sorted(envelope.recipients[0] for envelope in mailbox.list())


def test_after_its_hold_an_edition_goes_out_and_the_staff_are_told(
    drafted: Program, opened: Database, mailbox: Mailbox
) -> None:
    ended = drafted("edition", "send", "2026-03", "--confirm-count", "3", "--hold", "0.01")
    assert ended.status == 0, ended
    assert "Held for 1 s. Ctrl-C takes it back" in ended.err
    assert status(opened) is EditionStatus.SENT
    assert recipients(mailbox) == [
        "ann@example.org",
        "reader-1@example.org",
        "reader-2@example.org",
        "reader-3@example.org",
    ]


def test_ctrl_c_during_the_hold_takes_it_back(drafted: Program, opened: Database, mailbox: Mailbox) -> None:
    sender = subprocess.Popen(
        [*COMMAND, "edition", "send", "2026-03", "--confirm-count", "3", "--hold", "30"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert sender.stderr is not None
    assert sender.stderr.readline().startswith("Held for 30 min.")
    assert status(opened) is EditionStatus.SCHEDULED
    sender.send_signal(signal.SIGINT)
    out, err = sender.communicate(timeout=30)
    assert (sender.returncode, err) == (130, "")
    assert "2026-03 was taken back: nothing was sent, and it is a draft again." in out
    assert (status(opened), mailbox.count()) == (EditionStatus.DRAFT, 0)


def test_taken_back_from_elsewhere_the_hold_ends_with_a_word(
    drafted: Program, opened: Database, mailbox: Mailbox
) -> None:
    sender = subprocess.Popen(
        [*COMMAND, "edition", "send", "2026-03", "--confirm-count", "3", "--hold", "30"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert sender.stderr is not None
    assert sender.stderr.readline().startswith("Held for 30 min.")
    assert drafted("edition", "take-back", NAME).status == 0
    _, err = sender.communicate(timeout=30)
    assert sender.returncode == 4
    assert "is a draft now: somebody else changed it or took it back." in err
    assert (status(opened), mailbox.count()) == (EditionStatus.DRAFT, 0)


def test_a_hold_whose_program_was_killed_goes_on_when_it_is_run_again(
    drafted: Program, opened: Database, mailbox: Mailbox
) -> None:
    assert (
        drafted("edition", "send", "2026-03", "--confirm-count", "3", "--hold", "5", "--no-wait").status == 0
    )
    with opened.transaction() as session:
        time_comes(session)
    ended = drafted("edition", "send", "2026-03")
    assert ended.status == 0, ended
    assert status(opened) is EditionStatus.SENT


def test_scheduled_by_the_clock_it_says_when_in_utc_too_and_can_be_taken_back(
    drafted: Program, opened: Database
) -> None:
    when = f"{YEAR}-07-01 09:00"
    ended = drafted("edition", "send", "2026-03", "--confirm-count", "3", "--at", when)
    assert ended.status == 0, ended
    said = f"1 Jul {YEAR} 09:00 BST in Europe/London (08:00 UTC)"
    assert f"It begins by itself on {said}." in ended.out
    assert f"2026-03 is scheduled: it begins on {said}." in ended.out
    shown = drafted("edition", "report", "2026-03")
    assert shown.out.startswith(
        f"Scheduled: March 2026 begins by itself on 1 Jul {YEAR} 09:00 BST, for 3 people."
    )
    report = json.loads(drafted("edition", "report", "2026-03", "--json").out)
    assert (report["status"], report["starts_at"]) == ("scheduled", f"{YEAR}-07-01T08:00:00+00:00")
    again = drafted("edition", "send", "2026-03")
    assert again.status == 4
    assert f"first take it back: pulse-mailer edition take-back {NAME}" in again.err
    assert drafted("edition", "take-back", "2026-03").status == 0
    assert status(opened) is EditionStatus.DRAFT


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (["--at", "2020-01-01 09:00"], 2, "1 Jan 2020 09:00 GMT in Europe/London (09:00 UTC) is over."),
        (["--at", "2036-03-30 01:30"], 2, "never shows 01:30 on 30 March 2036"),
        (["--at", "2036-10-26 01:30"], 2, "--fold first or --fold second"),
        (
            ["--at", "2036-10-26 01:30", "--fold", "second", "--dry-run"],
            0,
            "01:30 GMT in Europe/London (01:30 UTC)",
        ),
        (
            ["--at", "2036-10-05 02:15", "--zone", "Australia/Lord_Howe"],
            2,
            "never shows 02:15 on 5 October 2036",
        ),
        (["--at", "soon"], 2, "'soon' is not a day and a time"),
        (["--at", "2036-01-01 09:00", "--zone", "Nowhere"], 2, "'Nowhere' is not a time zone"),
        (["--at", "2036-01-01 09:00", "--hold", "5"], 2, "--at and --hold exclude each other"),
        (["--zone", "Europe/London"], 2, "--zone and --fold go with --at"),
        (["--hold", "31"], 2, "'--hold': Input should be less than or equal to 30"),
        (["--first", "0"], 2, "--first"),
        (["--lifetime", "1000"], 2, "--lifetime"),
    ],
)
def test_a_time_that_cannot_be_is_refused_before_anything_is_done(
    drafted: Program, opened: Database, options: list[str], status: int, says: str
) -> None:
    ended = drafted("edition", "send", "2026-03", "--confirm-count", "3", *options)
    assert ended.status == status
    assert says in ended.out + ended.err
    with opened.reading() as session:
        assert session.scalars(select(Edition.status)).one() is EditionStatus.DRAFT


def test_in_stages_it_waits_for_a_word_after_each(
    drafted: Program, opened: Database, mailbox: Mailbox
) -> None:
    first = drafted("edition", "send", "2026-03", "--confirm-count", "3", "--first", "1", "--lifetime", "12")
    assert first.status == 3
    assert "It goes to 1 of them first, and then waits for your word." in first.out
    assert "Paused by the program: The first stage is out; the other 2 wait for your word." in first.out
    assert f"Let it go on: pulse-mailer edition resume {NAME}" in first.out
    assert recipients(mailbox) == ["ann@example.org", "reader-1@example.org"]
    refused = drafted("edition", "send", "2026-03")
    assert refused.status == 4
    assert "2026-03 is paused: The first stage is out" in refused.err
    assert drafted("edition", "resume", "2026-03").out.startswith("2026-03 goes on.")
    last = drafted("edition", "send", "2026-03")
    assert last.status == 0
    assert "Finished: March 2026 went to 3 of 3." in last.out
    with opened.reading() as session:
        assert session.scalars(select(Edition.lifetime_hours)).one() == 12


def test_paused_and_stopped_it_says_so_and_the_rest_do_not_get_it(
    drafted: Program, opened: Database, mailbox: Mailbox
) -> None:
    drafted("edition", "send", "2026-03", "--confirm-count", "3", "--no-wait")
    paused = drafted("edition", "pause", "2026-03", "--why", "A wrong date.")
    assert paused.status == 0
    assert f"Let it go on: pulse-mailer edition resume {NAME}" in paused.out
    shown = drafted("edition", "report", "2026-03").out
    assert "Paused: March 2026 went to 0 of 3; 3 waiting." in shown
    assert ": A wrong date." in shown
    assert drafted("edition", "pause", "2026-03").status == 4
    asked = drafted("edition", "stop", "2026-03")
    assert asked.status == 2
    assert "3 people still wait for 2026-03, and will not get it." in asked.err
    stopped = drafted("edition", "stop", "2026-03", "--yes", "--why", "The wrong text.")
    assert stopped.out.startswith("2026-03 is stopped: 3 people do not get it.")
    assert set(states(opened)) == {DeliveryStatus.CANCELLED}
    assert drafted("edition", "stop", "2026-03", "--yes").status == 4
    again = drafted("edition", "retry", "2026-03", "--cancelled")
    assert again.out.startswith("3 of 2026-03 wait again.")
    assert drafted("edition", "send", "2026-03").status == 0
    assert "reader-3@example.org" in recipients(mailbox)


def test_only_the_refused_are_tried_again(drafted: Program, opened: Database, mailbox: Mailbox) -> None:
    with FaultyServer(faults={("reader-2", "RCPT"): b"550 5.7.1 Not from here"}) as server:
        drafted.set("SMTP_PORT", server.port)
        assert drafted("edition", "send", "2026-03", "--confirm-count", "3", "--no-wait").status == 0
        sent = drafted("edition", "send", "2026-03")
    with opened.transaction() as session:
        # Whether a policy's refusal is held back first is another's matter; here it has failed.
        refused = update(Delivery).where(Delivery.address == "reader-2@example.org")
        session.execute(refused.values(status=DeliveryStatus.FAILED, next_attempt_at=None))
        session.execute(update(Edition).values(status=EditionStatus.SENT))
    assert "550" in sent.out
    nobody = drafted("edition", "retry", "2026-03", "--code", "5.1.1")
    assert nobody.out.startswith("Nobody of 2026-03 is to be tried again.")
    assert drafted("edition", "retry", "2026-03", "--code", "550", "--cancelled").status == 2
    assert drafted("edition", "retry", "2026-03", "--code", "550").out.startswith("1 of 2026-03 wait again.")
    with Catcher(mailbox, port=0) as catcher:
        drafted.set("SMTP_PORT", catcher.port)
        assert drafted("edition", "send", "2026-03").status == 0
    assert [who for who in recipients(mailbox) if who.startswith("reader")] == ["reader-2@example.org"]


def test_doubts_are_listed_with_all_that_helps_and_settled_with_a_reason(
    drafted: Program, opened: Database, mailbox: Mailbox
) -> None:
    drafted.set("CONNECTIONS", 1)
    lost: dict[tuple[str, str], bytes | Does] = {
        (f"reader-{number}", "DOT"): Does.KEEP_AND_HANG_UP for number in (1, 2)
    }
    with FaultyServer(faults=lost) as server:
        drafted.set("SMTP_PORT", server.port)
        sent = drafted("edition", "send", "2026-03", "--confirm-count", "3")
        relay = f"127.0.0.1:{server.port}"
    assert sent.status == 3
    assert "Finished, 2 uncertain: March 2026 went to 1 of 3." in sent.out
    assert f"pulse-mailer delivery settle --edition {NAME} --all --sent --why TEXT" in sent.out
    listed = drafted("delivery", "list", "--edition", "2026-03", "--state", "uncertain").out
    assert f"smtp at {relay}, connection 1, came as far as dot, worker " in listed
    assert "Message-ID <e1." in listed
    found = json.loads(drafted("delivery", "list", "--state", "uncertain", "--json").out)
    assert [(one["relay"], one["connection"], one["stage"]) for one in found] == [(relay, 1, "dot")] * 2
    first, second = (str(one["id"]) for one in found)
    assert drafted("delivery", "settle", first, "--sent").status == 2
    assert drafted("delivery", "settle", first, "--sent", "--resend", "--why", "x").status == 2
    assert drafted("delivery", "settle", "--all", "--sent", "--why", "x").status == 2
    assert (
        drafted("delivery", "settle", first, "--all", "--edition", "2026-03", "--sent", "--why", "x").status
        == 2
    )
    settled = drafted("delivery", "settle", first, "--sent", "--why", "It is in its log.")
    assert settled.out == "1 taken for sent.\n"
    refused = drafted("delivery", "settle", first, second, "--resend", "--why", "It is not there.")
    assert refused.status == 4
    assert f"These are not: {first} (sent)." in refused.err
    again = drafted("delivery", "settle", "--edition", "2026-03", "--all", "--resend", "--why", "Not there.")
    assert again.out.startswith("1 wait to be sent once more.")
    assert f"pulse-mailer edition send {NAME}" in again.out
    with Catcher(mailbox, port=0) as catcher:
        drafted.set("SMTP_PORT", catcher.port)
        assert drafted("edition", "send", "2026-03").status == 0
    assert "reader-2@example.org" in recipients(mailbox)
    shown = drafted("delivery", "show", first).out
    assert "taken for sent by cli:" in shown
    assert "It is in its log." in shown


def test_a_newsletters_ways_of_sending_are_set_and_shown(drafted: Program) -> None:
    for field, value in (
        ("told", "ann@example.org, bob@example.org"),
        ("uncertain-policy", "gap"),
        ("backends", "smtp"),
    ):
        assert drafted("newsletter", "set", field, value).status == 0
    shown = json.loads(drafted("newsletter", "show", "--json").out)
    assert shown["told"] == ["ann@example.org", "bob@example.org"]
    assert (shown["uncertain_policy"], shown["backends"]) == ("gap", ["smtp"])
    assert drafted("newsletter", "set", "uncertain-policy", "maybe").status == 2


def test_a_change_of_what_was_to_be_sent_takes_it_back_and_says_so(drafted: Program) -> None:
    when = ("--at", f"{YEAR}-07-01 09:00")
    for change in (
        ("edition", "set", "2026-03", "subject", "Another"),
        ("newsletter", "set", "from-name", "Somebody else"),
    ):
        assert drafted("edition", "send", "2026-03", "--confirm-count", "3", *when).status == 0
        changed = drafted(*change)
        assert changed.status == 0
        assert "2026-03 was to be sent, and was taken back" in changed.out


def test_a_draft_cannot_be_stopped_and_nobody_is_asked(drafted: Program) -> None:
    ended = drafted("edition", "stop", NAME)
    assert ended.status == 4
    assert ended.err.startswith("error: 2026-03 is a draft, not being sent.")


def test_the_report_of_a_draft_says_how_to_send_it(drafted: Program) -> None:
    ended = drafted("edition", "report", NAME)
    assert ended.status == 0
    assert ended.out == f"March 2026 has not been sent.\nSend it: pulse-mailer edition send {NAME}\n"


def test_the_report_of_a_scheduled_edition_says_for_how_many(drafted: Program) -> None:
    drafted("edition", "send", NAME, "--confirm-count", "3", "--at", f"{YEAR}-12-01 09:00", "--first", "2")
    ended = drafted("edition", "report", NAME)
    assert ended.out.startswith(
        f"Scheduled: March 2026 begins by itself on 1 Dec {YEAR} 09:00 GMT, for 3 people; to 2 of them first.\n"
    )


def test_the_report_of_a_stage_says_how_many_are_left_of_it(drafted: Program) -> None:
    drafted("edition", "send", NAME, "--confirm-count", "3", "--hold", "0", "--first", "1")
    drafted("edition", "resume", NAME, "--first", "1")
    ended = drafted("edition", "report", NAME)
    assert "It goes to 1 more of them, and then waits for your word." in ended.out


def test_when_nothing_is_uncertain_there_is_nothing_to_settle(drafted: Program) -> None:
    ended = drafted("delivery", "settle", "--edition", NAME, "--all", "--sent", "--why", "log")
    assert ended.status == 4
    assert ended.err == "error: No delivery of 2026-03 is uncertain; there is nothing to settle.\n"


def test_a_delivery_that_was_not_tried_yet_says_so(drafted: Program) -> None:
    drafted("edition", "send", NAME, "--confirm-count", "3", "--hold", "0", "--first", "1")
    ended = drafted("delivery", "show", "3")
    assert ended.out.endswith("It was not tried yet.\n")


def test_what_was_settled_is_no_longer_reported_as_uncertain(drafted: Program, opened: Database) -> None:
    drafted("edition", "send", NAME, "--confirm-count", "3", "--hold", "0")
    with opened.transaction() as session:
        session.execute(update(Attempt).values(outcome=Outcome.UNCERTAIN, reply="The worker ended."))
    assert "uncertain" not in drafted("edition", "report", NAME).out


def test_setting_a_newsletters_field_says_what_it_is_now(drafted: Program) -> None:
    ended = drafted("newsletter", "set", "told", "ann@example.org, Ben@Example.org")
    assert ended.out == "Pulse: told is ann@example.org, Ben@example.org now.\n"
    assert drafted("newsletter", "set", "told", "").out == "Pulse: told is empty now.\n"
