"""
The second person: where a newsletter wants one, whoever changed an edition does not approve it.

Who is who goes by the name that acts (`PULSE_MAILER_ACTOR`, or the account at the machine). At a shell that is a
procedure and no wall: whoever may type commands may type another's name. It is recorded with the account.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.actors import person
from pulse_mailer.domain.approval import Approval
from pulse_mailer.domain.edition import Edition
from pulse_mailer.domain.history import EditionVersion
from pulse_mailer.errors import Refused


def editors(database: Session, edition_id: int) -> list[str]:
    """
    Who changed an edition since a second person last approved it, each once, in order.

    What somebody else approved then has been seen by two; who approved their own work seconded nobody.
    """
    approvals = database.scalars(
        select(Approval).where(Approval.edition_id == edition_id).order_by(Approval.id.desc())
    )
    seen = next((one.revision for one in approvals if not is_among(one.actor, one.facts["edited_by"])), 0)
    wanted = select(EditionVersion.actor).where(
        EditionVersion.edition_id == edition_id, EditionVersion.revision > seen
    )
    found = database.scalars(wanted.order_by(EditionVersion.revision))
    return list({person(actor): actor for actor in found}.values())


def is_among(actor: str, editors: Sequence[str]) -> bool:
    return person(actor) in {person(editor) for editor in editors}


def is_alone(edition: Edition, actor: str, edited_by: Sequence[str]) -> bool:
    """Whether the newsletter wants a second person, and who approved it is one of those who changed it."""
    return edition.newsletter.needs_second and is_among(actor, edited_by)


def refuse_alone(database: Session, edition: Edition) -> None:
    """
    Raises:
        Refused: the newsletter wants a second person, and nobody has approved the edition.
    """
    if not edition.newsletter.needs_second:
        return
    raise Refused(
        f"{edition.key} needs a second person: nobody has approved it as it is. {who(editors(database, edition.id))}",
        remedy=f"Have one of the others approve it, and then send it: pulse-mailer edition approve {edition.name}",
    )


def refuse_editor(edition: Edition, actor: str, edited_by: Sequence[str]) -> None:
    """
    Raises:
        Refused: the newsletter wants a second person, and this is one of those who changed the edition.
    """
    if is_alone(edition, actor, edited_by):
        raise Refused(
            f"{actor} changed {edition.key}, and cannot be the second person who approves it. {who(edited_by)}",
            remedy=f"Ask one of them: pulse-mailer edition approve {edition.name}",
        )


def who(edited_by: Sequence[str]) -> str:
    if not edited_by:
        return "Anybody may approve it."
    return f"Anybody may approve it but who changed it since the last approval: {', '.join(edited_by)}."
