import pytest

from pulse_mailer.importing.draft import Programme
from pulse_mailer.importing.heads import Head, read_head, without_stop
from pulse_mailer.importing.names import Names

NAMES = Names.of(Programme(publishers=("St. Mungo's", "gov.uk", "The King’s Fund")))
URL = "https://example.org/r"


@pytest.mark.parametrize(
    "text",
    [
        f"Home Office. [Plan for change]({URL})",
        f"Home Office. [Plan for change.]({URL})",
        f"Home Office – [Plan for change]({URL}).",
        f"**Home Office. [Plan for change]({URL})**",
        f"**Home Office.** [Plan for change]({URL})",
        f"[Home Office. Plan for change.]({URL})",
        f"[**Home Office. Plan for change.**]({URL})",
        f"**Home Office. Plan for change.** <{URL}>",
        f"Home Office. Plan for change. <{URL}>",
        f"Home Office. Plan [for change.]({URL})",
        f"Home Office. Plan for change. ({URL.replace('https', '<https')}>)",
    ],
)
def test_linked_heads_are_read_in_every_form(text: str) -> None:
    head = read_head(text, NAMES)
    assert head is not None
    assert (head.publisher, head.title, head.url) == ("Home Office", "Plan for change", URL)


@pytest.mark.parametrize(
    ("text", "is_strong"),
    [
        ("Home Office. Plan for change.", False),
        ("Home Office. Plan for change", False),
        ("Home Office. **Plan for change.**", True),
        ("Home Office. *Plan for change.*", True),
        ("**Home Office. Plan for change.**", True),
        ("**Home Office.** Plan for change.", False),
        ("Home Office. [Plan for change.](#)", True),
    ],
)
def test_heads_without_a_link_are_read(text: str, is_strong: bool) -> None:
    head = read_head(text, NAMES)
    assert head is not None
    assert (head.publisher, head.title, head.url, head.is_strong) == (
        "Home Office",
        "Plan for change",
        "",
        is_strong,
    )


@pytest.mark.parametrize(
    ("text", "publisher", "title"),
    [
        ("St. Mungo's. Home at last.", "St. Mungo's", "Home at last"),  # known
        ("gov.uk. New rules.", "gov.uk", "New rules"),  # known, although it begins small
        ("The King's Fund. A year in care.", "The King's Fund", "A year in care"),  # known with a curly quote
        ("U.S. Census Bureau. Households.", "U.S. Census Bureau", "Households"),
        ("Dr. Barnardo Trust. A life.", "Dr. Barnardo Trust", "A life"),
        ("The Competition & Markets Authority (CMA). Final report.", "The Competition & Markets Authority (CMA)",
         "Final report"),
        ("Office for Health Improvement & Disparities. Weak spots: a guide.",
         "Office for Health Improvement & Disparities", "Weak spots: a guide"),
    ],
)  # fmt: skip
def test_publishers_with_stops_and_brackets_are_cut_right(text: str, publisher: str, title: str) -> None:
    head = read_head(text, NAMES)
    assert head is not None
    assert (head.publisher, head.title) == (publisher, title)


@pytest.mark.parametrize(
    "text",
    [
        "It did. Then it fell.",
        "The report is out. Read it soon.",
        "Home Office. The following were found:",
        f"More information is [on the website]({URL}).",
        f"Read more at: [the website]({URL})",
        "A sentence without any cut",
        "In England. The rate rose.",
        "Home Office. " + "Long " * 60 + ".",
        f"[Read more]({URL})",
        f"<{URL}>",
        "",
    ],
)
def test_sentences_are_no_heads(text: str) -> None:
    assert read_head(text, NAMES) is None


def test_a_second_link_is_said_to_be_left_out() -> None:
    head = read_head(f"[Home Office](https://home.example.org). [Plan for change]({URL})", NAMES)
    assert head is not None
    assert (head.publisher, head.title, head.url) == ("Home Office", "Plan for change", URL)
    assert "https://home.example.org" in head.also


def test_another_way_of_cutting_is_said() -> None:
    head = read_head("Department for Work. Pensions Office. A plan.", NAMES)
    assert head is not None
    assert "Department for Work. Pensions Office" in head.also


def test_a_whole_bold_line_has_no_publisher() -> None:
    assert read_head("**A fair start**", NAMES) == Head("", "A fair start", is_strong=True)


@pytest.mark.parametrize(
    ("title", "without"),
    [("A plan.", "A plan"), ("Why?", "Why?"), ("And so...", "And so..."), ("In the U.S.", "In the U.S.")],
)
def test_only_a_final_stop_is_taken_off(title: str, without: str) -> None:
    assert without_stop(title) == without
