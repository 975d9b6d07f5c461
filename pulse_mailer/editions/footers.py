"""What a document says of its newsletter and sender, held beside what the newsletter says of itself."""

from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.importing.draft import Doubt, DoubtfulLine, Draft
from pulse_mailer.importing.names import fold


def list_differences(draft: Draft, newsletter: Newsletter) -> None:
    """
    Put on the draft's review what its mail will not show, since each mail says what its newsletter says of itself.

    Args:
        newsletter: one that was there before the document.
    """
    contacts = {(fold(line["text"]), line.get("url", "")) for line in newsletter.contact_lines}
    said = [
        ("name", draft.newsletter, newsletter.name, "name"),
        ("reason why people get it", draft.reason, newsletter.reason, "reason"),
        ("postal address", draft.postal_address, newsletter.postal_address, "postal_address"),
    ]
    for what, text, own, field in said:
        if text and fold(text) != fold(own):
            todo = f"if the document is right: pulse-mailer newsletter set {field} ..."
            _list(draft, 1 if field == "name" else draft.contact_line, what, text, todo)
    for line in draft.contact_lines:
        if (fold(line["text"]), line.get("url", "")) not in contacts:
            text = ": ".join(part for part in (line["label"], line["text"]) if part)
            _list(
                draft, draft.contact_line, "contact details", text, "say it in the letter if readers need it."
            )


def _list(draft: Draft, line: int, what: str, text: str, todo: str) -> None:
    why = f"The newsletter's own {what} goes into the mail, and this was left out; {todo}"
    draft.review.append(DoubtfulLine(line, Doubt.NOT_THE_NEWSLETTERS, text, why))
