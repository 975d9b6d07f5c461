"""
A file of subscribers between being shown and being confirmed: what is stored is, byte for byte, what was shown.

It is kept in the database, for an hour, under a token that only whoever brought it is given.
"""

import datetime
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from pulse_mailer.clock import now
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.domain.upload import Upload
from pulse_mailer.errors import BadCsv, NotFound, UsageError
from pulse_mailer.keys import Keys
from pulse_mailer.subscribers.columns import find_columns
from pulse_mailer.subscribers.decoding import encoding_of, opened
from pulse_mailer.subscribers.importing import ImportReport, import_csv
from pulse_mailer.subscribers.leaving import checked_reason
from pulse_mailer.subscribers.person import one_line

KEPT_FOR = datetime.timedelta(hours=1)
LARGEST_BYTES = 32 * 1024 * 1024  #: some 400,000 rows; the command takes more
_NAME_LETTERS = 200


@dataclass(frozen=True, slots=True)
class Brought:
    """
    A file as somebody brings it.

    Attributes:
        wording: what the people agreed to, and where.
        mapping: field to the name of its column, for names that we do not know.
    """

    file_name: str
    data: bytes
    wording: str
    mapping: Mapping[str, str]


def keep(database: Session, newsletter: Newsletter, brought: Brought, *, actor: str) -> str:
    """
    Keep a file until it is confirmed, in the place of any that the same person brought before; gives its token.

    Raises:
        UsageError: it is not said what the people agreed to.
        BadCsv: it is too large, or cannot be read as a file of subscribers.
    """
    if not (wording := checked_reason(brought.wording)):
        raise UsageError("Say how these people asked for it: it is kept as the record of their consent.")
    if len(brought.data) > LARGEST_BYTES:
        raise BadCsv(
            "The file is larger than 32 MB.",
            remedy="Divide it, or have it imported on the machine itself: pulse-mailer subscriber import FILE",
        )
    find_columns(opened(brought.data, encoding_of(brought.data)), brought.mapping)
    over = or_(Upload.created_at < now() - KEPT_FOR, Upload.actor == actor)
    database.execute(delete(Upload).where(over))
    token = secrets.token_urlsafe(32)
    database.add(
        Upload(
            token_hash=_hashed(token),
            newsletter_id=newsletter.id,
            file_name=one_line(brought.file_name)[:_NAME_LETTERS],
            data=brought.data,
            mapping=dict(brought.mapping),
            wording=wording,
            actor=actor,
            created_at=now(),
        )
    )
    database.flush()
    return token


def kept(database: Session, token: str, *, actor: str) -> tuple[Upload, Newsletter]:
    """
    Raises:
        NotFound: it was imported, is too old, or somebody else brought it.
    """
    wanted = select(Upload, Newsletter).join(Newsletter, Newsletter.id == Upload.newsletter_id)
    fresh = Upload.created_at >= now() - KEPT_FOR
    found = database.execute(
        wanted.where(Upload.token_hash == _hashed(token), Upload.actor == actor, fresh)
    ).one_or_none()
    if found is None:
        raise NotFound(
            "This file is not here any more: it was imported, or it waited for more than an hour.",
            remedy="Look at the subscribers, or choose the file again.",
        )
    return found.Upload, found.Newsletter


def would_be(database: Session, keys: Keys, upload: Upload, newsletter: Newsletter) -> ImportReport:
    """What importing it would come to now; raises as `import_csv()`."""
    return _imported(database, keys, upload, newsletter, dry_run=True)


def confirm(database: Session, keys: Keys, upload: Upload, newsletter: Newsletter) -> ImportReport:
    """Import it, and keep it no longer; raises as `import_csv()`."""
    report = _imported(database, keys, upload, newsletter, dry_run=False)
    database.delete(upload)
    database.flush()
    return report


def _imported(
    database: Session, keys: Keys, upload: Upload, newsletter: Newsletter, *, dry_run: bool
) -> ImportReport:
    return import_csv(
        database,
        keys,
        newsletter,
        upload.data,
        mapping=upload.mapping,
        dry_run=dry_run,
        actor=upload.actor,
        wording=upload.wording,
    )


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
