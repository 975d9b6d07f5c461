"""Variants: which sections of an edition somebody gets who chose some of the newsletter's programme."""

from collections.abc import Sequence

from pulse_mailer.domain.edition import Edition, Section
from pulse_mailer.domain.names import fold

WHOLE = ""  #: the name of the variant that holds every section


def seen_sections(edition: Edition) -> dict[int, Section]:
    """The sections that readers see, by their number in the edition from 1: not hidden, and not empty."""
    return {
        number: section
        for number, section in enumerate(edition.sections, 1)
        if not section.is_hidden
        and any(
            not item.is_hidden
            for category in section.categories
            if not category.is_hidden
            for item in category.items
        )
    }


def variant_of(edition: Edition, choice: str) -> str | None:
    """
    Give the name of the variant for a choice, "1,3" for its sections; None when the edition has nothing of what was
    chosen.

    News of the sender's own, and sections that the programme does not have, go along with what somebody chose, and
    never alone.

    Args:
        choice: as a Subscription holds it: ids of the programme's sections, "3,7"; empty: all.
    """
    programme = {fold(section.name): section.id for section in edition.newsletter.choosable}
    seen = seen_sections(edition)
    listed = {
        number: programme[name]
        for number, section in seen.items()
        if not section.is_news and (name := fold(section.name)) in programme
    }
    if not choice or not listed:
        return WHOLE
    chosen = ids_of(choice)
    kept = [number for number in seen if number not in listed or listed[number] in chosen]
    if not chosen & set(listed.values()):
        return None
    return WHOLE if len(kept) == len(seen) else ",".join(map(str, kept))


def numbers(variant: str) -> frozenset[int]:
    """The numbers of the sections that a variant holds; none for the whole edition."""
    return frozenset(int(number) for number in variant.split(",") if number)


def choice_of(section_ids: Sequence[int]) -> str:
    """Chosen sections as a Subscription holds them."""
    return ",".join(str(one) for one in sorted(set(section_ids)))


def ids_of(choice: str) -> frozenset[int]:
    """The ids of chosen sections; none when all are wanted."""
    return frozenset(int(one) for one in choice.split(",") if one)
