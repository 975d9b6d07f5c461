"""An edition's way from the list to its result, over real HTTP without scripts."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import select, update

from pulse_mailer.backends.memory import MemoryBackend
from pulse_mailer.bootstrap import Mailer
from pulse_mailer.clock import now
from pulse_mailer.composing.finding import Code
from pulse_mailer.composing.visiting import Outcome
from pulse_mailer.delivery import readying, rehearsals
from pulse_mailer.delivery.dispatch import Way, dispatch
from pulse_mailer.delivery.scheduling import begin
from pulse_mailer.domain.approval import Approval, Proof
from pulse_mailer.domain.auditing import AuditRecord
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.rehearsal import SILENT_AFTER, Rehearsal
from pulse_mailer.domain.staff import Role, Staff
from pulse_mailer.domain.subscriber import Subscriber
from pulse_mailer.editions import drafting, reading, visits
from pulse_mailer.errors import Refused
from pulse_mailer.settings import Settings
from pulse_mailer.web.app import create_app
from pulse_mailer.web.consent import TYPED_ABOVE
from pulse_mailer.web.server import running
from tests.database.sending_given import drafted
from tests.database.subscribers_given import joined
from tests.pages_given import KEY, SLUG, given_sent
from tests.staff_given import cookies, csrf, given_staff

NAME = "pulse/2026-03"
BASE = f"/staff/editions/{NAME}"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"backend": "file", "hold_minutes": 0.0})


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    """A draft that preflight lets through, and three readers."""
    given_staff(mailer)
    drafted(mailer.database, mailer.keys)
    with running(create_app(mailer)) as url:
        yield url


def get(url: str, role: Role = Role.APPROVER, status: int = 200) -> str:
    answer = requests.get(url, cookies=cookies(role), timeout=30)
    assert answer.status_code == status, answer.text
    return " ".join(answer.text.split())


def post(url: str, role: Role = Role.APPROVER, **typed: Any) -> requests.Response:
    return requests.post(
        url, data=typed, cookies=cookies(role), headers=csrf(role), timeout=60, allow_redirects=False
    )


def went(answer: requests.Response, to: str) -> None:
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"].split("#")[0].split("?")[0] == to


def refused(answer: requests.Response, words: str, status: int = 409) -> None:
    assert answer.status_code == status, answer.text
    shown = " ".join(answer.text.split())
    assert words in shown.replace("&#39;", "'")
    assert 'role="alert"' in shown
    assert "pulse-mailer " not in shown  # no page asks staff to type a command


def edition_of(mailer: Mailer) -> Edition:
    with mailer.database.reading() as database:
        return reading.edition(database, NAME)


def yes(site: str, page: str = "send") -> dict[str, Any]:
    """The hidden fields of a form, as a browser sends them."""
    shown = get(f"{site}{BASE}/{page}")
    found = {}
    for name in ("count", "fingerprint", "was_approved"):
        if f'name="{name}" value="' in shown:
            found[name] = shown.split(f'name="{name}" value="')[1].split('"')[0]
    return found


def begun(mailer: Mailer) -> MemoryBackend:
    """What a worker does once the hold is over, which lasts no time here."""
    backend = MemoryBackend()
    edition = edition_of(mailer)
    with mailer.database.transaction() as database:
        found = begin(database, edition.id, mailer.links)
    assert found is not None
    assert found.count, found.words
    way = Way(mailer.database, mailer.links, [backend], connections=1)
    dispatch(way, edition.id, stop=threading.Event(), watch=lambda _receipt: None)
    return backend


@pytest.mark.parametrize("page", ["proof", "approve", "send"])
def test_who_decides_has_the_mail_before_them(site: str, page: str) -> None:
    shown = get(f"{site}{BASE}/{page}")
    source = re.search(r'<iframe src="([^"]+)" sandbox=""', shown)
    assert source
    assert "What good care looks like" in get(site + source[1])


def test_where_no_mail_can_be_made_there_is_none_to_look_at(mailer: Mailer, site: str) -> None:
    with mailer.database.transaction() as database:
        reading.edition(database, NAME).newsletter.design = "gone"
    for page in ("approve", "send"):
        assert "<iframe" not in get(f"{site}{BASE}/{page}")


def test_the_list_tells_how_each_stands_and_begins_the_next(mailer: Mailer, site: str) -> None:
    shown = get(f"{site}/", Role.COMPOSER)
    for words in ("March 2026", "Draft", "1 item", "3 people", 'value="2026-04"'):
        assert words in shown
    answer = post(
        f"{site}/staff/editions", Role.COMPOSER, newsletter="pulse", key="2026-04", source="2026-03"
    )
    went(answer, "/staff/editions/pulse/2026-04/compose")
    assert ", by Ann Composer" in get(f"{site}/", Role.VIEWER)
    assert "New edition" not in get(f"{site}/", Role.VIEWER)
    again = post(f"{site}/staff/editions", Role.COMPOSER, newsletter="pulse", key="2026-04")
    refused(again, "There is an edition pulse/2026-04 already.")
    assert 'value="2026-04"' in again.text  # nothing typed is lost
    special = post(f"{site}/staff/editions", Role.COMPOSER, newsletter="pulse", key="Summer special")
    went(special, "/staff/editions/pulse/Summer-special/compose")
    assert "Summer special" in get(f"{site}/", Role.COMPOSER)


def test_a_check_leads_to_each_place(mailer: Mailer, site: str) -> None:
    assert "It can be sent" in get(f"{site}{BASE}/check")
    with mailer.database.transaction() as database:
        edition = reading.edition(database, NAME)
        edition.subject = ""
        next(edition.items()).url = ""
    shown = get(f"{site}{BASE}/check", Role.COMPOSER)
    assert "to mend" in shown
    assert f"{BASE}/compose#texts-subject" in shown
    assert f"{BASE}/compose#item-1-url" in shown
    assert "Go there" not in get(f"{site}{BASE}/check", Role.VIEWER)


def test_a_check_knows_what_links_led_to_as_sending_does(mailer: Mailer, site: str) -> None:
    url = "https://example.org/care"
    with mailer.database.transaction() as database:
        gone = Outcome(Code.LINK_BROKEN, f"{url} is broken: the page is gone (404).", "Find it.")
        visits.keep(database, {url: gone}, now())
    checked = get(f"{site}{BASE}/check")
    assert "1 thing to mend" in checked
    assert "the page is gone (404)" in checked
    assert "the page is gone (404)" in get(f"{site}{BASE}/send")


def test_what_an_earlier_edition_said_may_be_kept_by_a_button(mailer: Mailer, site: str) -> None:
    with mailer.database.transaction() as database:
        reading.edition(database, NAME).to_write = ["subject"]
    shown = get(f"{site}{BASE}/check", Role.COMPOSER)
    assert "say that it is to stay." in shown
    assert "Keep it as it is" in shown
    assert "pulse-mailer" not in shown
    assert post(f"{site}{BASE}/check/keep", Role.COMPOSER, field="revision").status_code == 400
    went(post(f"{site}{BASE}/check/keep", Role.COMPOSER, field="subject"), f"{BASE}/check")
    assert "Keep it as it is" not in get(f"{site}{BASE}/check", Role.COMPOSER)


def test_links_are_visited_while_the_page_is_looked_at(mailer: Mailer, site: str) -> None:
    with mailer.database.transaction() as database:
        next(reading.edition(database, NAME).items()).url = "http://127.0.0.1:1/nothing"
    went(post(f"{site}{BASE}/check/links", Role.COMPOSER), f"{BASE}/check")
    for _ in range(100):
        if (
            "HX-Refresh"
            in requests.get(f"{site}{BASE}/check/links", cookies=cookies(Role.COMPOSER), timeout=30).headers
        ):
            break
    shown = get(f"{site}{BASE}/check")
    assert "Every link was visited" in shown
    assert "was not visited" in shown  # it leads to this machine


def test_a_proof_goes_to_anybody_and_says_what_changed_since(mailer: Mailer, site: str) -> None:
    assert 'value="composer@example.org"' in get(f"{site}{BASE}/proof", Role.COMPOSER)
    went(post(f"{site}{BASE}/proof", Role.COMPOSER, to="ann@example.org, bob@example.org"), f"{BASE}/proof")
    shown = get(f"{site}{BASE}/proof?done=1", Role.COMPOSER)
    assert "Proof 1 went to ann@example.org" in shown
    assert "Nothing was changed in it since proof 1." in shown
    with mailer.database.transaction() as database:
        drafting.change(database, NAME, {"subject": "Pulse for March"}, actor="composer@example.org")
    assert "1 change since proof 1" in get(f"{site}{BASE}/proof", Role.COMPOSER)
    with mailer.database.reading() as database:
        assert len(database.scalars(select(Proof)).all()) == 2


def test_a_proof_is_offered_to_oneself_where_mail_gets(mailer: Mailer, site: str) -> None:
    assert 'value="composer@example.org"' in get(f"{site}{BASE}/proof", Role.COMPOSER)
    with mailer.database.transaction() as database:
        database.execute(update(Staff).where(Staff.role == Role.COMPOSER).values(address="admin@localhost"))
    assert "admin@localhost" not in get(f"{site}{BASE}/proof", Role.COMPOSER)


@pytest.mark.parametrize(
    ("typed", "words", "status"),
    [
        ({"to": ""}, "A proof needs an address.", 400),
        ({"to": "nonsense"}, "nonsense", 422),
        ({"to": "a@example.org", "like": "reader-1@example.org"}, "does not let you see", 403),
    ],
)
def test_a_proof_that_cannot_be_is_refused_at_the_form(
    site: str, typed: dict[str, Any], words: str, status: int
) -> None:
    answer = post(f"{site}{BASE}/proof", Role.COMPOSER, **typed)
    refused(answer, words, status)
    assert f'value="{typed["to"]}"' in answer.text


def test_an_edition_is_sent_after_its_hold_and_its_result_adds_up(mailer: Mailer, site: str) -> None:
    shown = get(f"{site}{BASE}/send")
    assert "goes to <strong>3 people</strong>" in shown
    assert "Send to 3 people" in shown
    went(post(f"{site}{BASE}/send", **yes(site)), f"{BASE}/progress")
    hold = get(f"{site}{BASE}/progress")
    assert "Stop, don’t send" in hold
    assert "It begins in" in hold
    assert len(begun(mailer).kept) == 3
    shown = get(f"{site}{BASE}/result")
    assert "Finished: March 2026 went to 3 of 3." in shown
    assert "0 people unsubscribed" in shown
    assert f"/editions/{NAME}" in shown
    with mailer.database.reading() as database:
        said = {one.action: one.actor for one in database.scalars(select(AuditRecord))}
    assert said["edition.scheduled"] == "approver@example.org"


def test_stopping_in_the_hold_sends_nothing(mailer: Mailer, site: str) -> None:
    post(f"{site}{BASE}/send", **yes(site))
    went(post(f"{site}{BASE}/take-back", Role.OPERATOR), f"{BASE}/progress")
    assert edition_of(mailer).status is EditionStatus.DRAFT
    refused(post(f"{site}{BASE}/take-back"), "cannot be taken back")


def test_of_two_who_send_at_once_one_does(mailer: Mailer, site: str) -> None:
    typed, answers = yes(site), []
    both = threading.Barrier(2)

    def send() -> None:
        both.wait()
        answers.append(post(f"{site}{BASE}/send", **typed))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status_code for one in answers) == [303, 409]
    assert edition_of(mailer).status is EditionStatus.SCHEDULED
    with mailer.database.reading() as database:
        assert len(database.scalars(select(Approval)).all()) == 1
    refused(post(f"{site}{BASE}/send", **typed), "nothing was begun a second time")


def test_an_audience_that_changed_is_said_yes_to_again(mailer: Mailer, site: str) -> None:
    typed = yes(site)
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, "pulse")
        joined(database, mailer.keys, newsletter, "late@example.org")
    answer = post(f"{site}{BASE}/send", **typed)
    refused(answer, "The audience is 4, not 3.")
    assert "Send to 4 people" in answer.text
    assert edition_of(mailer).status is EditionStatus.DRAFT


def test_the_number_of_many_people_is_typed(mailer: Mailer, site: str) -> None:
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, "pulse")
        for number in range(TYPED_ABOVE):
            joined(database, mailer.keys, newsletter, f"more-{number}@example.org")
    typed = yes(site)
    assert "Type the number of people: 103" in get(f"{site}{BASE}/send")
    refused(post(f"{site}{BASE}/send", **typed), "No number was typed.", 400)
    refused(post(f"{site}{BASE}/send", **typed, typed="130"), "You typed '130'.", 400)
    went(post(f"{site}{BASE}/send", **typed, typed=" 103 "), f"{BASE}/progress")


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"when": "at", "at": ""}, "is not a day and a time"),
        ({"when": "at", "at": "2020-01-01T09:00"}, "is over"),
        ({"when": "at", "at": "2036-10-26T01:30"}, "Say which"),
        ({"first": "none"}, "is no number of people"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_at_the_form(
    mailer: Mailer, site: str, wish: dict[str, Any], words: str
) -> None:
    answer = post(f"{site}{BASE}/send", **yes(site), **wish)
    assert answer.status_code == 400, answer.text
    assert words in answer.text
    assert edition_of(mailer).status is EditionStatus.DRAFT


def test_it_begins_at_a_time_by_the_clock_of_the_newsletter(mailer: Mailer, site: str) -> None:
    typed = yes(site) | {"when": "at", "at": "2036-10-26T01:30", "turn": "second", "first": "2"}
    went(post(f"{site}{BASE}/send", **typed), f"{BASE}/progress")
    assert "26 Oct 2036, 01:30 GMT" in get(f"{site}{BASE}/progress")
    assert edition_of(mailer).first_count == 2


def test_an_error_is_let_pass_by_name(mailer: Mailer, site: str) -> None:
    with mailer.database.transaction() as database:
        reading.edition(database, NAME).subject = ""
    typed = yes(site)
    refused(post(f"{site}{BASE}/send", **typed), "subject-missing")
    refused(post(f"{site}{BASE}/send", **typed), "something should be mended first")
    refused(post(f"{site}{BASE}/send", **typed, forced="size"), "no error called size", 400)
    went(post(f"{site}{BASE}/send", **typed, forced="subject-missing"), f"{BASE}/progress")
    with mailer.database.reading() as database:
        signed = database.scalars(select(Approval)).one()
    assert signed.facts["forced"] == ["subject-missing: The subject"]


def test_another_person_approves_where_that_is_wanted_and_a_change_voids_it(
    mailer: Mailer, site: str
) -> None:
    with mailer.database.transaction() as database:
        reading.newsletter(database, "pulse").needs_second = True
        drafting.change(database, NAME, {"subject": "Pulse for March"}, actor="approver@example.org")
    assert "It needs a second person first." in get(f"{site}{BASE}/send")
    assert "You changed it" in get(f"{site}{BASE}/approve")
    typed: dict[str, Any] = {"count": "3", "fingerprint": ""}
    refused(post(f"{site}{BASE}/approve", **typed), "cannot be the second person")
    went(post(f"{site}{BASE}/approve", Role.ADMIN, **typed), f"{BASE}/approve")
    assert "Ann Admin approved it on" in get(f"{site}{BASE}/approve")
    refused(post(f"{site}{BASE}/approve", Role.ADMIN, **typed), "approved already")
    with mailer.database.transaction() as database:
        drafting.change(database, NAME, {"subject": "Pulse, at last"}, actor="approver@example.org")
    shown = get(f"{site}{BASE}/approve", Role.ADMIN)
    assert "That no longer holds" in shown
    assert "<ins>" in shown
    went(post(f"{site}{BASE}/approve", Role.ADMIN, **typed), f"{BASE}/approve")
    went(post(f"{site}{BASE}/send", **yes(site)), f"{BASE}/progress")


def test_an_approval_is_taken_back(mailer: Mailer, site: str) -> None:
    went(post(f"{site}{BASE}/approve", **yes(site, "approve")), f"{BASE}/approve")
    went(post(f"{site}{BASE}/unapprove"), f"{BASE}/approve")
    assert edition_of(mailer).status is EditionStatus.DRAFT
    refused(post(f"{site}{BASE}/unapprove"), "no approval of it can be taken back")


def test_pause_resume_and_stop_say_who_has_it(mailer: Mailer, site: str) -> None:
    post(f"{site}{BASE}/send", **yes(site), first="1")
    assert len(begun(mailer).kept) == 1  # the first stage is out, and it waits for a word
    shown = get(f"{site}{BASE}/progress", Role.OPERATOR)
    assert "1 has it already, and that cannot be called back. 2 do not have it yet" in shown
    assert "Go on</button>" not in shown
    refused(post(f"{site}{BASE}/resume", first="some"), "is no number of people", 400)
    went(post(f"{site}{BASE}/resume"), f"{BASE}/progress")
    live = requests.get(f"{site}{BASE}/progress/live?was=paused", cookies=cookies(Role.VIEWER), timeout=30)
    assert (live.status_code, live.headers["HX-Refresh"]) == (286, "true")
    assert "of 3" in get(f"{site}{BASE}/progress/live?was=sending")
    went(post(f"{site}{BASE}/pause", Role.OPERATOR, why="A wrong name"), f"{BASE}/progress")
    assert "A wrong name" in get(f"{site}{BASE}/progress")
    refused(post(f"{site}{BASE}/pause"), "not being sent")
    went(post(f"{site}{BASE}/stop", Role.OPERATOR, why="Withdrawn"), f"{BASE}/result")
    refused(post(f"{site}{BASE}/stop"), "not being sent")
    assert "Send to the 2 whom the stop left out" in get(f"{site}{BASE}/result")
    went(post(f"{site}{BASE}/retry", cancelled="true", permanent="true"), f"{BASE}/progress")
    assert edition_of(mailer).status is EditionStatus.SENDING


def test_who_did_not_get_it_gets_it_once_more(mailer: Mailer) -> None:
    given_sent(mailer)
    given_staff(mailer)
    base = f"/staff/editions/{SLUG}/{KEY}"
    with mailer.database.transaction() as database:
        edition = reading.edition(database, f"{SLUG}/{KEY}")
        edition.status, edition.finished_at = EditionStatus.SENT, now()
    with running(create_app(mailer)) as site:
        assert "Send to the 1 who did not get it" in get(f"{site}{base}/result")
        assert "550 5.1.1 No such user here" in get(f"{site}{base}/result")
        refused(post(f"{site}{base}/retry"), "Nobody is left who failed for now")
        went(post(f"{site}{base}/retry", permanent="true"), f"{base}/progress")
        refused(post(f"{site}{base}/retry", permanent="true"), "Nobody is to be tried again")


def test_the_list_of_who_is_left_out_is_for_who_may_see_readers(mailer: Mailer, site: str) -> None:
    get(f"{site}{BASE}/left-out", Role.COMPOSER, 403)
    assert "0 are left out" in get(f"{site}{BASE}/left-out")


# While everybody's mail is made: another program does it here, so that it takes as long as the test wants.


def under_way(mailer: Mailer) -> rehearsals.Run:
    with mailer.database.reading() as database:
        made = readying.ready(database, reading.edition(database, NAME), mailer.links)
    return rehearsals.begin(mailer.database, made, mailer.links)


def hidden(answer: requests.Response) -> dict[str, Any]:
    """The fields that the page to wait at has sent again."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text))


def looked(site: str) -> requests.Response:
    return requests.get(f"{site}{BASE}/rehearsal", cookies=cookies(Role.VIEWER), timeout=30)


@pytest.mark.parametrize(
    ("page", "then", "status"),
    [("approve", "approve", EditionStatus.APPROVED), ("send", "progress", EditionStatus.SCHEDULED)],
)
def test_a_form_waits_until_everybodys_mail_was_made(
    mailer: Mailer, site: str, page: str, then: str, status: EditionStatus
) -> None:
    run = under_way(mailer)
    waits = post(f"{site}{BASE}/{page}", **yes(site, page))
    assert waits.status_code == 200
    assert "0 of 3 mails made" in waits.text
    assert edition_of(mailer).status is EditionStatus.DRAFT
    assert looked(site).status_code == 200
    again = hidden(waits)
    assert "0 of 3 mails made" in post(f"{site}{BASE}/{page}", **again).text
    rehearsals.go(mailer.database, run, mailer.links)
    over = looked(site)
    assert (over.status_code, over.headers["HX-Trigger"]) == (286, "waited")
    went(post(f"{site}{BASE}/{page}", **again), f"{BASE}/{then}")
    assert edition_of(mailer).status is status


def test_what_goes_on_may_be_stopped_and_nothing_follows(mailer: Mailer, site: str) -> None:
    run = under_way(mailer)
    waits = post(f"{site}{BASE}/approve", **yes(site, "approve"))
    again = hidden(waits)
    refused(post(f"{site}{BASE}/approve", **again, stop="1"), "You stopped it.")
    assert "Ann Approver stopped it. Nothing was approved or sent." in looked(site).text
    refused(post(f"{site}{BASE}/approve", **again), "Ann Approver stopped it.")  # in another window
    with pytest.raises(Refused, match="Ann Approver stopped it"):
        rehearsals.go(mailer.database, run, mailer.links)
    assert edition_of(mailer).status is EditionStatus.DRAFT
    went(post(f"{site}{BASE}/approve", **yes(site, "approve")), f"{BASE}/approve")


def test_stopping_what_is_over_already_sends_nothing(mailer: Mailer, site: str) -> None:
    rehearsals.go(mailer.database, under_way(mailer), mailer.links)
    refused(post(f"{site}{BASE}/send", **yes(site), stop="1"), "You stopped it.")
    assert edition_of(mailer).status is EditionStatus.DRAFT


def test_a_form_goes_on_where_the_program_was_cut_off(mailer: Mailer, site: str) -> None:
    under_way(mailer)
    waits = post(f"{site}{BASE}/approve", **yes(site, "approve"))
    with mailer.database.transaction() as database:
        database.execute(update(Rehearsal).values(seen_at=now() - 2 * SILENT_AFTER))
    assert looked(site).headers["HX-Trigger"] == "waited"
    went(post(f"{site}{BASE}/approve", **hidden(waits)), f"{BASE}/approve")


def test_what_was_changed_while_a_form_waited_is_not_approved(mailer: Mailer, site: str) -> None:
    run = under_way(mailer)
    waits = post(f"{site}{BASE}/approve", **yes(site, "approve"))
    rehearsals.go(mailer.database, run, mailer.links)
    with mailer.database.transaction() as database:
        drafting.change(database, NAME, {"subject": "Pulse for March"}, actor="composer@example.org")
    refused(post(f"{site}{BASE}/approve", **hidden(waits)), "was changed meanwhile")
    assert edition_of(mailer).status is EditionStatus.DRAFT


@pytest.mark.parametrize("by_another", [False, True])
def test_whose_mail_cannot_be_made_is_named(mailer: Mailer, site: str, by_another: bool) -> None:
    with mailer.database.transaction() as database:
        person = database.scalars(
            select(Subscriber).where(Subscriber.address == "reader-1@example.org")
        ).one()
        person.address = "reader-1\r\nbcc: x@example.org"
    form = yes(site, "approve")
    if by_another:
        run = under_way(mailer)
        form = hidden(post(f"{site}{BASE}/approve", **form))
        rehearsals.go(mailer.database, run, mailer.links)
    refused(post(f"{site}{BASE}/approve", **form), "cannot stand in a mail header")
    assert edition_of(mailer).status is EditionStatus.DRAFT
