"""
What an edition costs to compose, and one recipient's mail to fill, against the standard library's way.

    python -m benchmarks.merging [--recipients N]

Times are CPU time of this process, the best of many short rounds, since other work on the machine only ever adds.
"""

import argparse
import email.policy
import statistics
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime

from pulse_mailer.composing.merging import Merger
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.delivery import Delivery
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.links import Purpose
from tests.unit.composing import editions

ROUNDS = 40


def best(work: Callable[[], object], times: int, rounds: int = ROUNDS) -> float:
    """Seconds of CPU for one call: the best round's."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - start) / times)
    return min(found)


def by_email_message(rendering: Rendering, delivery: Delivery) -> bytes:
    """The same mail as most programs make it: replace the fields, and let the library encode it all again."""
    token = editions.LINKS.token(Purpose.UNSUBSCRIBE, delivery.slots["public_id"], kid=delivery.slots["kid"])
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Harbour Research <review@harbour.example.org>"
    message["To"] = delivery.address
    message["Subject"] = rendering.subject
    message["Date"] = format_datetime(delivery.dated_at)
    message["Message-ID"] = f"<{delivery.message_id}>"
    message["List-Unsubscribe"] = f"<https://news.example.org/u/{token}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(filled(rendering.text, delivery, token), cte="quoted-printable")
    message.add_alternative(filled(rendering.html, delivery, token), subtype="html", cte="quoted-printable")
    return message.as_bytes()


def filled(part: str, delivery: Delivery, token: str) -> str:
    return part.replace("[[token]]", token).replace("[[address]]", delivery.address)


def with_names(edition: Edition) -> Edition:
    """The edition with two merge fields."""
    edition.letter = f"Dear {{first_name|colleague}},\n\n{edition.letter}"
    edition.subject = f"{{first_name|Reader}}, {edition.subject}"
    return edition


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument(
        "--recipients", type=int, default=4_000, help="messages to fill (default: %(default)s)"
    )
    recipients = parser.parse_args().recipients

    edition = editions.edition()
    rendering = render(edition, editions.LINKS)
    compiling = best(lambda: render(edition, editions.LINKS), 1, rounds=10)
    merger, delivery = Merger(rendering), editions.delivery()
    ours = best(lambda: merger.merge(delivery, editions.LINKS), max(1, recipients // ROUNDS))
    named = Merger(render(with_names(edition), editions.LINKS))
    delivery.slots = delivery.slots | {"first_name": "Ann"}
    naming = best(lambda: named.merge(delivery, editions.LINKS), max(1, recipients // ROUNDS))
    theirs = best(lambda: by_email_message(rendering, delivery), 1, rounds=20)
    sizes = [
        len(merger.merge(editions.delivery(f"reader{n}@example.org", n), editions.LINKS).data)
        for n in range(100)
    ]

    print(f"items              {sum(1 for _ in edition.items()):>10}")
    print(f"HTML               {len(rendering.html.encode()):>10,} bytes")
    print(f"plain text         {len(rendering.text.encode()):>10,} bytes")
    print(f"message            {statistics.mean(sizes):>10,.0f} bytes, encoded")
    print(f"compose, once      {compiling * 1e3:>10.1f} ms")
    print(f"fill, each         {ours * 1e6:>10.1f} us")
    print(f"with names, each   {naming * 1e6:>10.1f} us, one in the letter and one in the subject")
    print(f"EmailMessage, each {theirs * 1e6:>10.1f} us, {theirs / ours:,.0f} times as much")


if __name__ == "__main__":
    main()
