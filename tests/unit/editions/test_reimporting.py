"""A document comes again: what staff did to the edition stays, what the document changed alone is taken."""

import hashlib

import pytest

from pulse_mailer.clock import now
from pulse_mailer.domain.content import content_of
from pulse_mailer.domain.edition import Category, Edition, EditionStatus, Item, Section
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.picture import Picture
from pulse_mailer.editions import sources
from pulse_mailer.editions.reimporting import Tally, bring_in, standing
from pulse_mailer.errors import PictureRefused
from tests.unit.importing.drafts import draft_of

DOCUMENT = """\
Subject: Homes in May
Preheader: What was said on homes

# The Digest

May 2026

Dear reader, welcome.

Best wishes,

Ada Marsh

## Housing

### Reports

#### Office for Homes. [Who waits, and how long?](https://example.org/waits)

People wait three years.

#### Home Office. [A plan for change](https://example.org/plan)

It has five parts.

### Briefings

#### Lantern Institute. [Who moves, and why](https://example.org/moves)

Three answers.
"""
MILLS = "https://example.org/mills"
FIFTH = "#### Mill Trust. [Mills at work](https://example.org/mills)\n\nOf water and wind.\n\n"


def kept(data: bytes) -> Picture:
    if data == b"bad":
        raise PictureRefused("This is not a picture.")
    return Picture(
        content_hash=hashlib.sha256(data).hexdigest(),
        media_type="image/png",
        width=1,
        height=1,
        data=data,
        created_at=now(),
    )


def empty(**values: object) -> Edition:
    given = {"sections": [], "source": {}, "review": [], "to_write": [], "status": EditionStatus.DRAFT}
    return Edition(key="2026-05", **(given | values))


def come(edition: Edition, text: str, **pictures: bytes) -> Tally:
    draft = draft_of(text, "edition.md", None, **pictures)
    fields = sources.fields_of(draft, Newsletter(name="The Digest"))
    return bring_in(edition, sources.tell(draft, kept), fields, draft)


@pytest.fixture
def edition() -> Edition:
    made = empty()
    come(made, DOCUMENT)
    return made


def item(edition: Edition, number: int) -> Item:
    return next(one for one in edition.items() if one.number == number)


def shape(edition: Edition) -> list[tuple[str, str, list[int]]]:
    return [
        (section.name, category.name, [one.number for one in category.items])
        for section in edition.sections
        for category in section.categories
    ]


def found(edition: Edition, kind: str) -> list[tuple[int | None, str]]:
    return [(entry["item"], entry["text"]) for entry in edition.review if entry["doubt"] == kind]


def test_a_new_edition_has_what_the_document_has_in_its_order(edition: Edition) -> None:
    assert shape(edition) == [("Housing", "Reports", [1, 2]), ("Housing", "Briefings", [3])]
    assert (edition.subject, edition.letter, edition.signed_by) == (
        "Homes in May",
        "Dear reader, welcome.",
        "Ada Marsh",
    )
    assert [one.confidence for one in edition.items()] == ["sure"] * 3
    assert [one.position for one in edition.items()] == [1, 2, 1]


def test_the_same_again_changes_nothing(edition: Edition) -> None:
    before = content_of(edition)
    assert come(edition, DOCUMENT) == Tally(unchanged=3)
    assert content_of(edition) == before


def test_what_staff_changed_moved_or_hid_stays_when_the_document_has_not_changed_it(edition: Edition) -> None:
    item(edition, 1).summary = "Staff's own words."
    item(edition, 1).title = "Waiting for a home"
    item(edition, 2).is_hidden = True
    reports, briefings = edition.sections[0].categories
    briefings.items.append(reports.items.pop(1))
    before = shape(edition)
    tally = come(edition, DOCUMENT.replace("Three answers", "Four answers"))
    assert tally == Tally(updated=1, unchanged=2)
    assert shape(edition) == before
    assert (item(edition, 1).title, item(edition, 1).summary) == ("Waiting for a home", "Staff's own words.")
    assert item(edition, 2).is_hidden
    assert item(edition, 3).summary == "Four answers."
    assert found(edition, "changed-here") == []


def test_what_both_changed_stays_as_staff_have_it_and_the_documents_words_are_listed(
    edition: Edition,
) -> None:
    item(edition, 3).summary = "Staff's own words."
    changed = DOCUMENT.replace("Three answers", "Four answers")
    assert come(edition, changed) == Tally(kept=1, unchanged=2)
    assert item(edition, 3).summary == "Staff's own words."
    assert found(edition, "changed-here") == [(3, "Four answers.")]
    assert come(edition, changed) == Tally(unchanged=3)
    assert found(edition, "changed-here") == [(3, "Four answers.")]


def test_staff_and_document_may_change_different_things_of_one_item(edition: Edition) -> None:
    item(edition, 3).url = "https://example.org/better"
    assert come(edition, DOCUMENT.replace("Three answers", "Four answers")) == Tally(updated=1, unchanged=2)
    assert (item(edition, 3).url, item(edition, 3).summary) == ("https://example.org/better", "Four answers.")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Who waits, and how long?", "Waiting times"),  # the same link
        (
            "[Who waits, and how long?](https://example.org/waits)",
            "[Who waits, and how long now?](https://a.org)",
        ),
    ],
)
def test_an_item_whose_title_was_retouched_is_the_same_item(edition: Edition, old: str, new: str) -> None:
    assert come(edition, DOCUMENT.replace(old, new)) == Tally(updated=1, unchanged=2)
    assert shape(edition) == [("Housing", "Reports", [1, 2]), ("Housing", "Briefings", [3])]
    assert item(edition, 1).title in new


def test_an_item_recognised_by_its_title_alone_is_listed(edition: Edition) -> None:
    come(edition, DOCUMENT.replace("how long?](https://example.org/waits)", "how long now?](https://a.org)"))
    assert found(edition, "same-item") == [(1, "Who waits, and how long now?")]


def test_a_new_item_comes_after_the_one_above_it_wherever_that_is_now(edition: Edition) -> None:
    edition.sections[0].categories[0].items.reverse()
    tally = come(edition, DOCUMENT.replace("#### Home Office", f"{FIFTH}#### Home Office"))
    assert tally == Tally(new=1, unchanged=3)
    assert shape(edition)[0] == ("Housing", "Reports", [2, 1, 4])


def test_a_new_item_at_the_top_comes_before_the_one_below_it(edition: Edition) -> None:
    come(edition, DOCUMENT.replace("### Reports\n\n", f"### Reports\n\n{FIFTH}"))
    assert shape(edition)[0] == ("Housing", "Reports", [4, 1, 2])


def test_a_new_item_goes_to_the_category_that_staff_gave_another_name(edition: Edition) -> None:
    edition.sections[0].name, edition.sections[0].categories[0].name = "Homes", "Studies"
    come(edition, DOCUMENT.replace("#### Home Office", f"{FIFTH}#### Home Office"))
    assert shape(edition) == [("Homes", "Studies", [1, 4, 2]), ("Homes", "Briefings", [3])]


def test_a_new_section_comes_after_the_one_above_it(edition: Edition) -> None:
    more = f"## Health\n\n### Reports\n\n{FIFTH}"
    come(edition, f"{DOCUMENT}\n{more}")
    come(edition, f"{DOCUMENT}\n## Arts\n\n### Reports\n\n#### A Trust. [Art](https://a.org)\n\n{more}")
    assert [section.name for section in edition.sections] == ["Housing", "Arts", "Health"]
    assert [section.position for section in edition.sections] == [1, 2, 3]


def test_an_item_gone_from_the_document_is_kept_and_listed(edition: Edition) -> None:
    without = DOCUMENT[: DOCUMENT.index("#### Home Office")] + DOCUMENT[DOCUMENT.index("### Briefings") :]
    assert come(edition, without) == Tally(unchanged=2, gone=1)
    assert [one.number for one in edition.items()] == [1, 2, 3]
    assert found(edition, "gone") == [(2, "A plan for change")]
    assert come(edition, DOCUMENT) == Tally(unchanged=3)
    assert found(edition, "gone") == []


def test_an_item_that_staff_took_out_stays_out_and_what_becomes_of_it_is_listed(edition: Edition) -> None:
    del edition.sections[0].categories[1].items[0]
    assert come(edition, DOCUMENT.replace("five parts", "six parts")) == Tally(
        updated=1, unchanged=1, taken_out=1
    )
    assert found(edition, "taken-out") == []
    come(edition, DOCUMENT.replace("Three answers", "Four answers"))
    assert [text.splitlines()[-1] for _, text in found(edition, "taken-out")] == ["Four answers."]


def test_an_item_taken_out_stays_out_by_its_link_when_the_document_names_it_anew(edition: Edition) -> None:
    del edition.sections[0].categories[1].items[0]
    renamed = DOCUMENT.replace("Who moves, and why", "Moving, and its many reasons")
    assert come(edition, renamed) == Tally(unchanged=2, taken_out=1)
    assert [text.splitlines()[0] for _, text in found(edition, "taken-out")] == [
        "Moving, and its many reasons"
    ]
    assert come(edition, renamed) == standing(edition) == Tally(unchanged=2, taken_out=1)


def test_an_item_that_the_document_moved_is_moved_unless_staff_moved_it(edition: Edition) -> None:
    block = DOCUMENT[DOCUMENT.index("#### Home Office") : DOCUMENT.index("### Briefings")]
    moved = f"{DOCUMENT.replace(block, '')}\n{block}"
    assert come(edition, moved) == Tally(updated=1, unchanged=2)
    assert shape(edition)[1] == ("Housing", "Briefings", [3, 2])
    news = Section(position=2, name="Elsewhere", categories=[Category(position=1, name="", items=[])])
    edition.sections.append(news)
    news.categories[0].items.append(edition.sections[0].categories[1].items.pop(1))
    assert come(edition, DOCUMENT) == Tally(kept=1, unchanged=2)
    assert shape(edition)[2] == ("Elsewhere", "", [2])
    assert found(edition, "changed-here") == [(2, "A plan for change")]


def test_hand_written_items_stay_where_they_are(edition: Edition) -> None:
    number = edition.next_number()
    edition.sections[0].categories[0].items.insert(
        1, Item(position=2, number=number, title="By hand", publisher="", url="", summary="")
    )
    assert come(edition, DOCUMENT.replace("Three", "Four")) == Tally(updated=1, unchanged=2)
    assert shape(edition)[0] == ("Housing", "Reports", [1, number, 2])


def test_an_item_already_collected_by_hand_is_not_doubled(edition: Edition) -> None:
    category = edition.sections[0].categories[0]
    category.items.append(
        Item(position=3, number=edition.next_number(), title="Mills", publisher="", url=MILLS)
    )
    tally = come(edition, DOCUMENT.replace("### Briefings", f"{FIFTH}### Briefings"))
    assert (tally.new, tally.kept) == (0, 1)
    assert (item(edition, 4).title, item(edition, 4).publisher) == ("Mills", "Mill Trust")
    assert found(edition, "changed-here") == [(4, "Mills at work")]


def test_two_items_of_one_name_are_told_apart() -> None:
    edition = empty()
    twice = DOCUMENT.replace("Lantern Institute. [Who moves, and why]", "Home Office. [A plan for change]")
    come(edition, twice)
    assert come(edition, twice.replace("Three", "Four")) == Tally(updated=1, unchanged=2)
    assert item(edition, 3).summary == "Four answers."


def test_letter_and_subject_follow_the_same_rule(edition: Edition) -> None:
    edition.subject = "Staff's subject"
    tally = come(edition, DOCUMENT.replace("welcome.", "good day.").replace("in May", "and rents"))
    assert tally.fields == ["letter"]
    assert (edition.subject, edition.letter) == ("Staff's subject", "Dear reader, good day.")
    assert found(edition, "changed-here") == [(None, "Homes and rents")]


def test_a_subject_that_was_only_made_up_leaves_staffs_alone_without_a_word() -> None:
    text = DOCUMENT[DOCUMENT.index("# The Digest") :]
    edition = empty()
    come(edition, text)
    assert (edition.subject, edition.preheader) == ("The Digest, May 2026", "3 entries this month: Housing")
    edition.preheader = "Staff's preheader"
    come(edition, text + FIFTH)
    assert edition.preheader == "Staff's preheader"
    assert found(edition, "changed-here") == []


def test_a_draft_that_waits_to_be_written_is_filled_by_its_document() -> None:
    edition = empty(
        to_write=["letter", "subject", "preheader"],
        letter="April's letter.",
        subject="April",
        preheader="What April brought",
        sections=[
            Section(position=1, name="Housing", categories=[Category(position=1, name="Reports", items=[])])
        ],
    )
    come(edition, DOCUMENT)
    assert (edition.letter, edition.subject) == ("Dear reader, welcome.", "Homes in May")
    assert edition.to_write == []
    assert shape(edition) == [("Housing", "Reports", [1, 2]), ("Housing", "Briefings", [3])]


def test_what_the_document_does_not_fill_still_waits_to_be_written() -> None:
    edition = empty(to_write=["subject", "closing"], subject="April", closing="Yours,")
    come(edition, DOCUMENT[DOCUMENT.index("# The Digest") :].replace("Best wishes,", ""))
    assert (edition.subject, edition.closing) == ("The Digest, May 2026", "Yours,")
    assert edition.to_write == ["subject", "closing"]


def test_a_picture_that_staff_chose_stays_and_one_that_the_document_changed_is_taken() -> None:
    text = DOCUMENT.replace("Three answers.", "Three answers.\n\n![A line](a.png)")
    edition = empty()
    come(edition, text, a=b"one")
    assert come(edition, text, a=b"two") == Tally(updated=1, unchanged=2)
    assert sources.values_of(item(edition, 3))["picture"] == kept(b"two").content_hash
    item(edition, 3).picture = kept(b"staff's")
    assert come(edition, text, a=b"three") == Tally(kept=1, unchanged=2)
    assert sources.values_of(item(edition, 3))["picture"] == kept(b"staff's").content_hash


def test_what_somebody_looked_at_stays_so_when_the_document_comes_again(edition: Edition) -> None:
    text = DOCUMENT.replace("[Who moves, and why](https://example.org/moves)", "Who moves, and why")
    come(edition, text)
    assert found(edition, "no-link") == [(3, "Who moves, and why")]
    edition.review = [entry | {"done": True} for entry in edition.review]
    come(edition, f"A new first line\n\n{text}")
    assert [(entry["done"], entry["line"]) for entry in edition.review if entry["doubt"] == "no-link"] == [
        (True, 30)
    ]


def test_lines_that_shift_alone_do_not_reopen_what_was_agreed_to(edition: Edition) -> None:
    edition.status = EditionStatus.APPROVED
    before = content_of(edition)
    come(edition, DOCUMENT.replace("# The Digest", "\n\n# The Digest"))
    assert content_of(edition) == before


def test_two_categories_of_one_name_stay_two() -> None:
    edition = empty()
    text = f"{DOCUMENT}\n### Reports\n\n{FIFTH}"
    come(edition, text)
    assert [name for _, name, _ in shape(edition)] == ["Reports", "Briefings", "Reports"]
    assert come(edition, text.replace("wind", "steam")) == Tally(updated=1, unchanged=3)


def test_an_edition_from_before_this_was_kept_track_of_is_matched_by_names(edition: Edition) -> None:
    edition.source = {}
    for one in edition.items():
        one.source_key = one.source_hash = ""
    item(edition, 1).summary = "Staff's own words."
    assert come(edition, DOCUMENT) == Tally(kept=1, unchanged=2)
    assert found(edition, "changed-here") == [(1, "People wait three years.")]
