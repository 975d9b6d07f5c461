"""What a person says yes to: where the mail goes, in words, and to how many."""

import pytest

from pulse_mailer.errors import UsageError
from pulse_mailer.settings import Settings
from pulse_mailer.web.consent import Yes, through


@pytest.mark.parametrize(
    ("relay", "port", "words"),
    [
        ("127.0.0.1:1025", 1025, "into the mailbox on this machine, from where nothing leaves"),
        ("127.0.0.1:1025", 0, "through 127.0.0.1:1025"),  # no mailbox runs
        ("127.0.0.1:2525", 1025, "through 127.0.0.1:2525"),
        ("smtp.example.org:1025", 1025, "through smtp.example.org:1025"),
    ],
)
def test_the_mailbox_on_this_machine_is_called_so(relay: str, port: int, words: str) -> None:
    assert through(relay, Settings(mailbox_port=port)) == words


@pytest.mark.parametrize(
    ("count", "words"), [(1, "It goes to 1 person."), (1_200, "It goes to 1,200 people.")]
)
def test_number_that_is_not_the_one_shown_is_no_yes(count: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Yes(count=count, typed="7").approval("ann", asks=True)
    assert Yes(count=count, typed=f" {count:,} ").approval("ann", asks=True).count == count
