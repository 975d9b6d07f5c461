"""What every change that comes from the composer has in common: whose it is, on which terms, and its answer."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.editions import changing, reading, reconciling
from pulse_mailer.web.compose_page import values, view
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import Composes

#: The revision that a form showed.
Seen = Annotated[int | None, Form(alias="revision", ge=1, le=2**31)]


@dataclass(frozen=True, slots=True)
class Desk:
    """
    Attributes:
        name: the edition's, as `reading.edition()` takes it.
        may_reopen: the person said that what was agreed to may be void.
        is_live: the page's own script asks, and wants the parts that changed; else a browser, which is sent on.
        wants_json: likewise, of a text that is saved while it is written.
    """

    mailer: Mailer
    pages: Pages
    actor: str
    name: str
    may_reopen: bool
    is_live: bool
    wants_json: bool

    @contextlib.contextmanager
    def changing(self) -> Iterator[Session]:
        """A transaction in which the edition may be changed. Raises as `changing.agreed_to()`."""
        with self.mailer.database.transaction() as database:
            changing.agreed_to(database, self.name, may_reopen=self.may_reopen)
            yield database

    @contextlib.contextmanager
    def changing_seen(
        self, seen: int | None, *, numbers: Sequence[int] = (), parts: Sequence[str] = ()
    ) -> Iterator[Session]:
        """Likewise, of what the person saw. Raises also as `reconciling.refuse_unseen()`."""
        with self.changing() as database:
            reconciling.refuse_unseen(
                database, self.name, seen, actor=self.actor, numbers=numbers, parts=parts
            )
            yield database

    def answer(
        self, said: str = "", *, at: str = "contents", template: str = "web/compose_changed.html"
    ) -> Response:
        """
        Show what the edition is now.

        Args:
            said: what was done, read out to who cannot see it.
            at: the part of the page that it was done to.
            template: all parts of the page that it may have changed.
        """
        if not self.is_live:
            return RedirectResponse(f"/staff/editions/{self.name}/compose#{at}", 303)
        with self.mailer.database.reading() as database:
            # What was agreed to is void by now, if it was changed.
            shown = view(database, reading.edition(database, self.name), may_reopen=self.may_reopen)
        return self.pages.page(template, said=said, **values(shown))


def _desk(
    slug: str,
    key: str,
    request: Request,
    mailer: TheMailer,
    pages: ThePages,
    who: Composes,
    reopen: bool = False,
) -> Desk:
    return Desk(
        mailer=mailer,
        pages=pages,
        actor=who.actor,
        name=f"{slug}/{key}",
        may_reopen=reopen,
        is_live=request.headers.get("hx-request") == "true",
        wants_json="application/json" in request.headers.get("accept", ""),
    )


TheDesk = Annotated[Desk, Depends(_desk)]
