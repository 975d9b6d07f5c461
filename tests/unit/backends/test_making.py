"""Choosing a backend, and what the fake can be told."""

import pytest

from pulse_mailer import backends
from pulse_mailer.backends.memory import Answer, MemoryBackend
from pulse_mailer.backends.smtp import SmtpBackend, SmtpRoute
from pulse_mailer.domain.delivery import Outcome, Stage
from pulse_mailer.errors import BadSetting
from tests.contract.messages import message


@pytest.mark.parametrize("name", sorted(backends.BACKENDS))
def test_every_named_backend_can_be_loaded(name: str) -> None:
    values = [SmtpRoute("mail.example.org", 587)] if name == "smtp" else []
    assert backends.make(name, *values).window == 1


def test_a_backend_gets_the_values_it_is_made_from() -> None:
    made = backends.make("smtp", SmtpRoute("mail.example.org", 587, "starttls"))
    assert isinstance(made, SmtpBackend)
    assert made.relay == "mail.example.org:587"


def test_a_third_partys_backend_is_named_by_its_module_and_class() -> None:
    assert isinstance(backends.make("pulse_mailer.backends.memory:MemoryBackend"), MemoryBackend)


@pytest.mark.parametrize(
    "name", ["pigeon", "", "no.such.module:Backend", "pulse_mailer.backends.memory:Nothing"]
)
def test_an_unknown_backend_is_a_bad_setting(name: str) -> None:
    with pytest.raises(BadSetting, match="backend"):
        backends.make(name)


def test_an_address_of_the_sixth_version_stands_in_brackets() -> None:
    assert SmtpRoute("::1", 25).relay == "[::1]:25"


def test_a_route_never_shows_its_password() -> None:
    assert "hunter2" not in repr(SmtpBackend(SmtpRoute("mail.example.org", 587, password="hunter2")))


class TestMemoryBackend:
    def test_it_dies_where_it_is_told_after_keeping_what_it_took(self) -> None:
        def die() -> None:
            raise KeyboardInterrupt

        backend = MemoryBackend({message("bob").recipient: Answer(dies=die)})
        with backend.session() as session:
            receipts = session.exchange([message("ann"), message("bob")])
            assert next(receipts).outcome is Outcome.SENT
            with pytest.raises(KeyboardInterrupt):
                next(receipts)
        assert backend.kept == [message("ann"), message("bob")]

    def test_a_death_before_the_dot_keeps_nothing(self) -> None:
        def die() -> None:
            raise KeyboardInterrupt

        answer = Answer(Outcome.RETURNED, Stage.DATA, dies=die)
        backend = MemoryBackend({message("ann").recipient: answer})
        with backend.session() as session, pytest.raises(KeyboardInterrupt):
            list(session.exchange([message("ann")]))
        assert backend.kept == []

    def test_it_counts_its_sessions(self) -> None:
        backend = MemoryBackend()
        for _ in range(2):
            with backend.session():
                pass
        assert backend.sessions == 2
