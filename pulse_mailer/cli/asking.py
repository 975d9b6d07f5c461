"""What `edition check` asks others for: the servers that links lead to, and a spam filter where one is set."""

from collections.abc import Iterator
from dataclasses import replace

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.cli import output, progress
from pulse_mailer.clock import now
from pulse_mailer.composing import spamd, visiting
from pulse_mailer.composing.finding import Finding
from pulse_mailer.composing.preflight import in_order
from pulse_mailer.delivery import previewing
from pulse_mailer.delivery.approving import Checked
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import visits
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
    urls = visiting.addresses(edition)
    with mailer.database.reading() as database:
        known = {} if again else visits.fresh(database, urls, now())
    left = [url for url in urls if url not in known]
    if known:
        output.errors.print(
            output.plain(f"{len(known)} of {len(urls)} links were visited lately; --again asks anew.")
        )
    with progress.watched("Visiting links", "links", len(left)) as told:
        outcomes = visiting.visit(left, mailer.fetcher(), told)
    is_offline = visiting.is_offline(outcomes)
    if not is_offline:
        with mailer.database.transaction() as database:
            visits.keep(database, outcomes, now())
    if is_offline:
        yield visiting.offline(outcomes)
        outcomes = {}
    yield from visiting.findings(edition, known | outcomes)


def _judged(mailer: Mailer, edition: Edition) -> Iterator[Finding]:
    host, _, port = mailer.settings.spamd.rpartition(":")
    with mailer.database.reading() as database:
        mail = previewing.preview(database, edition, mailer.keys, mailer.links, form="eml")
    try:
        yield from spamd.findings(spamd.judge(mail, host.strip("[]"), int(port)))
    except SpamdUnreachable as fault:
        yield spamd.unknown(fault)
