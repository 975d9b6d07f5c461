"""Keys of programs, and what they ask about."""

import datetime

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.staff import api_keys
from pulse_mailer.staff.roles import Right
from tests.pages_given import KEY, SLUG

V1 = "/api/v1"
EDITION = f"{V1}/editions/{SLUG}/{KEY}"
NEWSLETTER = f"{V1}/newsletters/{SLUG}"


def key(mailer: Mailer, *scopes: Right, expires_at: datetime.datetime | None = None) -> dict[str, str]:
    """The header of a new key of Ann's, with these scopes; all where none is named."""
    with mailer.database.transaction() as database:
        _, secret = api_keys.create(
            database, "newsroom", scopes or tuple(Right), actor="cli:ann (root)", expires_at=expires_at
        )
    return {"Authorization": f"Bearer {secret}"}
