"""Following the newsletter's programme: what an edition lacks of it is made where the programme has it."""

from collections.abc import Iterable, Sequence

from pulse_mailer.domain.edition import Category, Edition, Section
from pulse_mailer.domain.names import fold
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeSection
from pulse_mailer.editions import places
from pulse_mailer.errors import NotFound, UsageError


def category(edition: Edition, name: str) -> tuple[Section, Category]:
    """
    Give the category of that name (see `places`), made when the edition lacks it and the programme has it.

    Raises:
        NotFound: neither has it.
        UsageError: it could be several.
    """
    try:
        return places.category(edition, name)
    except NotFound as missing:
        wanted = _wanted(edition, name)
        if not wanted:
            raise _explained(edition, name, missing) from missing
        if len(wanted) > 1:
            listed = "; ".join(f"{head}/{tail}" if tail else head for head, tail in wanted)
            raise UsageError(
                f"{name!r} could be several: {listed}.", remedy="Name it as Section/Category."
            ) from None
        return _made(edition, *wanted[0])


def section(edition: Edition, name: str) -> Section:
    """The same for a section."""
    try:
        return places.section(edition, name)
    except NotFound:
        known = {fold(one.name): one for one in edition.newsletter.sections}
        if fold(name) not in known:
            raise
        return _section(edition, known[fold(name)])


def skeleton(newsletter: Newsletter) -> list[Section]:
    """Every section of the programme with every category; one of our own news has a single group without a name."""
    names = [one.name for one in newsletter.categories]
    return [
        _fresh(one, [""] if one.is_news or not names else names, place)
        for place, one in enumerate(newsletter.sections, 1)
    ]


def _wanted(edition: Edition, name: str) -> list[tuple[str, str]]:
    """The sections and categories that a name could mean, by their names, of edition and programme together."""
    own = {fold(one.name): one for one in edition.sections}
    programme = {fold(one.name): one for one in edition.newsletter.sections}
    heads = [one.name for one in own.values()] + [
        one.name for key, one in programme.items() if key not in own
    ]
    tails = [one.name for one in edition.newsletter.categories]
    found = [(head, tail) for head in heads for tail in tails if fold(name) == fold(f"{head}/{tail}")]
    if not found and len(own) == 1:
        found = [(heads[0], tail) for tail in tails if fold(name) == fold(tail)]
    if not found:
        # Alone, a section's name means the items directly under it: in one that has nothing else.
        found = [
            (head, "")
            for head in heads
            if fold(name) in (fold(head), f"{fold(head)}/")
            and not (fold(head) in own and own[fold(head)].categories)
            and (fold(head) in own or programme[fold(head)].is_news or not tails)
        ]
    return found


def _made(edition: Edition, head: str, tail: str) -> tuple[Section, Category]:
    parent = section(edition, head)
    made = Category(name=tail, is_hidden=False, items=[])
    order = [fold(one.name) for one in edition.newsletter.categories]
    parent.categories.insert(_where(order, tail, [one.name for one in parent.categories]), made)
    return parent, made


def _section(edition: Edition, programme: ProgrammeSection) -> Section:
    made = _fresh(programme, [], 0)
    order = [fold(one.name) for one in edition.newsletter.sections]
    edition.sections.insert(_where(order, made.name, [one.name for one in edition.sections]), made)
    return made


def _fresh(programme: ProgrammeSection, names: Iterable[str], position: int) -> Section:
    return Section(
        position=position,
        name=programme.name,
        colour=programme.colour,
        is_news=programme.is_news,
        is_hidden=False,
        categories=[
            Category(position=place, name=name, is_hidden=False, items=[])
            for place, name in enumerate(names, 1)
        ],
    )


def _where(order: Sequence[str], name: str, there: Sequence[str]) -> int:
    """The place for a name among those that are there, so that they follow the programme; else the end."""
    if fold(name) in order:
        later = set(order[order.index(fold(name)) + 1 :])
        for place, one in enumerate(there):
            if fold(one) in later:
                return place
    return len(there)


def _explained(edition: Edition, name: str, missing: NotFound) -> NotFound:
    known = next((one for one in edition.sections if fold(one.name) == fold(name)), None)
    if known is None or not known.categories:
        return missing
    listed = "; ".join(f"{known.name}/{one.name}" for one in known.categories)
    return NotFound(f"{known.name} is a section.", remedy=f"Say which category of it: {listed}.")
