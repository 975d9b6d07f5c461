"""Readers who leave by one click while an edition goes out (RFC 8058), each with the time of the answer."""

import http.client
import json
import queue
import random
import threading
import time
from pathlib import Path

from sqlalchemy import select

from benchmarks.sending import Send
from pulse_mailer.domain.subscriber import Subscription
from pulse_mailer.links import Purpose

_AT_ONCE = 4
_ONE_CLICK = "List-Unsubscribe=One-Click"


def leave_by_one_click(send: Send, port: int, count: int, seed: int, answers: Path) -> None:
    """Post for so many readers, spread over the whole send; writes down who was told that they are out, and when."""
    with send.database.reading() as session:
        everybody = list(session.scalars(select(Subscription.public_id).order_by(Subscription.id)))
    leaving: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    lines: list[str] = []
    links = send.ground.links()

    def post() -> None:
        while (who := leaving.get()) is not None:
            begun = time.time()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", f"/u/{links.token(Purpose.UNSUBSCRIBE, who)}", _ONE_CLICK, kind)
            if connection.getresponse().status == 200:
                at = time.time()
                lines.append(json.dumps({"who": who, "at": at, "seconds": at - begun}))
            connection.close()

    posting = [threading.Thread(target=post) for _ in range(_AT_ONCE)]
    for thread in posting:
        thread.start()
    chosen = random.Random(seed).sample(everybody, count)
    try:
        for number, who in enumerate(chosen):
            # The first ones leave when the first mails go, the last ones when nine tenths are out or on their way.
            send.wait_taken(1 + int(send.audience * 0.9 * number / count), send.workers[0])
            leaving.put(who)
    finally:
        for _ in posting:
            leaving.put(None)
        for thread in posting:
            thread.join()
    answers.write_text("".join(f"{line}\n" for line in lines))
