"""Who is who, wherever they act from."""

import pytest

from pulse_mailer.delivery.seconding import is_among, person


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


def test_two_accounts_of_one_name_are_one_person_and_two_names_of_one_account_are_two() -> None:
    assert is_among("cli:ann (root)", ["web:Ann"])
    assert not is_among("cli:ann (root)", ["cli:bob (root)", "cli:root"])
