"""What to do, as pages say it: with a button or a link, and not by a command."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pulse_mailer
from pulse_mailer.errors import NotFound
from pulse_mailer.resources import templates_dir
from pulse_mailer.web.pages import on_page, told

HOME = Path(pulse_mailer.__file__).parent
COMMAND = "pulse-mailer "

#: Where commands are for who reads them: at a terminal, in a mail, in a program's answer, or where no page does it.
FOR_TERMINALS = (
    "cli/",
    "database.py",  # migrations, before any page is there
    "delivery/reporting.py",  # each beside what it does, for reports at the terminal and in mails; no page shows them
    "delivery/telling.py",  # a mail to staff
    "examining.py",  # doctor and its page: what is wrong on the machine is mended there
    "settings.py",
    "web/api/",
    "web/course.py",  # looks for commands itself
    "web/pages.py",  # likewise
    "web/problems.py",
    "web/signed_in.py",  # of programs that call without a key, or with one that may not
)
#: What is done on the machine alone, and named on the page for that.
ON_THE_MACHINE = {
    "home.html": ["edition import FILE --new-newsletter", "demo"],
    "compose_waiting.html": ["item add"],
    "workers.html": ["worker"],
}


def texts() -> Iterator[tuple[str, str]]:
    """Where and what: every text of the program that names a command, with other words for what is filled in."""
    for file in sorted(HOME.rglob("*.py")):
        place = file.relative_to(HOME).as_posix()
        if not place.startswith(FOR_TERMINALS):
            tree = ast.parse(file.read_text("utf-8"))
            parts = {
                id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
            }
            parts |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.expr)
                    and id(node) not in parts
                    and COMMAND in (text := written(node))
                ):
                    yield f"{place}:{node.lineno}", text


def written(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(
                str(one.value) if isinstance(one, ast.Constant) else "some thing" for one in values
            )
    return ""


FOUND = dict(texts())


def test_there_are_remedies_to_look_at() -> None:
    assert len(FOUND) > 30


@pytest.mark.parametrize("where", sorted(FOUND))
def test_a_page_says_it_without_the_command_and_the_sentence_still_stands(where: str) -> None:
    said = on_page(FOUND[where])
    assert COMMAND.strip() not in said
    assert "`" not in said
    assert said.endswith((".", "?"))
    last = re.split(r"(?<=[.:?]) ", said)[-1]
    assert len(last.split()) > 1, said
    assert not last.startswith("To "), said  # what the command was to do, and no more


def test_pages_name_commands_only_for_what_is_done_on_the_machine() -> None:
    named = {
        file.name: re.findall(rf"{COMMAND}([^<]+)<", text)
        for file in (templates_dir() / "web").iterdir()
        if COMMAND in (text := file.read_text("utf-8"))
    }
    assert named == ON_THE_MACHINE


def test_an_error_is_told_in_a_pages_words() -> None:
    assert told(NotFound("None.", remedy="Make one: pulse-mailer newsletter add")) == "None. Make one."
    assert told(NotFound("None.")) == "None."
