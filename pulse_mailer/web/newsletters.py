"""A newsletter's settings: what it says of itself, and how it is sent."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.newsletter import Newsletter, UncertainPolicy
from pulse_mailer.editions import founding, reading
from pulse_mailer.errors import PulseMailerError, Refused, UsageError
from pulse_mailer.staff import team
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import Administers

router = APIRouter()

#: What the page's own form sets; the look and the programme have pages of their own.
FIELDS = tuple(name for name in founding.FIELDS if name != "design")
#: What a newsletter cannot be made without.
NEEDED = ("name", "from_address")

SAID = {
    "founded": "It is there. See to the rest of what it says of itself, then to its programme.",
    "saved": "Saved.",
    "same": "Nothing was changed.",
}


async def typed(request: Request) -> FormData:
    """What a form brought, by its names."""
    return await request.form(max_fields=200)


Typed = Annotated[FormData, Depends(typed)]


def text_of(form: FormData, name: str) -> str:
    """A field's text; a file in its place is none."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


@router.api_route("/newsletters", methods=["GET", "HEAD"])
def show_all(_who: Administers, mailer: TheMailer, pages: ThePages) -> Response:
    return _list(mailer, pages, dict.fromkeys(("slug", *NEEDED), ""))


@router.post("/newsletters")
def found(who: Administers, mailer: TheMailer, pages: ThePages, form: Typed) -> Response:
    """Make a newsletter, and go on to all that it may say of itself besides."""
    values, slug = {name: text_of(form, name) for name in NEEDED}, text_of(form, "slug").strip()
    shown = values | {"slug": slug}
    if wrong := founding.faults(values):
        return _list(mailer, pages, shown, *next(iter(wrong.items())))
    try:
        with mailer.database.transaction() as database:
            made = founding.found(
                database, slug or founding.slug_for(values["name"]), values, actor=who.actor
            )
    except (UsageError, Refused) as error:
        return _list(mailer, pages, shown, "slug", error)
    return done(f"/newsletters/{quote(made.slug)}", "founded")


@router.api_route("/newsletters/{slug}", methods=["GET", "HEAD"])
def show(
    slug: str, _who: Administers, mailer: TheMailer, pages: ThePages, said: str = "", reopened: str = ""
) -> Response:
    return _page(mailer, pages, slug, said=SAID.get(said, ""), reopened=reopened_words(reopened))


@router.post("/newsletters/{slug}")
def change(slug: str, who: Administers, mailer: TheMailer, pages: ThePages, form: Typed) -> Response:
    values = {name: text_of(form, name) for name in FIELDS if name in form}
    if faults := founding.faults(values):
        return _page(mailer, pages, slug, values=values, faults=faults)
    with mailer.database.transaction() as database:
        newsletter = reading.newsletter(database, slug)
        before = founding.written(newsletter)
        new = {name: value for name, value in values.items() if value.strip() != before[name]}
        reopened = founding.change(database, newsletter, new, actor=who.actor) if new else []
    return done(f"/newsletters/{quote(slug)}", "saved" if new else "same", reopened)


def done(path: str, said: str, reopened: Sequence[str] = ()) -> Response:
    """Back to a page, which says what happened."""
    return RedirectResponse(f"{path}?{urlencode({'said': said, 'reopened': ','.join(reopened)})}", 303)


def reopened_words(keys: str) -> str:
    """What is to be known of editions that were to be sent, and are drafts again."""
    return f"{keys} was to be sent, and was taken back: nobody agreed to what it is now." if keys else ""


def ways(mailer: Mailer, newsletter: Newsletter) -> list[tuple[str, str]]:
    """Each way out in the order they are tried: its name, and whom it asks or why it cannot be used."""
    found = []
    for name in newsletter.backends or mailer.settings.backends:
        try:
            found += [(name, backend.relay) for backend in mailer.backends([name])]
        except PulseMailerError as error:
            found.append((name, str(error)))
    return found


def _page(
    mailer: Mailer,
    pages: Pages,
    slug: str,
    *,
    said: str = "",
    reopened: str = "",
    values: Mapping[str, str] | None = None,
    faults: Mapping[str, UsageError] | None = None,
) -> Response:
    with mailer.database.reading() as database:
        newsletter = reading.newsletter(database, slug)
        staff = _addresses(database)
    return pages.page(
        "web/newsletter.html",
        status=422 if faults else 200,
        newsletter=newsletter,
        values=founding.written(newsletter) | dict(values or {}),
        faults=faults or {},
        said=said,
        reopened=reopened,
        staff=staff,
        policies=list(UncertainPolicy),
        ways=ways(mailer, newsletter),
    )


def _list(
    mailer: Mailer,
    pages: Pages,
    typed: Mapping[str, str],
    at: str = "",
    problem: PulseMailerError | None = None,
) -> Response:
    """
    Args:
        at: the field that the problem is of.
    """
    with mailer.database.reading() as database:
        known = reading.newsletters(database)
    status = 422 if problem else 200
    return pages.page(
        "web/newsletters.html", status=status, newsletters=known, typed=typed, at=at, problem=problem
    )


def _addresses(database: Session) -> list[str]:
    return [one.address for one in team.everybody(database) if one.is_active]
