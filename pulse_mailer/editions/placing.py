"""Where in an edition the items of a document go: its sections and categories, found again or made."""

from collections.abc import Iterable

from pulse_mailer.domain.edition import Category, Edition, Item, Section
from pulse_mailer.editions.sources import Place, places_of, section_keys
from pulse_mailer.importing.draft import Draft


class Places:
    """
    The sections and categories of an edition beside those of a document.

    Order belongs to the edition: what is new comes after what stands before it in the document, and all else stays.
    """

    def __init__(self, edition: Edition, draft: Draft) -> None:
        self._edition, self._draft = edition, draft
        self._known = {(section, category) for section, category in edition.source.get("places", ())}
        self._known_sections = set(edition.source.get("sections", ()))
        self._keys = section_keys(draft.sections)
        self._order = dict(zip(self._keys, places_of(draft.sections), strict=True))
        self._sections = dict(zip(section_keys(edition.sections), edition.sections, strict=True))
        self._categories: dict[Place, Category] = {}
        self._home: dict[int, Category] = {}
        for places, section in zip(places_of(edition.sections), edition.sections, strict=True):
            self._categories |= zip(places, section.categories, strict=True)
            for category in section.categories:
                self._home |= {item.number: category for item in category.items}

    @property
    def of_items(self) -> dict[int, Place]:
        """For the number of each item its place."""
        by_category = {id(category): place for place, category in self._categories.items()}
        return {number: by_category[id(category)] for number, category in self._home.items()}

    def of_item(self, item: Item) -> Place | None:
        """The place that an item is at now; None for one that is in no category yet."""
        home = self._home.get(item.number)
        return next((place for place, category in self._categories.items() if category is home), None)

    def names(self, place: Place) -> tuple[str, str]:
        """What section and category of the document are called."""
        section = self._draft.sections[self._keys.index(place[0])]
        return section.name, section.categories[self._order[place[0]].index(place)].name

    def make_new(self) -> None:
        """Make the sections and categories that the document has now and had not when it came last, empty."""
        for key in self._keys:
            if key not in self._sections and key not in self._known_sections:
                self._section(key)
            for place in self._order[key]:
                if key in self._sections and place not in self._categories and place not in self._known:
                    self._category(place)

    def category_for(self, place: Place, beside: Iterable[Item]) -> Category:
        """
        The category of that place; where staff gave it another name, that in which its items are now.

        Args:
            beside: items of the document's category, the nearest first.
        """
        if place in self._categories:
            return self._categories[place]
        near = next((one for one in beside if one.number in self._home), None)
        if place in self._known and near is not None:
            return self._home[near.number]
        return self._category(place)

    def put(self, item: Item, category: Category, after: Iterable[Item], before: Iterable[Item]) -> None:
        """Put an item behind the first of `after` that is there, or in front of the first of `before`, or last."""
        if item.number in self._home:
            self._home[item.number].items.remove(item)
        here = category.items
        above = next((one for one in after if self._home.get(one.number) is category), None)
        below = next((one for one in before if self._home.get(one.number) is category), None)
        if above is not None:
            here.insert(here.index(above) + 1, item)
        else:
            here.insert(here.index(below) if below is not None else len(here), item)
        self._home[item.number] = category

    def number_all(self) -> None:
        """Write the order of everything down."""
        for place, section in enumerate(self._edition.sections, 1):
            section.position = place
            for group, category in enumerate(section.categories, 1):
                category.position = group
                for position, item in enumerate(category.items, 1):
                    item.position = position

    def _section(self, key: str) -> Section:
        """The section of that key, made after the one that stands before it in the document."""
        if key in self._sections:
            return self._sections[key]
        at = self._keys.index(key)
        told = self._draft.sections[at]
        made = Section(position=0, name=told.name, is_news=told.is_news, categories=[])
        above = next(
            (self._sections[one] for one in reversed(self._keys[:at]) if one in self._sections), None
        )
        here = self._edition.sections
        here.insert(here.index(above) + 1 if above is not None else 0, made)
        self._sections[key] = made
        return made

    def _category(self, place: Place) -> Category:
        """The category of that place, made after the one that stands before it in the document."""
        section = self._section(place[0])
        order = self._order[place[0]]
        at = order.index(place)
        made = Category(position=0, name=self.names(place)[1], items=[])
        here = section.categories
        above = next((self._categories[one] for one in reversed(order[:at]) if one in self._categories), None)
        here.insert(here.index(above) + 1 if above is not None and above in here else 0, made)
        self._categories[place] = made
        return made
