"""
The usual loop: one `smtplib` connection, one `EmailMessage` for each reader.

    python -m benchmarks.peers.by_smtplib PORT COUNT LETTER
"""

import smtplib
import sys
from pathlib import Path

from benchmarks.peers.letters import Letter, messages
from benchmarks.peers.measuring import measured


def main() -> None:
    port, count, letter = int(sys.argv[1]), int(sys.argv[2]), Letter.read(Path(sys.argv[3]))
    with measured(count), smtplib.SMTP("127.0.0.1", port) as server:
        for message in messages(letter, count):
            server.send_message(message)


if __name__ == "__main__":
    main()
