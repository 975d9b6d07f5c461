"""
What an edition costs to compose, and one recipient's mail to fill, beside what people would use instead.

    python -m benchmarks.compose [EDITION] [--quick]

EDITION is a document to import: by default the real edition beside the checkout, where there is one, else the demo's.
Times are CPU time of the process that does the work, the best of several rounds, since other work only ever adds.
npm's mjml needs Node.js and `make judges`; without them it is left out.
"""

import argparse
import email.policy
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import jinja2
from premailer import Premailer

from pulse_mailer.composing.compiling import compile_mjml
from pulse_mailer.composing.merging import Merger
from pulse_mailer.composing.preflight import preflight
from pulse_mailer.composing.rendering import render
from pulse_mailer.domain.edition import Edition, Rendering
from pulse_mailer.resources import templates_dir
from tests.conftest import REAL_EDITION
from tests.mail.specimens import DESIGNS, real
from tests.unit.composing import editions

TOOLS = Path(__file__).resolve().parent.parent / "tests" / "mail" / "tools"
#: The gates: milliseconds of CPU to compose, microseconds to fill, bytes of HTML; how much dearer an item may
#: become when there are ten times as many.
COMPOSE_MS, FILL_US, HTML_BYTES, GROWTH = 30.0, 25.0, 85_000, 1.25

_NPM = """
import mjml2html from "mjml";
import { readFileSync } from "node:fs";
const mjml = readFileSync(0, "utf8");
const rounds = Number(process.argv[2]);
let best = Infinity;
for (let round = 0; round < rounds; round++) {
  const start = process.cpuUsage();
  mjml2html(mjml, { ignoreIncludes: true, fonts: {} });
  const { user, system } = process.cpuUsage(start);
  best = Math.min(best, (user + system) / 1e6);
}
process.stdout.write(JSON.stringify(best));
"""


class Gate(NamedTuple):
    """A figure, and the most that it may be."""

    what: str
    most: float
    measured: float
    unit: str

    @property
    def line(self) -> str:
        verdict = "ok" if self.measured <= self.most else "MISSED"
        return f"{self.what:44} {self.measured:>10,.1f} {self.unit:6} (at most {self.most:,.1f})  {verdict}"


def best(work: Callable[[], object], rounds: int, times: int = 1) -> float:
    """Seconds of CPU for one call: the best round's."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - start) / times)
    return min(found)


def of_items(count: int) -> Edition:
    """An edition of so many items, in categories of ten."""
    made = editions.edition()
    pattern = [one for one in made.items() if one.summary][:10]
    section = made.sections[1]
    template = section.categories[0]
    section.categories = []
    for group in range(count // 10):
        category = type(template)(position=group, name=f"Group {group}", items=[])
        category.items = [
            editions.item(f"{one.title} {group}", place, publisher=one.publisher, summary=one.summary)
            for place, one in enumerate(pattern)
        ]
        section.categories.append(category)
    made.sections = [section]
    return editions.numbered(made)


def by_hand(edition: Edition, rendering: Rendering) -> Callable[[], bytes]:
    """What a script does for each recipient: the template, MJML, premailer with its defaults, EmailMessage."""
    source = (
        "{% raw %}"
        + rendering.mjml.replace("[[", "{% endraw %}{{ ").replace("]]", " }}{% raw %}")
        + "{% endraw %}"
    )
    template = jinja2.Environment(autoescape=True).from_string(source)

    def make() -> bytes:
        mjml = template.render(address="reader@example.org", token="a" * 43)
        html = Premailer(compile_mjml(mjml), allow_network=False, cssutils_logging_level=50).transform()
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"] = "Harbour Research <review@harbour.example.org>"
        message["To"] = "reader@example.org"
        message["Subject"] = edition.subject
        message.set_content(rendering.text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        return message.as_bytes()

    return make


def by_npm(mjml: str, rounds: int) -> float | None:
    """Seconds of CPU for npm's mjml to compile it, loaded and warm; None where it is not there."""
    if shutil.which("node") is None or not (TOOLS / "node_modules" / "mjml").is_dir():
        return None
    command = ["node", "--input-type=module", "-e", _NPM, "x", str(rounds)]
    said = subprocess.run(command, input=mjml, cwd=TOOLS, capture_output=True, text=True, check=True)
    return float(json.loads(said.stdout))


def anew(edition: Edition) -> Callable[[], Rendering]:
    """Compose it with texts that were never seen before, so that nothing is known of any."""
    summaries = [(one, one.summary) for one in edition.items()]
    letter, rounds = edition.letter, itertools.count()

    def make() -> Rendering:
        number = next(rounds)
        edition.letter = f"{letter} {number}"
        for place, (one, summary) in enumerate(summaries):
            one.summary = f"{summary} {number}.{place}"
        return render(edition, editions.LINKS)

    return make


def one_changed(edition: Edition) -> Callable[[], Rendering]:
    """Compose it again after one text of it has changed, as the preview does while somebody types."""
    one = next(iter(edition.items()))
    summary, rounds = one.summary, itertools.count()

    def make() -> Rendering:
        one.summary = f"{summary} {next(rounds)}."
        return render(edition, editions.LINKS)

    return make


def gates(document: Path, rounds: int) -> Iterator[Gate]:
    for design in DESIGNS:
        edition = real(document)
        edition.newsletter.design = design
        made = render(edition, editions.LINKS)
        cost = best(anew(edition), rounds)
        yield Gate(f"compose in {design}", COMPOSE_MS, cost * 1e3, "ms")
        yield Gate(f"HTML in {design}", HTML_BYTES, len(made.html.encode()), "bytes")
    merger, delivery = Merger(render(real(document), editions.LINKS)), editions.delivery()
    each = best(lambda: merger.merge(delivery, editions.LINKS), rounds, times=200)
    yield Gate("fill one recipient's mail", FILL_US, each * 1e6, "us")
    few, many = of_items(50), of_items(500)
    small = best(anew(few), max(3, rounds // 3)) / 50
    large = best(anew(many), max(2, rounds // 6)) / 500
    yield Gate("an item of 500 beside one of 50", GROWTH, large / small, "times")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    default = REAL_EDITION if REAL_EDITION.exists() else templates_dir() / "demo" / "edition.md"
    parser.add_argument("edition", nargs="?", type=Path, default=default)
    parser.add_argument("--quick", action="store_true", help="few rounds: rough figures")
    asked = parser.parse_args()
    rounds = 4 if asked.quick else 20

    edition = real(asked.edition)
    made = render(edition, editions.LINKS)
    print(
        f"{asked.edition.name}: {sum(1 for _ in edition.items())} items, {len(made.mjml):,} letters of MJML"
    )
    for gate in gates(asked.edition, rounds):
        print(gate.line)

    print()
    merger, delivery = Merger(made), editions.delivery()
    each = best(lambda: merger.merge(delivery, editions.LINKS), rounds, times=200)
    ours = best(lambda: compile_mjml(made.mjml), rounds)
    theirs = by_npm(made.mjml, rounds)
    hand = best(by_hand(edition, made), max(3, rounds // 4))
    checks = best(lambda: preflight(edition, made), rounds)
    told("compose again, one text changed", best(one_changed(real(asked.edition)), rounds))
    told("MJML to HTML, ours", ours)
    if theirs is None:
        print("MJML to HTML, npm mjml: not measured, it is not here (make judges)")
    else:
        told("MJML to HTML, npm mjml", theirs, f"{theirs / ours:,.0f} times as much")
    told("all of it for each recipient, by a script", hand, f"{hand / each:,.0f} times a fill of ours")
    told("preflight", checks)


def told(what: str, seconds: float, beside: str = "") -> None:
    print(f"{what:44} {seconds * 1e3:>10.2f} ms     {beside}".rstrip())


if __name__ == "__main__":
    main()
