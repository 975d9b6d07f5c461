"""Who is a second person."""

from pulse_mailer.delivery.seconding import is_among


def test_two_accounts_of_one_name_are_one_person_and_two_names_of_one_account_are_two() -> None:
    assert is_among("cli:ann (root)", ["web:Ann"])
    assert not is_among("cli:ann (root)", ["cli:bob (root)", "cli:root"])
