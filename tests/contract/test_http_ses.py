"""
Amazon SES as moto plays it, over real HTTP.

moto keeps what it is sent and knows verified senders. It checks signatures only where it is told to, and never that
a body is the one that was signed; botocore judges that in tests/unit/backends/test_sigv4.py.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from moto.server import ThreadedMotoServer

from pulse_mailer.backends._http import Patience
from pulse_mailer.backends.ses import SesBackend
from pulse_mailer.backends.sigv4 import Credentials
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.errors import SignInRefused
from tests.contract.benches import mail


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def ses(moto: str) -> SesBackend:
    requests.post(f"{moto}/moto-api/reset", timeout=10)
    return backend(moto, Credentials("AKIDEXAMPLE", "secret"))


def backend(moto: str, credentials: Credentials) -> SesBackend:
    patience = Patience(connect=10, read=30)
    return SesBackend(endpoint=moto, patience=patience, region="us-east-1", credentials=credentials)


def verify(ses: SesBackend, identity: str) -> None:
    request = ses._signed("POST", "/v2/email/identities", json.dumps({"EmailIdentity": identity}).encode())
    answer = requests.post(request.url, request.body, headers=dict(request.headers), timeout=10)
    assert answer.status_code == 200


def kept(moto: str) -> list[dict[str, Any]]:
    data = requests.get(f"{moto}/moto-api/data.json", timeout=10).json()
    found: list[dict[str, Any]] = data["ses"]["RawMessage"]
    return found


def test_mail_arrives_as_it_was(moto: str, ses: SesBackend) -> None:
    verify(ses, "sender.example")
    sent = [mail("ann", b"Subject: April\r\n\r\n.\r\n..one =E2=82=AC\r\nend\r\n"), mail("bob")]
    with ses.session() as session:
        receipts = list(session.exchange(sent))
    assert [(receipt.outcome, receipt.code) for receipt in receipts] == [(Outcome.SENT, 200)] * 2
    found = kept(moto)
    assert [one["raw_data"].encode() for one in found] == [message.data for message in sent]
    assert [one["id"] for one in found] == [receipt.provider_id for receipt in receipts]
    assert all(message.recipient in one["destinations"] for message, one in zip(sent, found, strict=True))


def test_a_sender_that_was_never_verified_is_about_the_message(ses: SesBackend) -> None:
    with ses.session() as session:
        (receipt,) = session.exchange([mail("ann")])
    assert (receipt.outcome, receipt.stage, receipt.code) == (Outcome.DEFERRED, Stage.DATA, 400)
    assert receipt.fault is Fault.MESSAGE
    assert receipt.reply.startswith("MessageRejected: ")


def test_the_check_hears_that_somebody_is_there(ses: SesBackend) -> None:
    # moto has no account to look at, and says so by 404.
    assert "is there" in ses.check()


def iam(moto: str, action: str, **values: str) -> str:
    """What moto's user management answers, as XML."""
    scope = "AKIDEXAMPLE/20260101/us-east-1/iam/aws4_request"
    answer = requests.post(
        moto,
        data={"Action": action, "Version": "2010-05-08", **values},
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"},
        timeout=10,
    )
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def checked(moto: str, ses: SesBackend) -> Iterator[Credentials]:
    """The credentials of a user who may send mail, on a moto that checks signatures from now on."""
    verify(ses, "sender.example")
    allowed = {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam(moto, "CreateUser", UserName="news")
    iam(moto, "PutUserPolicy", UserName="news", PolicyName="send", PolicyDocument=policy)
    made = iam(moto, "CreateAccessKey", UserName="news")
    found = [re.search(rf"<{name}>(.+?)</{name}>", made) for name in ("AccessKeyId", "SecretAccessKey")]
    requests.post(f"{moto}/moto-api/reset-auth", data=b"0", timeout=10)
    yield Credentials(*(one[1] for one in found if one))
    requests.post(f"{moto}/moto-api/reset-auth", data=b"inf", timeout=10)


def test_a_signature_that_is_right_is_taken(moto: str, checked: Credentials) -> None:
    with backend(moto, checked).session() as session:
        (receipt,) = session.exchange([mail("ann")])
    assert receipt.outcome is Outcome.SENT


def test_a_wrong_secret_is_refused_without_being_shown(moto: str, checked: Credentials) -> None:
    wrong = backend(moto, Credentials(checked.access_key_id, "hunter2"))
    with wrong.session() as session:
        receipts = session.exchange([mail("ann")])
        receipt = next(receipts)
        assert (receipt.outcome, receipt.code, receipt.fault) == (Outcome.RETURNED, 403, Fault.CONFIGURATION)
        assert receipt.reply.startswith("SignatureDoesNotMatch: ")
        with pytest.raises(SignInRefused) as caught:
            next(receipts)
    assert "PULSE_MAILER_SES_ACCESS_KEY_ID" in str(caught.value)
    assert "hunter2" not in f"{caught.value} {receipt.reply}"
