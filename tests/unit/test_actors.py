"""Who is who, wherever they act from, and what they are called."""

import pytest

from pulse_mailer.actors import Names, person

NAMES = Names({"ann@example.org": "Ann Marlowe", "bob@example.org": ""})


@pytest.mark.parametrize(
    ("actor", "who"),
    [
        ("cli:root", "root"),
        ("cli:Ann@Example.org (root)", "ann@example.org"),  # a name that somebody gave, and the account
        ("web:ann@example.org", "ann@example.org"),
        ("cli:Ann Marlowe (www-data)", "ann marlowe"),
        ("the program", "the program"),
    ],
)
def test_a_person_is_the_name_that_acts(actor: str, who: str) -> None:
    assert person(actor) == who


@pytest.mark.parametrize(
    ("actor", "called"),
    [
        ("ann@example.org", "Ann Marlowe"),
        ("cli:Ann@Example.org (root)", "Ann Marlowe"),
        (
            "api:ann@example.org (newsroom)",
            "Ann Marlowe (newsroom)",
        ),  # a program did it, for whom she answers
        ("bob@example.org", "bob@example.org"),  # has no name
        ("cli:root", "cli:root"),  # is nobody of the team
        ("api:root (newsroom)", "api:root (newsroom)"),
    ],
)
def test_people_are_called_by_their_names(actor: str, called: str) -> None:
    assert NAMES.of(actor) == called
