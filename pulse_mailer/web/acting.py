"""What the forms on an edition's way have in common: a verb, then the next page, or this one that says why not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.edition import Edition
from pulse_mailer.editions import reading
from pulse_mailer.errors import PulseMailerError
from pulse_mailer.web import course
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.who import SignedIn

Refused = Callable[[PulseMailerError], Response]


@dataclass(frozen=True, slots=True)
class At:
    """
    An edition that a page is about.

    Attributes:
        name: as `reading.edition()` takes it.
    """

    mailer: Mailer
    pages: Pages
    name: str

    def act(self, verb: Callable[[], Response | None], *, then: str, refused: Refused) -> Response:
        """
        Do what a form asks, and go on.

        Args:
            verb: may have a page of its own to show instead.
            then: the edition's page that follows, such as "progress".
            refused: gives the page that says why it cannot be.
        """
        try:
            shown = verb()
        except PulseMailerError as error:
            return refused(error)
        return self.to(then) if shown is None else shown

    def change(self, verb: Callable[[Session, Edition], object], *, then: str, refused: Refused) -> Response:
        """The same, for what one transaction does to the edition."""

        def changed() -> None:
            with self.mailer.database.transaction() as database:
                verb(database, reading.edition(database, self.name))

        return self.act(changed, then=then, refused=refused)

    def to(self, page: str) -> Response:
        """Send the browser to another of the edition's pages."""
        return RedirectResponse(f"/staff/editions/{self.name}/{page}", 303)

    def page(
        self,
        template: str,
        edition: Edition,
        who: SignedIn,
        error: PulseMailerError | None = None,
        **values: Any,
    ) -> Response:
        """A page on the edition's way, with what was refused on it, if anything was."""
        return self.pages.page(
            template,
            status=error.http_status if error else 200,
            edition=edition,
            steps=course.steps(edition, who),
            problem=course.problem(error) if error else None,
            **values,
        )


def _at(slug: str, key: str, mailer: TheMailer, pages: ThePages) -> At:
    return At(mailer, pages, f"{slug}/{key}")


AtEdition = Annotated[At, Depends(_at)]
