"""Going to where an edition's links lead, with a bar for who waits."""

from pulse_mailer.cli import progress
from pulse_mailer.composing import visiting
from pulse_mailer.composing.finding import Finding
from pulse_mailer.domain.edition import Edition
from pulse_mailer.fetching import Fetcher


def visit(edition: Edition, fetcher: Fetcher) -> list[Finding]:
    total = len(visiting.addresses(edition))
    with progress.watched("Visiting links", "links", total) as told:
        return visiting.visit(edition, fetcher, told)
