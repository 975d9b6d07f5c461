"""
Who acts, as records name them, and what people call them.

A record names who acted by where they came from: "ann@example.org" on a page, "cli:ann@example.org (root)" at a
shell, "api:ann@example.org (newsroom)" by a key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.domain.staff import Staff

_KEY = re.compile(r"api:.* (\([^()]*\))")


def person(actor: str) -> str:
    """Who an actor is, wherever they act from: "ann@example.org" of "cli:Ann@example.org (root)"."""
    name = actor.partition(":")[2] or actor
    return re.sub(r" \([^()]*\)$", "", name).strip().casefold()


@dataclass(frozen=True, slots=True)
class Names:
    """What the people of the team are called, also those who left it."""

    by_address: Mapping[str, str] = field(default_factory=dict)

    def of(self, actor: str) -> str:
        """Their name, with the key by which a program acted for them; as the record has it, where there is none."""
        name = self.by_address.get(person(actor))
        if not name:
            return actor
        key = _KEY.fullmatch(actor)
        return f"{name} {key[1]}" if key else name


def names(database: Session) -> Names:
    found = database.execute(select(Staff.address, Staff.name))
    return Names({one.address: one.name for one in found})
