"""What the spam filter said of mails; it takes its time to say so, and is asked once about each."""

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.composing.spamd import Judgement
from pulse_mailer.delivery import consulting
from pulse_mailer.domain.edition import Edition

_MOST_KEPT = 100


class Judgements:
    """By the fingerprints of the mails, as long as the program runs."""

    def __init__(self) -> None:
        self._known: dict[str, Judgement] = {}

    def known(self, fingerprint: str) -> Judgement | None:
        return self._known.get(fingerprint)

    def ask(self, mailer: Mailer, edition: Edition, fingerprint: str) -> Judgement:
        """
        Raises:
            SpamdUnreachable: the filter does not answer, or not in time.
        """
        if (found := self.known(fingerprint)) is None:
            place = mailer.settings.spamd
            found = consulting.judged(mailer.database, edition, mailer.keys, mailer.links, place)
            self._known[fingerprint] = found
            if len(self._known) > _MOST_KEPT:
                self._known.pop(next(iter(self._known)), None)
        return found
