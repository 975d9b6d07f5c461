"""From the inbox into an edition: all or none, each once, where the programme has its place."""

import threading
from dataclasses import replace

import pytest

from pulse_mailer.database import Database
from pulse_mailer.domain.content import content_of
from pulse_mailer.domain.inbox import CandidateStatus
from pulse_mailer.editions import collecting, history, reading, removing, restoring
from pulse_mailer.editions.changing import changing
from pulse_mailer.editions.collecting import Proposal
from pulse_mailer.editions.picking import Place, Placed, place
from pulse_mailer.errors import Conflict, NotFound, PulseMailerError, Refused, UsageError
from pulse_mailer.pictures import prepare
from tests.database.inbox_given import candidate, programmed, proposed, waiting
from tests.database.sending_given import draft
from tests.unit.pictures_given import png


@pytest.fixture(autouse=True)
def given(database: Database) -> None:
    with database.transaction() as session:
        programmed(session)


def placed(database: Database, ids: list[int], where: Place | None = None) -> Placed:
    with database.transaction() as session:
        return place(session, ids, where or Place("2026-03"), actor="ann")


def tree(database: Database) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    with database.reading() as session:
        return [
            (
                section.name,
                [(group.name, [item.title for item in group.items]) for group in section.categories],
            )
            for section in reading.edition(session, "2026-03").sections
        ]


def test_candidates_become_items_where_the_programme_has_their_place(database: Database) -> None:
    ids = [
        waiting(database, 1, "Health", "Reports"),
        waiting(database, 2, "care", "Briefings"),
        waiting(database, 3, "Housing", "Briefings"),
        waiting(database, 4, "Housing", "Reports"),
        waiting(database, 5, "Care", "Reports"),
    ]
    done = placed(database, ids)
    assert tree(database) == [
        ("Housing", [("Reports", ["Report 4"]), ("Briefings", ["Report 3"])]),
        ("Care", [("Reports", ["What good care looks like", "Report 5"]), ("Briefings", ["Report 2"])]),
        ("Health", [("Reports", ["Report 1"])]),
    ]
    assert [item.number for _, item in done.items] == [2, 3, 4, 5, 6]
    found = candidate(database, ids[4])
    assert (found.status, found.item_number) == (CandidateStatus.PLACED, 6)


def test_placing_is_one_revision_with_its_history(database: Database) -> None:
    placed(database, [waiting(database, 1), waiting(database, 2)])
    with database.reading() as session:
        edition = reading.edition(session, "2026-03")
        latest = history.latest(session, edition.id)
        assert latest is not None
        assert (edition.revision, latest.what) == (2, "items 2, 3 placed from the inbox")
        assert history.content_at(session, edition, 2) == content_of(edition)


def test_person_says_where_instead_of_the_candidate(database: Database) -> None:
    placed(database, [waiting(database)], Place("2026-03", section="Health", category="Briefings"))
    assert ("Health", [("Briefings", ["Report 1"])]) in tree(database)


def test_what_names_no_place_is_refused_with_those_there_are(database: Database) -> None:
    number = waiting(database, 1, "", "")
    with pytest.raises(UsageError, match="Care, Housing, Health"):
        placed(database, [number])
    with pytest.raises(NotFound, match="Gardens") as refused:
        placed(database, [number], Place("2026-03", section="Gardens", category="Reports"))
    assert refused.value.remedy.endswith("To add it to the programme: --new")


def test_programme_grows_when_that_is_asked_for(database: Database) -> None:
    where = Place("2026-03", section="Gardens", category="Podcasts", extend=True)
    placed(database, [waiting(database, 1, "", ""), waiting(database, 2, "", "")], where)
    assert tree(database)[-1] == ("Gardens", [("Podcasts", ["Report 1", "Report 2"])])
    with database.reading() as session:
        newsletter = reading.newsletter(session, "pulse")
        assert [one.name for one in newsletter.sections][-1] == "Gardens"
        assert [one.name for one in newsletter.categories][-1] == "Podcasts"


def test_what_is_placed_is_not_placed_again_even_when_repeats_are_allowed(database: Database) -> None:
    first, second = waiting(database, 1), waiting(database, 2)
    placed(database, [first])
    with pytest.raises(
        Refused, match=f"{first} is placed: already in the March 2026 edition, a draft, Reports"
    ):
        placed(database, [second, first], Place("2026-03", again=True))
    assert candidate(database, second).status is CandidateStatus.WAITING


def test_number_named_twice_is_placed_once(database: Database) -> None:
    number = waiting(database)
    assert len(placed(database, [number, number]).items) == 1


@pytest.mark.parametrize(
    "repeat",
    [
        Proposal(source="page", title="T", url="http://example.org/care/?utm_source=a", section="Care"),
        Proposal(
            source="page",
            title="What Good Care looks like",
            publisher="Institute for local care",
            section="Care",
        ),
    ],
)
def test_repetition_of_another_edition_is_refused_unless_asked_for(
    database: Database, repeat: Proposal
) -> None:
    with database.transaction() as session:
        draft(session, reading.newsletter(session, "pulse"), "2026-04")
    with database.transaction() as session:
        edition = reading.edition(session, "2026-04")
        edition.sections.clear()
    (added,) = proposed(database, repeat)
    where = Place("2026-04", category="Reports")
    with pytest.raises(Refused, match="already in the March 2026 edition, a draft, Reports"):
        placed(database, [added.candidate.id], where)
    assert (
        len(placed(database, [added.candidate.id], Place("2026-04", category="Reports", again=True)).items)
        == 1
    )


def test_item_that_is_removed_gives_its_candidate_back(database: Database) -> None:
    number = waiting(database)
    placed(database, [number])
    with database.transaction() as session:
        removing.remove_items(session, "2026-03", [2], actor="ann")
    found = candidate(database, number)
    assert (found.status, found.edition_id, found.item_number) == (CandidateStatus.WAITING, None, None)
    assert [item.number for _, item in placed(database, [number]).items] == [3]


@pytest.mark.parametrize("url", ["https://example.org/report-1", ""])
def test_item_that_is_restored_takes_its_candidate_out_of_the_inbox_again(
    database: Database, url: str
) -> None:
    given = Proposal("page", "Report 1", url=url, publisher="Institute", section="Care", category="Reports")
    number = proposed(database, given)[0].candidate.id
    other = waiting(database, 2)
    placed(database, [number])
    with database.transaction() as session:
        removing.remove_items(session, "2026-03", [2], actor="ann")
        restoring.restore(session, "2026-03", 2, actor="ann")
    found = candidate(database, number)
    assert (found.status, found.item_number) == (CandidateStatus.PLACED, 2)
    assert candidate(database, other).status is CandidateStatus.WAITING
    with database.transaction() as session:
        removing.remove_items(session, "2026-03", [2], actor="ann")
    assert candidate(database, number).status is CandidateStatus.WAITING


def test_candidate_whose_item_is_gone_by_another_way_may_be_placed_again(database: Database) -> None:
    number = waiting(database)
    placed(database, [number])
    with (
        database.transaction() as session,
        changing(session, "2026-03", actor="ann", what="merged") as change,
    ):
        change.edition.sections[0].categories[0].items.pop()
    assert [item.number for _, item in placed(database, [number]).items] == [3]


def test_picture_goes_along_once_it_is_described(database: Database) -> None:
    picture = prepare(png(20, 10))
    plain = Proposal(source="page", title="", section="Care", category="Reports", picture=picture)
    two = (replace(plain, title="A"), replace(plain, title="B", picture_alt="A door"))
    bare, told = (added.candidate.id for added in proposed(database, *two))
    done = placed(database, [bare, told])
    assert [item.picture is not None for _, item in done.items] == [False, True]
    assert [note.split()[0] for note in done.notes] == [str(bare)]


def test_edition_that_changed_meanwhile_takes_nothing(database: Database) -> None:
    number = waiting(database)
    placed(database, [waiting(database, 2)])
    with pytest.raises(Conflict):
        placed(database, [number], Place("2026-03", expected=1))
    assert candidate(database, number).status is CandidateStatus.WAITING


def test_candidate_of_another_newsletter_is_refused(database: Database) -> None:
    with database.transaction() as session:
        programmed(session, "other")
    (added,) = proposed(database, Proposal(source="page", title="T", section="Care"), slug="other")
    with pytest.raises(Refused, match="another newsletter"):
        placed(database, [added.candidate.id], Place("pulse/2026-03"))


def test_of_two_who_place_one_candidate_at_once_one_is_refused(database: Database) -> None:
    with database.transaction() as session:
        draft(session, reading.newsletter(session, "pulse"), "2026-04")
    number = waiting(database)
    ready = threading.Barrier(2)
    refused: list[PulseMailerError] = []

    def put(key: str) -> None:
        ready.wait(10)
        try:
            placed(database, [number], Place(key))
        except Refused as error:
            refused.append(error)

    threads = [threading.Thread(target=put, args=(key,)) for key in ("2026-03", "2026-04")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 1
    with database.reading() as session:
        titles = [
            item.title for key in ("2026-03", "2026-04") for item in reading.edition(session, key).items()
        ]
    assert titles.count("Report 1") == 1


def test_what_was_dropped_may_be_placed(database: Database) -> None:
    number = waiting(database)
    with database.transaction() as session:
        collecting.drop(session, [number], actor="ann")
    assert len(placed(database, [number]).items) == 1
