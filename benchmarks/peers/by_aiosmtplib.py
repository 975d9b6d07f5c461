"""
aiosmtplib: so many connections at once, one `EmailMessage` for each reader.

    python -m benchmarks.peers.by_aiosmtplib PORT COUNT LETTER CONNECTIONS
"""

import asyncio
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from aiosmtplib import SMTP

from benchmarks.peers.letters import Letter, messages
from benchmarks.peers.measuring import measured


async def _send(port: int, waiting: Iterator[EmailMessage]) -> None:
    async with SMTP(hostname="127.0.0.1", port=port, start_tls=False) as server:
        for message in waiting:
            await server.send_message(message)


async def _send_all(port: int, waiting: Iterator[EmailMessage], connections: int) -> None:
    await asyncio.gather(*(_send(port, waiting) for _ in range(connections)))


def main() -> None:
    port, count, letter = int(sys.argv[1]), int(sys.argv[2]), Letter.read(Path(sys.argv[3]))
    with measured(count):
        asyncio.run(_send_all(port, messages(letter, count), int(sys.argv[4])))


if __name__ == "__main__":
    main()
