"""
Whether a send kept its word, from nothing but the ledger and what the mail server wrote down.

    python -m benchmarks.verifying --database URL --log FILE [--audience N] [--in-doubt N] [--answers FILE]

Ends with status 1 when it finds anything wrong. It shares with the program the names of the tables, and no more: it
neither asks the program what happened nor believes it.
"""

import argparse
import datetime
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row, create_engine, make_url, select

from pulse_mailer.domain.delivery import FINAL, Attempt, Delivery, DeliveryStatus, Outcome
from pulse_mailer.domain.edition import Edition, EditionStatus
from pulse_mailer.domain.subscriber import Subscription
from pulse_mailer.domain.suppression import Suppression

_SHOWN = 3
_NEVER = frozenset({"unknown", "full"})  #: what the sink calls the refusals that no later try can change


@dataclass(frozen=True, slots=True)
class Told:
    """What whoever ran the send knows of it, and the verifier cannot see."""

    audience: int
    in_doubt: int | None = None  #: connections times window: how many a killed worker may leave uncertain
    answers: Path | None = None  #: who unsubscribed, and when the answer to it was there
    paused: bool = False  #: the edition was to be paused, so some may wait


@dataclass(slots=True)
class Found:
    """What the verifier counted, and a sentence for each thing that is wrong."""

    states: Counter[DeliveryStatus] = field(default_factory=Counter)
    mails: int = 0
    lost: int = 0
    repeats: int = 0
    uncertain: int = 0
    uncertain_taken: int = 0
    most_in_doubt: int = 0
    wrongly_suppressed: int = 0
    marked_too_late: int = 0
    wrong: list[str] = field(default_factory=list)

    def blame(self, what: str, whom: Iterable[object]) -> int:
        """Keep that something is wrong with these; gives how many they are."""
        listed = [str(one) for one in whom]
        if listed:
            more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
            self.wrong.append(f"{len(listed)} {what}: {', '.join(listed[:_SHOWN])}{more}")
        return len(listed)


@dataclass(slots=True)
class Log:
    """The sink's log, by Message-ID and by recipient."""

    taken: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, set[str]] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    refused: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "Log":
        log = cls()
        for line in file.read_text().splitlines():
            event = json.loads(line)
            match event["what"]:
                case "accepted":
                    log.taken[event["id"]] += 1
                    log.bodies.setdefault(event["id"], set()).add(event["hash"])
                case "cut_after":
                    log.unanswered.add(event["id"])
                case what:
                    log.refused.setdefault(event["to"], set()).add(what)
        return log


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the database says."""

    rows: Sequence[Row[Any]]
    attempts: Sequence[Row[Any]]
    suppressed: frozenset[str]
    public_ids: Mapping[int, str]
    edition: EditionStatus

    @classmethod
    def read(cls, url: str) -> "Ledger":
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed)
        try:
            with engine.connect() as database:
                return cls(
                    database.execute(select(*Delivery.__table__.columns)).all(),
                    database.execute(select(*Attempt.__table__.columns)).all(),
                    frozenset(database.scalars(select(Suppression.address_hash))),
                    {
                        row[0]: row[1]
                        for row in database.execute(select(Subscription.id, Subscription.public_id))
                    },
                    database.scalars(select(Edition.status)).one(),
                )
        finally:
            engine.dispose()


def verify(log_file: Path, url: str, told: Told) -> Found:
    """Hold the ledger against the log."""
    log, ledger, found = Log.read(log_file), Ledger.read(url), Found()
    _count(found, log, ledger)
    _who_got_it(found, log, ledger, told)
    _who_did_not(found, log, ledger)
    _doubt(found, log, ledger, told)
    if told.answers is not None:
        _left(found, ledger, told.answers)
    if sum(found.states.values()) != told.audience:
        found.wrong.append(f"{sum(found.states.values())} deliveries, and the audience was {told.audience}")
    return found


def _count(found: Found, log: Log, ledger: Ledger) -> None:
    found.states = Counter(row.status for row in ledger.rows)
    found.mails = log.taken.total()


def _who_got_it(found: Found, log: Log, ledger: Ledger, told: Told) -> None:
    known = {row.message_id for row in ledger.rows}
    found.blame("mails are in nobody's name", log.taken.keys() - known)
    repeated = [name for name, times in log.taken.items() if times > 1]
    found.blame("mails were taken more than once", repeated)
    found.repeats = sum(log.taken[name] - 1 for name in repeated)
    found.blame("mails differ between two tries", [name for name in repeated if len(log.bodies[name]) > 1])
    not_taken = [row.message_id for row in ledger.rows if _is(row, "SENT") and not log.taken[row.message_id]]
    found.lost += found.blame("deliveries are sent, and no such mail was taken", not_taken)
    done = ledger.edition is EditionStatus.SENT
    if not done and not told.paused:
        found.wrong.append(f"the edition is {ledger.edition.value}, not sent")
    if done or not told.paused:
        waits = [row.message_id for row in ledger.rows if row.status not in FINAL]
        found.lost += found.blame("deliveries were left behind", waits)


def _who_did_not(found: Found, log: Log, ledger: Ledger) -> None:
    may_have_gone = {DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN, DeliveryStatus.SENDING}
    denied = [row for row in ledger.rows if log.taken[row.message_id] and row.status not in may_have_gone]
    found.blame("mails were taken, and the ledger denies it", [row.message_id for row in denied])
    never = {address for address, why in log.refused.items() if why & _NEVER}
    failed = {row.address for row in ledger.rows if _is(row, "FAILED")}
    unheard = {
        row.address for row in ledger.rows if _is(row, "UNCERTAIN")
    }  # killed before it heard the refusal
    found.blame("deliveries failed, and nobody refused them", failed - never)
    found.blame("recipients were refused, and did not fail", never - failed - unheard)
    by_hash = {row.address_hash: row.address for row in ledger.rows}
    unknown = {address for address, why in log.refused.items() if "unknown" in why}
    wrongly = [by_hash.get(one, one) for one in ledger.suppressed if by_hash.get(one) not in unknown]
    found.wrongly_suppressed = found.blame("addresses were suppressed without cause", wrongly)


def _doubt(found: Found, log: Log, ledger: Ledger, told: Told) -> None:
    doubtful = {row.id: row.message_id for row in ledger.rows if _is(row, "UNCERTAIN")}
    found.uncertain = len(doubtful)
    found.uncertain_taken = sum(log.taken[name] > 0 for name in doubtful.values())
    by_the_wire = {
        row.id
        for row in ledger.rows
        if row.message_id in log.unanswered or "cut_before" in log.refused.get(row.address, ())
    }
    of_worker: Counter[str] = Counter()
    explained = set()
    taken_by_attempt = Counter(
        attempt.delivery_id for attempt in ledger.attempts if attempt.outcome is Outcome.SENT
    )
    for attempt in ledger.attempts:
        if attempt.outcome is Outcome.UNCERTAIN:
            explained.add(attempt.delivery_id)
            # What the sink never answered is the wire's doing; the rest is what the worker's end left open.
            if attempt.delivery_id not in by_the_wire:
                of_worker[attempt.worker] += 1
    found.most_in_doubt = max(of_worker.values(), default=0)
    found.blame(
        "deliveries are uncertain, and no attempt says why",
        [name for delivery, name in doubtful.items() if delivery not in explained],
    )
    found.blame(
        "deliveries are sent, and their attempts do not say so once",
        [row.message_id for row in ledger.rows if _is(row, "SENT") and taken_by_attempt[row.id] != 1],
    )
    if told.in_doubt is not None and found.most_in_doubt > told.in_doubt:
        found.wrong.append(
            f"{found.most_in_doubt} are uncertain after the end of one worker, and at most {told.in_doubt} may be"
        )


def _left(found: Found, ledger: Ledger, answers: Path) -> None:
    """Nobody's mail is marked after they were told that they are unsubscribed."""
    answered_at = {line["who"]: line["at"] for line in map(json.loads, answers.read_text().splitlines())}
    of_delivery = {row.id: ledger.public_ids[row.subscription_id] for row in ledger.rows}
    late = [
        of_delivery[attempt.delivery_id]
        for attempt in ledger.attempts
        if _seconds(attempt.started_at) > answered_at.get(of_delivery[attempt.delivery_id], float("inf"))
    ]
    found.marked_too_late = found.blame("mails were marked after their reader had left", late)


def _is(row: Row[Any], status: str) -> bool:
    return row.status is DeliveryStatus[status]


def _seconds(moment: datetime.datetime) -> float:
    return moment.timestamp()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--audience", type=int, required=True)
    parser.add_argument("--in-doubt", type=int)
    parser.add_argument("--answers", type=Path)
    given = parser.parse_args()
    found = verify(given.log, given.database, Told(given.audience, given.in_doubt, given.answers))
    for status, count in sorted(found.states.items()):
        print(f"{status:12} {count:>9,}")
    print(f"{'mails taken':12} {found.mails:>9,}")
    print(f"uncertain and taken {found.uncertain_taken:,}; most in doubt by one worker {found.most_in_doubt}")
    for sentence in found.wrong:
        print(f"WRONG: {sentence}")
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
