"""
Text that is meant to harm: it never breaks out of its place, never ends the process, and is refused in clear words.

All of it is composed in a process of its own, in a thread with the small stack that some systems give, since a
compiler whose stack overflows takes the whole process along.
"""

import json
import subprocess
import sys

import pytest

#: Each either composes, its words shown and nothing more, or is refused; by name.
DEEP = {
    "tags nested 10,000 deep": "<div>" * 10_000,
    "quotes nested 10,000 deep": "> " * 10_000 + "deep",
    "a list nested 10,000 deep": "".join(f"{'  ' * depth}- x\n" for depth in range(2_000)) + "end",
    "emphasis nested 10,000 deep": "*a " * 10_000,
    "brackets nested 10,000 deep": "[" * 10_000 + "x" + "]" * 10_000,
    "links within links": "[" * 500 + "x" + "](https://example.org)" * 500,
    "five megabytes": "words and " * 500_000,
    "a word of five megabytes": "x" * 5_000_000,
    "a hundred thousand empty paragraphs": "x\n\n" * 100_000,
    "entities that grow": "&amp;" * 100_000,
    "stars": "*" * 100_000,
    "underscores": "_" * 100_000,
    "carets and tildes": "^a^~b~" * 20_000,
    "braces": "{first_name|" * 20_000,
}

_COMPOSE = """
import json, sys, threading
from pulse_mailer.composing.rendering import render
from pulse_mailer.errors import PulseMailerError
from tests.unit.composing import editions

said = {}

def compose():
    for name, text in json.load(sys.stdin).items():
        for field in ("summary", "title", "publisher", "letter"):
            edition = editions.small(**({field: text} if field != "letter" else {}))
            if field == "letter":
                edition.letter = text
            try:
                html = render(edition, editions.LINKS).html
                said[f"{name} as {field}"] = ["composed", "<script" in html or "<mj-" in html]
            except PulseMailerError as error:
                said[f"{name} as {field}"] = [type(error).__name__, str(error)]

threading.stack_size(512 * 1024)
thread = threading.Thread(target=compose)
thread.start()
thread.join()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said() -> dict[str, list[str]]:
    made = subprocess.run(
        [sys.executable, "-c", _COMPOSE],
        input=json.dumps(DEEP),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert made.returncode == 0, f"the process ended with {made.returncode}: {made.stderr[-2000:]}"
    found: dict[str, list[str]] = json.loads(made.stdout)
    return found


def test_the_process_lives_through_all_of_it(said: dict[str, list[str]]) -> None:
    assert len(said) == 4 * len(DEEP)


def test_what_is_composed_holds_no_tag_of_theirs(said: dict[str, list[str]]) -> None:
    assert [name for name, (what, broke) in said.items() if what == "composed" and broke] == []


def test_what_is_refused_is_refused_in_a_sentence_that_names_the_place(said: dict[str, list[str]]) -> None:
    refused = {name: words for name, (what, words) in said.items() if what != "composed"}

    assert len(refused) > len(DEEP)
    for name, words in refused.items():
        assert len(words) < 400, name
        assert words.startswith(("Item 1", "The letter", "The edition", "The composed")), (name, words)
