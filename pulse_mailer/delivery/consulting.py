"""What others say of an edition: the servers that its links lead to, asked once in a while, and a spam filter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pulse_mailer.clock import now
from pulse_mailer.composing import spamd, visiting
from pulse_mailer.composing.finding import Finding
from pulse_mailer.composing.spamd import Judgement
from pulse_mailer.composing.visiting import Outcome
from pulse_mailer.database import Database
from pulse_mailer.delivery import previewing
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import visits
from pulse_mailer.fetching import Fetcher
from pulse_mailer.keys import Keys
from pulse_mailer.links import Links


@dataclass(frozen=True, slots=True)
class Tour:
    """
    The pages that an edition links to.

    Attributes:
        known: what came of those where somebody went lately.
        left: those to visit.
    """

    edition: Edition
    known: Mapping[str, Outcome]
    left: Sequence[str]

    @property
    def count(self) -> int:
        return len(self.known) + len(self.left)


def tour(database: Database, edition: Edition, *, again: bool = False) -> Tour:
    """What is to be visited; with `again` also what was visited lately."""
    urls = visiting.addresses(edition)
    with database.reading() as session:
        known = {} if again else visits.fresh(session, urls, now())
    return Tour(edition, known, [url for url in urls if url not in known])


def visited(
    database: Database, planned: Tour, fetcher: Fetcher, told: Callable[[int], None]
) -> Iterator[Finding]:
    """Go there, keep what came of it, and give what is to be said of it; `told` hears how many are done."""
    outcomes = visiting.visit(planned.left, fetcher, told)
    if visiting.is_offline(outcomes):
        yield visiting.offline(outcomes)
        outcomes = {}
    else:
        with database.transaction() as session:
            visits.keep(session, outcomes, now())
    yield from visiting.findings(planned.edition, dict(planned.known) | outcomes)


def judged(database: Database, edition: Edition, keys: Keys, links: Links, place: str) -> Judgement:
    """
    What a spam filter says of an edition as a sample reader would get it.

    Args:
        place: of SpamAssassin's spamd, as HOST:PORT.

    Raises:
        SpamdUnreachable: nobody answers there, or not in time.
        CompositionError: it cannot be made into mail.
    """
    host, _, port = place.rpartition(":")
    with database.reading() as session:
        mail = previewing.preview(session, edition, keys, links, form="eml")
    return spamd.judge(mail, host.strip("[]"), int(port))
