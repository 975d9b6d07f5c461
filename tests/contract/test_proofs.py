"""A proof goes through every backend, also one that may be given no list mail."""

from collections.abc import Iterator
from typing import cast

import pytest

from pulse_mailer.backends._one_click import guarded
from pulse_mailer.backends.base import Backend
from pulse_mailer.composing.merging import Merger
from pulse_mailer.composing.proofs import Mark, proof_mail
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.delivery import Outcome
from pulse_mailer.domain.message import Message
from tests.contract.benches import BENCHES, Bench
from tests.unit.backends.third_party import PigeonBackend
from tests.unit.composing import editions

ANN = "ann@reader.example"


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with BENCHES[request.param]() as made:
        yield made


@pytest.fixture(scope="module")
def proof() -> Message:
    mail = Merger(render(editions.edition(), editions.LINKS)).merge(editions.delivery(), editions.LINKS)
    mark = Mark(1, ("Proof 1 of Harbour Review.",), "revision 1; mail " + "ab" * 32)
    message_id = "proof1.e1.0@harbour.example.org"
    return Message(
        0, "review@harbour.example.org", ANN, message_id, (proof_mail(mail, mark, ANN, message_id),)
    )


def test_every_backend_takes_a_proof(bench: Bench, proof: Message) -> None:
    with bench.backend.session() as session:
        (receipt,) = session.exchange([proof])
    assert receipt.outcome is Outcome.SENT
    assert bench.taken == [ANN]


def test_a_backend_that_cannot_carry_one_click_takes_it_too(proof: Message) -> None:
    pigeon = PigeonBackend()
    with guarded(cast("Backend", pigeon)).session() as session:
        (receipt,) = session.exchange([proof])
    assert receipt.outcome is Outcome.SENT
