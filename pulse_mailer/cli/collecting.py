"""Filling the inbox and emptying it, with a bar for who waits, and what came of it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pulse_mailer.cli import documents, output, progress
from pulse_mailer.cli.steering import REOPENED
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.inbox import Candidate, CandidateStatus
from pulse_mailer.domain.web_address import folded
from pulse_mailer.editions import (
    calling,
    collecting,
    gathering,
    inbox,
    looking,
    naming,
    picking,
    reading,
    shapes,
)
from pulse_mailer.editions.collecting import Added, Proposal
from pulse_mailer.editions.inbox import Waiting
from pulse_mailer.editions.picking import Place
from pulse_mailer.errors import PageUnreadable

if TYPE_CHECKING:
    from pulse_mailer.bootstrap import Mailer

_WHAT = {"new": "added", "known": "there already", "back": "taken in again"}
_NEXT = "Next: pulse-mailer item list"


def add(
    mailer: "Mailer",
    urls: Sequence[str],
    newsletter: str | None,
    said: dict[str, str],
    *,
    with_picture: bool,
    json: bool,
) -> None:
    """Look at pages and put each into the inbox as it comes; what was put there stays, whatever happens next."""
    wanted: dict[str, str] = {}
    for url in map(collecting.web_address, urls):
        wanted.setdefault(folded(url), url)
    with mailer.database.reading() as database:
        found = reading.newsletter(database, newsletter)
        said |= {what: naming.spelled(database, found, what, said[what]) for what in ("section", "category")}
    said = looking.spoken(said)
    fetcher = mailer.fetcher()
    added: list[Added] = []
    refused: list[PageUnreadable] = []
    with progress.watched("Reading pages", "pages", len(wanted)) as told:
        looked = calling.called(
            wanted.values(), lambda url: looking.look(url, fetcher, with_picture=with_picture), url_of=str
        )
        for _, page in looked:
            try:
                added += _put(mailer, found.slug, [looking.proposal(page, said)])
            except PageUnreadable as error:
                refused.append(error)
            else:
                _say_added(added[-1], page.notes, json=json)
            told(len(added) + len(refused))
    if refused and len(wanted) == 1:
        raise refused[0]
    _close(added, len(urls) - len(wanted), refused, json=json)


def import_document(mailer: "Mailer", file: Path, newsletter: str | None, *, json: bool) -> None:
    name, data = documents.read(file)
    with mailer.database.reading() as database:
        found = reading.newsletter(database, newsletter)
        names = naming.known(database, found)
    gathered = gathering.gather(name, data, names, documents.pictures_beside(file))
    added = _put(mailer, found.slug, gathered.proposals)
    for one in added:
        _say_added(one, (), json=json)
    if not json:
        for note in gathered.notes:
            output.trouble(note)
        if gathered.left_out:
            several = gathered.left_out > 1
            lines = (
                f"{gathered.left_out} lines of the document are" if several else "1 line of the document is"
            )
            output.say(
                f"{lines} doubtful, or no part of an item. "
                f"See {'them' if several else 'it'}: pulse-mailer edition import {file} --newsletter {found.slug} "
                "--dry-run"
            )
    _close(added, 0, (), json=json)


def place(mailer: "Mailer", numbers: Sequence[int], where: Place, *, json: bool) -> None:
    with mailer.database.transaction() as database:
        ids = list(numbers) or picking.waiting(database, where)
        placed = picking.place(database, ids, where, actor=output.actor())
        edition = placed.change.edition
    if json:
        output.print_json(shapes.placed(placed))
        return
    for candidate, item in placed.items:
        output.say(f"{candidate.id} is item {item.number}: {item.title}")
    for note in placed.notes:
        output.trouble(note)
    count = counted(len(placed.items), "item")
    output.good(f"{count} placed in {edition.name}, which is at revision {edition.revision} now.")
    if placed.change.reopened:
        output.trouble(REOPENED.format(edition.key))
    output.say(f"Next: pulse-mailer edition show {edition.name}")


def print_list(lines: Sequence[Waiting]) -> None:
    rows = [[line.candidate.id, _head(line), _meant(line), _notes(line)] for line in lines]
    output.print_table(["No.", "Item", "Meant for", "To know"], rows, ["No."])


def print_one(line: Waiting) -> None:
    plain = inbox.as_json(line)
    hidden = {"summary", "seen", "feed_id"}
    for name, value in plain.items():
        if name not in hidden:
            output.say(f"{name.replace('_', ' '):13} {'-' if value in (None, '') else value}")
    for words in line.words:
        output.trouble(f"It is {words}.")
    if plain["summary"]:
        output.say()
        output.say(plain["summary"])


def _put(mailer: "Mailer", slug: str, proposals: Sequence[Proposal]) -> list[Added]:
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, slug)
        known = collecting.opened(database, newsletter)
        return [
            collecting.propose(database, newsletter, known, proposal, actor=output.actor())
            for proposal in proposals
        ]


def _say_added(added: Added, notes: Sequence[str], *, json: bool) -> None:
    if json:
        return
    found = added.candidate
    output.say(f"{found.id:4} {_WHAT[added.what]}: {_titled(found.publisher, found.title)}")
    told = [found.trouble, *notes]
    if _is_picture_to_describe(found):
        told.append(
            f'Nobody said what its picture shows. To do so: pulse-mailer item set {found.id} picture-alt "..."'
        )
    if added.what == "new":
        told += [f"It is {words}." for words in added.words]
    for sentence in filter(None, told):
        output.trouble(f"     {sentence}")


def _close(added: Sequence[Added], repeated: int, refused: Sequence[PageUnreadable], *, json: bool) -> None:
    if json:
        fields = ("id", "status", "url", "title", "publisher", "section", "category", "trouble")
        output.print_json(
            {
                "items": [
                    {name: getattr(one.candidate, name) for name in fields}
                    | {"what": one.what, "seen": list(one.words)}
                    for one in added
                ],
                "refused": [str(error) for error in refused],
            }
        )
    else:
        for error in refused:
            output.trouble(str(error))
        counts = Counter(one.what for one in added)
        parts = [f"{counts[what]} {words}" for what, words in _WHAT.items() if counts[what] or what == "new"]
        parts += [f"{repeated} named twice"] * bool(repeated) + [f"{len(refused)} not added"] * bool(refused)
        (output.trouble if refused else output.good)(f"{', '.join(parts)}.")
        output.say(_NEXT)
    if refused:
        raise typer.Exit(3 if added else 1)


def _head(line: Waiting) -> str:
    return _titled(line.candidate.publisher, line.candidate.title)


def _titled(publisher: str, title: str) -> str:
    return f"{publisher}. {title}" if publisher else title


def _meant(line: Waiting) -> str:
    found = line.candidate
    return " / ".join(part for part in (found.section, found.category) if part) or "-"


def _is_picture_to_describe(found: Candidate) -> bool:
    """Whether it has a picture that cannot come into an edition yet."""
    return found.picture_hash is not None and not found.picture_alt


def _notes(line: Waiting) -> str:
    found = line.candidate
    where = f"item {found.item_number} of {line.edition}" if line.edition else ""
    state = "dropped" if found.status is CandidateStatus.DROPPED else where
    link = "" if found.url else "no link"
    picture = "picture to describe" if not state and _is_picture_to_describe(found) else ""
    return "; ".join(part for part in (state, link, picture, found.trouble.rstrip("."), *line.words) if part)
