"""The complete schema: importing this module is importing every table."""

from pulse_mailer.domain import (
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
    publication,
    route,
    staff,
    subscriber,
    suppression,
    visit,
)
from pulse_mailer.domain.base import Base

TABLES = (
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
    publication,
    route,
    staff,
    subscriber,
    suppression,
    visit,
)

metadata = Base.metadata
