"""What `edition check` asks others for: the servers that links lead to, and a spam filter where one is set."""

from collections.abc import Iterator
from dataclasses import replace

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import output, progress
from pulse_mailer.composing import spamd, visiting
from pulse_mailer.composing.finding import Finding
from pulse_mailer.composing.preflight import in_order
from pulse_mailer.delivery import consulting
from pulse_mailer.delivery.approving import Checked
from pulse_mailer.domain.edition import Edition
from pulse_mailer.errors import SpamdUnreachable


def asked(mailer: Mailer, edition: Edition, checked: Checked, *, links: bool, again: bool) -> Checked:
    """Preflight's findings with those of the visits, which take the place of what is remembered, and the filter's."""
    found = list(checked.findings)
    if links:
        found = [finding for finding in found if finding.code not in visiting.CODES]
        found += _visited(mailer, edition, again=again)
    if mailer.settings.spamd:
        found += _judged(mailer, edition)
    return replace(checked, findings=tuple(in_order(edition, found)))


def _visited(mailer: Mailer, edition: Edition, *, again: bool) -> Iterator[Finding]:
    planned = consulting.tour(mailer.database, edition, again=again)
    if planned.known:
        output.errors.print(
            output.plain(
                f"{len(planned.known)} of {planned.count} links were visited lately; --again asks anew."
            )
        )
    with progress.watched("Visiting links", "links", len(planned.left)) as told:
        yield from consulting.visited(mailer.database, planned, mailer.fetcher(), told)


def _judged(mailer: Mailer, edition: Edition) -> Iterator[Finding]:
    place = mailer.settings.spamd
    try:
        yield from spamd.findings(
            consulting.judged(mailer.database, edition, mailer.keys, mailer.links, place)
        )
    except SpamdUnreachable as fault:
        yield spamd.unknown(fault)
