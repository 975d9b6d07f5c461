"""The complete schema: importing this module is importing every table."""

from pulse_mailer.domain import (
    access,
    approval,
    auditing,
    correction,
    delivery,
    edition,
    history,
    inbox,
    newsletter,
    notice,
    picture,
    presence,
    publication,
    rehearsal,
    route,
    staff,
    subscriber,
    suppression,
    total,
    upload,
    visit,
    working,
)
from pulse_mailer.domain.base import Base

TABLES = (
    access,
    approval,
    auditing,
    correction,
    delivery,
    edition,
    history,
    inbox,
    newsletter,
    notice,
    picture,
    presence,
    publication,
    rehearsal,
    route,
    staff,
    subscriber,
    suppression,
    total,
    upload,
    visit,
    working,
)

metadata = Base.metadata
