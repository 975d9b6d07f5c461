"""What anybody may read of a newsletter: the editions that went out, or are going out."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.domain.edition import Edition, EditionStatus, Rendering
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.errors import NotFound

_PUBLIC = (EditionStatus.SENDING, EditionStatus.PAUSED, EditionStatus.SENT, EditionStatus.STOPPED)


@dataclass(frozen=True, slots=True)
class ArchivedEdition:
    key: str
    period: str
    subject: str


@dataclass(frozen=True, slots=True)
class Archive:
    """
    Attributes:
        editions: the newest first.
    """

    newsletter_name: str
    newsletter_slug: str
    language: str
    editions: list[ArchivedEdition]


@dataclass(frozen=True, slots=True)
class WebCopy:
    """
    Attributes:
        fingerprint: changes whenever the page does.
    """

    html: str
    fingerprint: str


def archive(database: Session, slug: str) -> Archive:
    """
    Raises:
        NotFound: there is no such newsletter.
    """
    newsletter = database.scalar(select(Newsletter).where(Newsletter.slug == slug))
    if newsletter is None:
        raise NotFound(f"There is no newsletter {slug!r}.")
    rows = database.execute(
        select(Edition.key, Edition.period, Edition.subject)
        .where(Edition.newsletter_id == newsletter.id, Edition.status.in_(_PUBLIC))
        .order_by(Edition.key.desc())
    )
    return Archive(newsletter.name, slug, newsletter.language, [ArchivedEdition(*row) for row in rows])


def web_copy(database: Session, slug: str, key: str) -> WebCopy:
    """
    Raises:
        NotFound: there is no such edition, or it has not gone out yet.
    """
    found = database.execute(
        select(Rendering.web_html, Rendering.fingerprint)
        .join(Edition, Edition.id == Rendering.edition_id)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .where(
            Newsletter.slug == slug, Edition.key == key, Edition.status.in_(_PUBLIC), Rendering.variant == ""
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no edition {slug}/{key} in the archive.")
    return WebCopy(*found)
