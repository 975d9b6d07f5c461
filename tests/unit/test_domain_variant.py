"""Which part of an edition somebody gets who chose sections of the programme."""

import pytest

from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeSection
from pulse_mailer.domain.variant import choice_of, numbers, variant_of


def section(name: str, *, is_news: bool = False, is_hidden: bool = False, items: int = 1) -> Section:
    made = [Item(title="A title", is_hidden=False) for _ in range(items)]
    categories = [Category(name="Reports", is_hidden=False, items=made)]
    return Section(name=name, is_news=is_news, is_hidden=is_hidden, categories=categories)


def edition(*sections: Section) -> Edition:
    """An edition of a newsletter whose programme is News, Care (7), Housing (8) and Police (9)."""
    programme = [
        ProgrammeSection(id=6, name="News", is_news=True),
        ProgrammeSection(id=7, name="Care", is_news=False),
        ProgrammeSection(id=8, name="Housing", is_news=False),
        ProgrammeSection(id=9, name="Police", is_news=False),
    ]
    return Edition(newsletter=Newsletter(sections=programme), sections=list(sections))


@pytest.mark.parametrize("spelled", ["Carers' Rights & Duties", "carers’ rights and duties"])
def test_a_section_goes_to_those_who_chose_it_however_its_name_is_spelled(spelled: str) -> None:
    made = edition(section(spelled), section("Housing"))
    made.newsletter.sections[1].name = "Carers’ Rights & Duties"
    assert (variant_of(made, "7"), variant_of(made, "8")) == ("1", "2")


WHOLE = (section("News", is_news=True), section("Care"), section("housing "), section("Unlisted"))


@pytest.mark.parametrize(
    ("choice", "variant"),
    [
        ("", ""),  # all of them
        ("7", "1,2,4"),  # with news, and with what the programme does not have
        ("8", "1,3,4"),  # names are compared without case and stray spaces
        ("7,8", ""),  # what shows everything is the whole edition
        ("7,9", "1,2,4"),  # the edition has no Police
        ("9", None),  # nothing of what was chosen
        ("99", None),  # a section that the programme has no longer
    ],
)
def test_a_choice_gives_its_part_of_the_edition(choice: str, variant: str | None) -> None:
    assert variant_of(edition(*WHOLE), choice) == variant


def test_a_hidden_section_and_an_empty_one_are_not_there() -> None:
    made = edition(section("Care", is_hidden=True), section("Housing", items=0), section("Police"))

    assert [variant_of(made, choice) for choice in ("7", "8", "9", "7,8")] == [None, None, "", None]


def test_an_edition_of_nothing_that_can_be_chosen_goes_to_everybody() -> None:
    assert variant_of(edition(section("News", is_news=True), section("Unlisted")), "7") == ""


def test_a_choice_is_kept_in_one_form() -> None:
    assert choice_of([7, 3, 7]) == "3,7"
    assert choice_of([]) == ""


def test_the_whole_edition_needs_no_numbers() -> None:
    assert numbers("") == frozenset()
    assert numbers("1,13") == {1, 13}
