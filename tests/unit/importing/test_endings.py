"""Where the last item ends and the sender's own details begin."""

import pytest

from tests.unit.importing.drafts import draft_of

HEAD = "# The Digest\n\nMay 2023\n\n## Housing\n\n### Reports\n\n#### Home Office. [Plan](https://example.org/p)\n\n"


@pytest.mark.parametrize(
    "tail",
    [
        "[Download the data](https://example.org/d)\n\n[Read the appendix](https://example.org/a)",
        "https://example.org/d\n\nSee: https://example.org/a",
        "With the tool you get better estimates of rent.",
        "Many tenants no longer wish to receive housing benefit by cheque.",
        "Patients may opt out of sharing data, says the distribution list.",
    ],
)
def test_what_ends_the_last_item_stays_in_it(tail: str) -> None:
    draft = draft_of(f"{HEAD}A plan.\n\n{tail}\n")
    [item] = draft.items()
    assert [part.strip("<>") for part in item.summary.split("\n\n")[1:]] == [
        part.replace("See: https", "See: <https") for part in tail.split("\n\n")
    ]
    assert (draft.contact_lines, draft.reason) == ([], "")


def test_links_that_end_the_item_are_told_from_the_contact_details_below_them() -> None:
    tail = "[Download the data](https://example.org/d)\n\nTelephone: 01632 960 417\n\nEmail: a@example.org"
    draft = draft_of(f"{HEAD}A plan.\n\n{tail}\n")
    [item] = draft.items()
    assert item.summary.endswith("[Download the data](https://example.org/d)")
    assert [line["label"] for line in draft.contact_lines] == ["Telephone", "Email"]


@pytest.mark.parametrize(
    "reason",
    [
        "You receive The Digest because you asked for it.",
        "If you no longer wish to receive this email, please tell us.",
        "To be taken off our mailing list, write to us.",
        "You can unsubscribe at any time.",
    ],
)
def test_a_sentence_on_leaving_ends_the_items(reason: str) -> None:
    draft = draft_of(f"{HEAD}A plan.\n\n{reason}\n")
    assert draft.reason == reason
    assert [item.summary for item in draft.items()] == ["A plan."]
