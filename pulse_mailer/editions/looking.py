"""A page is fetched and read for what makes it an item; no database, so that nobody waits for a stranger's server."""

from dataclasses import dataclass, replace

from pulse_mailer import pictures
from pulse_mailer.editions.collecting import MOST_URL, Proposal
from pulse_mailer.editions.wording import checked, checked_text
from pulse_mailer.errors import FetchError, PageTooLarge, PageUnreadable, PictureRefused
from pulse_mailer.fetching import Fetcher
from pulse_mailer.importing.fragment import of_text
from pulse_mailer.importing.webpage import PageFacts, read_page, unread
from pulse_mailer.pictures import Prepared

#: What a person may say of an item, and of several at once.
SAID = ("title", "publisher", "summary", "section", "category")


@dataclass(frozen=True, slots=True)
class Looked:
    """
    Attributes:
        url: as it was asked for.
        picture: ready to be kept; None when the page has none, or it could not be had.
        notes: what a person should know besides, such as why there is no picture.
    """

    url: str
    facts: PageFacts
    picture: Prepared | None = None
    notes: tuple[str, ...] = ()


def look(url: str, fetcher: Fetcher, *, with_picture: bool = True) -> Looked:
    """Go to a page and read it; why that did not work stands in the facts' trouble."""
    try:
        page = fetcher.fetch(url)
    except PageTooLarge as error:
        return Looked(url, unread(url, error.what))
    except FetchError as error:
        # What cannot be reached may be no page at all: its name is no title.
        return Looked(url, replace(unread(url, str(error)), title=""))
    if page.status >= 400:
        answered = f"Its server answers {page.status}, maybe to programs alone."
        return Looked(url, replace(unread(url, answered), title=""))
    facts = read_page(page)
    if not with_picture or not facts.picture_url:
        return Looked(url, facts)
    picture, note = _picture(facts.picture_url, fetcher)
    return Looked(url, facts, picture, (note,) if note else ())


def spoken(said: dict[str, str]) -> dict[str, str]:
    """
    What a person said, checked, without what is empty.

    Raises:
        UsageError: it cannot stand in mail; says which.
    """
    given = {name: said[name] for name in SAID if said.get(name)}
    return {
        name: checked_text(name, value) if name == "summary" else checked(name, value)
        for name, value in given.items()
    }


def proposal(looked: Looked, said: dict[str, str]) -> Proposal:
    """
    What to propose of a page that was looked at; what a person said goes before what the page says.

    Raises:
        PageUnreadable: it has no title, and none was said.
        UsageError: what was said cannot stand in mail.
    """
    facts = looked.facts
    given = spoken(said)
    title = given.get("title") or facts.title
    if not title:
        raise PageUnreadable(
            f"{looked.url} was not added: there is no title. {facts.trouble}",
            remedy="Open it in a browser, and add it alone with its title: --title",
        )
    return Proposal(
        source="page",
        title=title,
        url=facts.canonical_url if len(facts.canonical_url) <= MOST_URL else looked.url,
        publisher=given.get("publisher") or facts.publisher,
        summary=given.get("summary") or of_text(facts.summary),
        published_on=facts.published_on,
        section=given.get("section", ""),
        category=given.get("category", ""),
        picture=looked.picture,
        picture_alt=facts.picture_alt if looked.picture else "",
        trouble=facts.trouble,
        wakes=True,
    )


def _picture(url: str, fetcher: Fetcher) -> tuple[Prepared | None, str]:
    """The picture, or why there is none."""
    try:
        page = fetcher.fetch(url)
        if page.status != 200:
            return None, f"Its picture was left out: its server answers {page.status}."
        return pictures.prepare(page.body), ""
    except (FetchError, PictureRefused) as error:
        return None, f"Its picture was left out. {error.what}"
