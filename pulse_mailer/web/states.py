"""States in the words of the pages, with the tone that repeats them in colour."""

from typing import NamedTuple

from pulse_mailer.delivery.overview import Progress
from pulse_mailer.domain.delivery import DeliveryStatus, Outcome, Stage
from pulse_mailer.domain.edition import EditionStatus
from pulse_mailer.domain.subscriber import SubscriptionStatus


class Tag(NamedTuple):
    """
    Attributes:
        tone: good, trouble, bad, or empty for neither.
    """

    words: str
    tone: str = ""


EDITIONS = {
    EditionStatus.DRAFT: Tag("Draft"),
    EditionStatus.APPROVED: Tag("Approved"),
    EditionStatus.SCHEDULED: Tag("Scheduled"),
    EditionStatus.SENDING: Tag("Sending"),
    EditionStatus.PAUSED: Tag("Paused", "trouble"),
    EditionStatus.SENT: Tag("Sent", "good"),
    EditionStatus.STOPPED: Tag("Stopped", "bad"),
}

#: From here on an edition has deliveries.
SENDING_BEGAN = frozenset(
    {EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT, EditionStatus.STOPPED}
)

DELIVERIES = {
    DeliveryStatus.QUEUED: Tag("Waiting"),
    DeliveryStatus.CLAIMED: Tag("Next in line"),
    DeliveryStatus.SENDING: Tag("Being sent"),
    DeliveryStatus.SENT: Tag("Sent", "good"),
    DeliveryStatus.DEFERRED: Tag("To be tried again", "trouble"),
    DeliveryStatus.UNCERTAIN: Tag("Uncertain", "trouble"),
    DeliveryStatus.FAILED: Tag("Refused", "bad"),
    DeliveryStatus.SKIPPED: Tag("Left out"),
    DeliveryStatus.CANCELLED: Tag("Stopped first"),
}

SUBSCRIPTIONS = {
    SubscriptionStatus.ACTIVE: Tag("Subscribed", "good"),
    SubscriptionStatus.PENDING: Tag("Not confirmed", "trouble"),
    SubscriptionStatus.UNSUBSCRIBED: Tag("Unsubscribed"),
}

OUTCOMES = {
    Outcome.SENT: Tag("Accepted", "good"),
    Outcome.DEFERRED: Tag("Asked to try later", "trouble"),
    Outcome.FAILED: Tag("Refused", "bad"),
    Outcome.RETURNED: Tag("Not handed over", "trouble"),
    Outcome.UNCERTAIN: Tag("No answer", "trouble"),
}

STAGES = {
    Stage.MARKED: "the note in the ledger, before anything was said to the server",
    Stage.MAIL: "naming the sender (MAIL)",
    Stage.RCPT: "naming the reader (RCPT)",
    Stage.DATA: "asking to send the mail (DATA)",
    Stage.BODY: "sending the mail itself",
    Stage.DOT: "the end of the mail",
}


def of_edition(status: EditionStatus, progress: Progress | None) -> Tag:
    tag = EDITIONS[status]
    if progress is None:
        return tag
    if status is EditionStatus.SENDING:
        return Tag(f"Sending {progress.percent} %")
    if status is EditionStatus.PAUSED:
        return Tag(f"Paused at {progress.percent} %", "trouble")
    if progress.uncertain:
        words = "Finished" if status is EditionStatus.SENT else tag.words
        return Tag(f"{words}, {progress.uncertain:,} uncertain", "trouble")
    return tag
