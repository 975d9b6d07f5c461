"""
Whether hostile text takes time that grows with the square of its length, where strangers' text is read.

    python -m benchmarks.growth [--characters N]

Each pattern is read at N and at twice N characters; a growth near 2 is linear, near 4 is the square. Times are CPU
time of this process.
"""

import argparse
import time
from collections.abc import Callable

from pulse_mailer.importing import read_document
from pulse_mailer.importing.draft import Programme
from pulse_mailer.richtext import to_html

HEAD = "# Digest\n\nMay 2026\n\nDear reader, hello.\n\n## Housing\n\n### Reports\n\n"
DOCUMENTS = [
    "[", "[a](", "![a](", "**a ", "_a* ", '[x](a "', "<http://", "https://a.b ", "a", "a. B", "- ", "&#", "\\",
    "x. ", "Telephone: ", "# a\n### b\n## c\n", "1. a\n", "- a\n 1. b\n", "> a\n", "Telephone: 1\n\n",
    "Regards,\n\n", "lower case text that seems to be going on and on\n\n", "Reports\n\nNews\n\n",
    "Office for Homes. A title.\n\nText.\n\n", "#### Office. [Title](#)\n\n![](p.png)\n\n", "  - a\n\n    b\n",
]  # fmt: skip
SUMMARIES = ["a ", "**a** ", "> a\n", "- a\n", "{{", "&amp;", "<b>"]


def read(text: str) -> None:
    read_document("edition.md", (HEAD + text).encode(), Programme(), lambda _path: None)


def seconds(work: Callable[[str], object], text: str) -> float:
    begun = time.process_time()
    work(text)
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--characters", type=int, default=100_000)
    count = parser.parse_args().characters
    print(f"{'read by':10} {'pattern':28} {f'{count:,}':>10} {f'{2 * count:,}':>10} growth")
    for name, work, patterns, size in (
        ("importing", read, DOCUMENTS, count),
        ("richtext", to_html, SUMMARIES, min(count, 95_000)),
    ):
        for pattern in patterns:
            once, twice = (seconds(work, pattern * (n * size // len(pattern))) for n in (1, 2))
            print(f"{name:10} {pattern[:26]!r:28} {once:9.2f}s {twice:9.2f}s {twice / max(once, 0.001):6.1f}")


if __name__ == "__main__":
    main()
