"""How names are compared."""

import pytest

from pulse_mailer.domain.names import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Carers’ Rights", "carers' rights"),
        ("Care & Health", "Care  and health"),
        ("Care / Reports", "Care/Reports"),
        ("“Ours” – news:", '"Ours" - news'),
        ("Caf\u00e9", "Cafe\u0301"),  # composed, and as some keyboards give it
        ("Housing\u00a0costs", "Housing costs"),
    ],
)
def test_spellings_of_one_name_are_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_other_names_stay_apart() -> None:
    assert len({fold(name) for name in ("Care", "Caré", "Cares", "Care/Reports", "#2")}) == 5
