"""
Django's SMTP backend: fifty mails to a `send_messages`, one connection, as its documentation shows.

    python -m benchmarks.peers.by_django PORT COUNT LETTER
"""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import django
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from benchmarks.peers.letters import Letter
from benchmarks.peers.measuring import measured

TOGETHER = 50


def _messages(letter: Letter, count: int) -> Iterator[EmailMultiAlternatives]:
    for number in range(1, count + 1):
        address, headers, text, html = letter.to(number)
        message = EmailMultiAlternatives(letter.subject, text, headers["From"], [address], headers=headers)
        message.attach_alternative(html, "text/html")
        yield message


def main() -> None:
    port, count, letter = int(sys.argv[1]), int(sys.argv[2]), Letter.read(Path(sys.argv[3]))
    settings.configure(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=port
    )
    django.setup()
    with measured(count), get_connection() as connection:
        waiting = _messages(letter, count)
        while together := list(islice(waiting, TOGETHER)):
            connection.send_messages(together)


if __name__ == "__main__":
    main()
