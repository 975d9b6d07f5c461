"""The complete schema: importing this module is importing every table."""

from pulse_mailer.domain import (
    auditing,
    delivery,
    edition,
    newsletter,
    notice,
    picture,
    route,
    staff,
    subscriber,
    suppression,
)
from pulse_mailer.domain.base import Base

TABLES = (auditing, delivery, edition, newsletter, notice, picture, route, staff, subscriber, suppression)

metadata = Base.metadata
