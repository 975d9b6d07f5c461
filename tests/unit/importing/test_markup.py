"""Markdown's markup never reaches a reader as text, and no word of it is lost."""

import time

from pulse_mailer.importing.draft import Doubt
from tests.unit.importing.drafts import doubts, draft_of, one_item

HEAD = "#### Home Office. [Plan](https://example.org/p)\n\n"


def summary(text: str) -> str:
    return one_item(f"{HEAD}{text}").summary


def test_links_by_reference_lead_where_their_definition_says() -> None:
    text = """\
#### Home Office. [Plan][1]

See [the data][Data] and [data].

[1]: https://example.org/p
[data]: <https://example.org/d> "Data"
[z]: https://example.org/z
"""
    draft = draft_of(f"# The Digest\n\nMay 2023\n\n## Housing\n\n### Reports\n\n{text}")
    [item] = draft.items()
    assert item.url == "https://example.org/p"
    assert item.summary == "See [the data](https://example.org/d) and [data](https://example.org/d)."
    assert [doubt.text for doubt in doubts(draft, Doubt.MARKUP)] == ["z https://example.org/z"]


def test_comments_are_left_out_and_named() -> None:
    draft = draft_of(
        "# The Digest\n\nMay 2023\n\n## Housing\n\n### Reports\n\n" + HEAD + "A <!-- ask\nBob --> plan."
    )
    assert [item.summary for item in draft.items()] == ["A plan."]
    assert [(one.line, one.text) for one in doubts(draft, Doubt.COMMENT)] == [(11, "ask Bob")]


def test_simple_tags_are_understood_and_others_are_listed() -> None:
    assert summary(
        'A <b>bold</b> <a class="x" href="https://example.org/a?b=1&amp;c=2">link</a>,<br/>H<sub>2</sub>O.'
    ) == ("A **bold** [link](https://example.org/a?b=1&c=2), H~2~O.")
    draft = draft_of(
        "# The Digest\n\nMay 2023\n\n## Housing\n\n### Reports\n\n" + HEAD + '<p align="left">Words</p>'
    )
    assert [item.summary for item in draft.items()] == ["Words"]
    assert [one.text for one in doubts(draft, Doubt.MARKUP)] == ['<p align="left">', "</p>"]


def test_a_hard_break_leaves_no_backslash() -> None:
    assert summary("One\\\ntwo.") == "One two."


def test_a_table_is_one_line_a_row() -> None:
    table = "| Year | Rent |\n|---|---:|\n| 2022 | [900](https://example.org/r) |\n| 2023 | |"
    assert summary(f"Rents:\n\n{table}\n\nThey rose.") == (
        "Rents:\n\n- **Year · Rent**\n- 2022 · [900](https://example.org/r)\n- 2023\n\nThey rose."
    )
    assert summary("Year | Rent\n--- | ---\n2022 | 900") == "- **Year · Rent**\n- 2022 · 900"


def test_what_stands_in_a_code_fence_is_text() -> None:
    draft = draft_of(
        "# The Digest\n\nMay 2023\n\n## Housing\n\n### Reports\n\n"
        + HEAD
        + "```sh\n# not a heading\nx <b> *y*\n```\n"
    )
    [item] = draft.items()
    assert item.summary == "\\# not a heading x \\<b> \\*y\\*"
    assert [one.text for one in doubts(draft, Doubt.MARKUP)] == ["sh"]


def test_front_matter_is_the_subject_and_not_the_newsletter() -> None:
    text = (
        '---\ntitle: "Homes in May"\nauthor: Ada\n---\n\n# The Digest\n\nMay 2023\n\n## Housing\n\n### Reports\n\n'
        + HEAD
    )
    draft = draft_of(text)
    assert (draft.newsletter, draft.subject) == ("The Digest", "Homes in May")
    assert [(one.line, one.text) for one in doubts(draft, Doubt.MARKUP)] == [(3, "author: Ada")]


def test_hostile_markup_takes_no_longer_than_other_text() -> None:
    started = time.process_time()
    for piece in ("<a href=x>", "<!--", "<!-- -->", "```x\n", "[a][", "`<", "a|b\n", "[x]: #y\n"):
        draft_of("# The Digest\n\nMay 2023\n\n### Reports\n\n" + HEAD + piece * 5_000)
    assert time.process_time() - started < 20
