"""How an edition and a report look in a terminal."""

from typing import TYPE_CHECKING

from rich.tree import Tree

from pulse_mailer.cli import output
from pulse_mailer.domain.counting import counted
from pulse_mailer.domain.delivery import DeliveryStatus
from pulse_mailer.domain.edition import Category, Confidence, Edition, Item, Section

if TYPE_CHECKING:
    from pulse_mailer.delivery.reporting import Report

_LISTED = 20


def print_edition(edition: Edition) -> None:
    """What is in an edition, and what of its document wants a person's eye."""
    tree = Tree(
        f"[bold]{output.plain(edition.newsletter.name)}[/], {output.plain(edition.period or edition.key)}"
    )
    if "period" in edition.to_write:
        tree.add(f"Period: {output.plain(edition.period)}{_to_write(edition, 'period')}")
    tree.add(f"Subject: {output.plain(edition.subject)}{_to_write(edition, 'subject')}")
    tree.add(f"Preheader: {output.plain(edition.preheader)}{_to_write(edition, 'preheader')}")
    paragraphs = len([part for part in edition.letter.split("\n\n") if part.strip()])
    signed = ", ".join(part for part in (edition.signed_by, edition.signed_role) if part)
    letter = f"Letter: {counted(paragraphs, 'paragraph')}" + (
        f", signed {output.plain(signed)}" if signed else ""
    )
    tree.add(letter + _to_write(edition, "letter"))
    for section in edition.sections:
        branch = tree.add(
            f"[bold]{output.plain(section.name)}[/] ({_counted(section.item_count)}){_hidden(section)}"
        )
        for category in section.categories:
            group = (
                branch.add(f"{output.plain(category.name)}{_hidden(category)}") if category.name else branch
            )
            for item in category.items:
                group.add(_item(item))
    output.console.print(tree, soft_wrap=False)
    waiting = edition.open_review
    if waiting:
        output.say()
        lines = (
            "1 line of the document wants"
            if len(waiting) == 1
            else f"{len(waiting)} lines of the document want"
        )
        output.trouble(f"{lines} your eye:")
        rows = [
            [doubt["line"], doubt["doubt"], f"{doubt['why']} {_short(doubt['text'])}"] for doubt in waiting
        ]
        output.print_table(["Line", "What", "Why"], rows, ["Line"])
        output.say()


def print_report(report: "Report", *, json: bool) -> None:
    """A count for each state; the sum is the audience, and says so when it is not. Then what to type next."""
    if json:
        from pulse_mailer.delivery import shapes

        output.print_json(shapes.report(report))
        return
    from pulse_mailer.delivery.reporting import MEANING

    output.say(report.sentence, "bold")
    for remark in report.remarks:
        output.trouble(remark)
    if report.frozen_at is not None:
        rows: list[list[object]] = [
            [state.value, count, MEANING[state]] for state, count in report.by_state.items() if count
        ]
        rows.append(["audience", report.audience, "adds up" if report.adds_up else "DOES NOT ADD UP"])
        output.print_table(["State", "Count", "Meaning"], rows, ["Count"])
    for reply in report.replies:
        output.trouble(reply.sentence)
    if report.uncertain:
        output.trouble("Uncertain, each to be looked up at the mail server by its Message-ID:")
        rows = [[line.id, line.address, f"<{line.message_id}>"] for line in report.uncertain[:_LISTED]]
        output.print_table(["Id", "Address", "Message-ID"], rows, ["Id"])
        unlisted = report.by_state[DeliveryStatus.UNCERTAIN] - len(rows)
        more = f"... and {unlisted:,} more" if unlisted else "With time, server and connection"
        output.say(f"{more}: pulse-mailer delivery list --edition {report.name} --state uncertain")
    for step in report.next_steps:
        output.say(str(step))


def _item(item: Item) -> str:
    publisher = f"{output.plain(item.publisher)}. " if item.publisher else ""
    missing = "" if item.url else " [yellow](no link)[/]"
    marks = f"{missing}{_confidence(item)}{_hidden(item)}"
    return f"[bold]{item.number}[/] [dim]{publisher}[/]{output.plain(item.title)}{marks}"


def _to_write(edition: Edition, field: str) -> str:
    if field not in edition.to_write:
        return ""
    said = f"still as in {output.plain(edition.begun_from)}" if edition.begun_from else "to be written"
    return f" [yellow]({said})[/]"


def _hidden(part: Section | Category | Item) -> str:
    return " [yellow](hidden)[/]" if part.is_hidden else ""


def _confidence(item: Item) -> str:
    """Where an import was not sure of an item: how little, and on which line it stands."""
    if item.confidence in (None, Confidence.SURE):
        return ""
    colour = "yellow" if item.confidence is Confidence.DOUBTFUL else "dim"
    return f" [{colour}]({item.confidence}, line {item.source_line})[/]"


def _counted(count: int) -> str:
    return counted(count, "item")


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"“{flat}”" if len(flat) <= 60 else f"“{flat[:57]}...”"
