"""Menus above the table of panels; they write the same words into the filter that a person may type."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from app.domain.panel import Panel
from app.domain.panel_fit import FitVerdict
from app.domain.service import Service
from app.store.pages import split_typed
from app.ui.theme import GRID
from app.ui.views.panels.panel_rows import ADDED_TERM, FAVOURITE_TERM, FIT_TERM

Choices = Sequence[tuple[str, str]]
"""Values of a term with their words."""


def term(column: str, value: str) -> str:
    """`access:"open to users"`."""
    return f'{column}:"{value}"' if " " in value else f"{column}:{value}"


def with_term(typed: str, wanted: str, on: bool) -> str:
    """The filter with a term or without it; other words stay as they are."""
    kept = [word for word in split_typed(typed) if word.casefold() != wanted.casefold()]
    return " ".join([*kept, wanted] if on else kept)


def has_term(typed: str, wanted: str) -> bool:
    """Whether the filter has a term."""
    return wanted.casefold() in (word.casefold() for word in split_typed(typed))


@dataclass(frozen=True)
class FilterValues:
    """What the panels of a list have, with the words for it; gathered where the panels are read."""

    builds: Choices = ()
    ancestries: Choices = ()
    accesses: Choices = ()
    services: Choices = ()
    some: bool = False
    """Whether there are panels at all."""


def filter_values(panels: Collection[Panel], services: Mapping[str, Service]) -> FilterValues:
    """Go through all panels; some ten milliseconds for ten thousand."""
    ids = {p.service_id for p in panels}
    named = [(each, services[each].name if each in services else each) for each in ids]
    return FilterValues(
        builds=_each({p.build for p in panels if p.build}),
        ancestries=_each({group for p in panels for group in p.ancestry}),
        accesses=_each({p.access for p in panels if p.access}),
        services=sorted(named, key=lambda pair: pair[1].casefold()),
        some=bool(panels),
    )


class FilterMenu(QPushButton):
    """The values of one column to tick; several of them are alternatives."""

    def __init__(self, column: str, title: str, typed: Callable[[], str], write: Callable[[str], object]):
        super().__init__(title)
        self._column, self._title, self._typed, self._write = column, title, typed, write
        self.choices: Choices = ()
        self.values = QMenu(self)
        self.values.aboutToShow.connect(self.fill)
        self.setMenu(self.values)

    def offer(self, choices: Choices) -> None:
        """Other values; with nothing to choose from the menu is out of use."""
        self.choices = tuple(choices)
        self.setEnabled(bool(choices))
        self.say()

    def fill(self) -> None:
        """One line a value, ticked when it is in the filter."""
        self.values.clear()
        typed = self._typed()
        for value, words in self.choices:
            wanted = term(self._column, value)
            action = self.values.addAction(words)
            action.setCheckable(True)
            action.setChecked(has_term(typed, wanted))
            action.toggled.connect(partial(self._toggle, wanted))

    def _toggle(self, wanted: str, on: bool) -> None:
        self._write(with_term(self._typed(), wanted, on))

    def say(self) -> None:
        """What is chosen, in the button; the number of them where there are several."""
        typed = self._typed()
        chosen = [words for value, words in self.choices if has_term(typed, term(self._column, value))]
        told = chosen[0] if len(chosen) == 1 else str(len(chosen))
        self.setText(f"{self._title}: {told}" if chosen else self._title)


class FilterBar(QWidget):
    """Build, ancestry, access, service, fit and favourites."""

    def __init__(
        self,
        typed: Callable[[], str],
        write: Callable[[str], object],
        first: Callable[[bool], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._typed, self._write = typed, write
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID // 2)
        self.build = FilterMenu("build", self.tr("Build"), typed, write)
        self.ancestry = FilterMenu("ancestry", self.tr("Ancestry"), typed, write)
        self.access = FilterMenu("access", self.tr("Access"), typed, write)
        self.service = FilterMenu("service", self.tr("Service"), typed, write)
        self.fit = FilterMenu(FIT_TERM, self.tr("Fit"), typed, write)
        self.added = FilterMenu(ADDED_TERM, self.tr("Added"), typed, write)
        self.menus = (self.build, self.ancestry, self.access, self.service, self.fit, self.added)
        self.added.hide()
        for menu in self.menus:
            row.addWidget(menu)
        row.addWidget(self._favourites(first))

    def _favourites(self, first: Callable[[bool], object]) -> QPushButton:
        self.favourites = QPushButton(self.tr("Favourites"))
        menu = QMenu(self.favourites)
        # Made here: Python loses those that QMenu makes, although they are there.
        self.only = QAction(self.tr("Only favourites"), menu)
        self.first = QAction(self.tr("Favourites first"), menu)
        for action in (self.only, self.first):
            menu.addAction(action)
            action.setCheckable(True)
        self.only.triggered.connect(
            lambda on: self._write(with_term(self._typed(), FAVOURITE_TERM, bool(on)))
        )
        self.first.triggered.connect(lambda on: first(bool(on)))
        self.favourites.setMenu(menu)
        return self.favourites

    def offer(self, values: FilterValues, fitted: bool) -> None:
        """What there is to choose from; the fit only while a dataset is chosen."""
        self.build.offer(values.builds)
        self.ancestry.offer(values.ancestries)
        self.access.offer(values.accesses)
        self.service.offer(values.services)
        verdicts = (
            (FitVerdict.FITS.value, self.tr("Fits")),
            (FitVerdict.REPAIR.value, self.tr("With repair")),
            (FitVerdict.DOES_NOT_FIT.value, self.tr("Does not fit")),
            (FitVerdict.NOT_KNOWN.value, self.tr("Not known")),
        )
        self.fit.offer(verdicts if fitted else ())
        self.setVisible(values.some)

    def offer_added(self, some: bool) -> None:
        """Whether there are panels of services that are not added."""
        both = (("yes", self.tr("Service added")), ("no", self.tr("Service not added")))
        self.added.offer(both if some else ())
        self.added.setVisible(some)

    def say(self) -> None:
        """Follow what was typed."""
        for menu in self.menus:
            menu.say()
        self.only.setChecked(has_term(self._typed(), FAVOURITE_TERM))


def _each(values: set[str]) -> Choices:
    return [(value, value) for value in sorted(values, key=str.casefold)]
