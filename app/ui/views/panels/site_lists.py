"""The site lists on this computer: for the selected panel, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from app.domain.panel import Panel
from app.domain.panel_sites import PanelSiteList
from app.ui import text
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.status import Shown
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, SectionHeading, StatusBadge, Text, clear, link

Bind = Callable[[PanelSiteList, tuple[str, ...]], object]


def list_words(found: PanelSiteList) -> str:
    """`39,131,578 sites · GRCh37 · frequencies · 620 MB`."""
    parts = [
        plural(_tr("%Ln site(s)", found.sites), found.sites),
        found.build,
        _t("with frequencies") if found.has_frequency else _t("without frequencies"),
        text.size(found.size),
    ]
    return " · ".join(part for part in parts if part)


def bindable(found: PanelSiteList, panels: Sequence[Panel]) -> list[Panel]:
    """Panels of the build of a list, or of one that their services do not tell, which do not use it yet."""
    if found.problem:
        return []
    fresh = (panel for panel in panels if panel.key not in found.panel_keys)
    return [panel for panel in fresh if panel.build in (None, "", found.build)]


class SitesOfPanel(QWidget):
    """Whether alleles can be compared with the selected panel, and the buttons that make it so."""

    def __init__(
        self,
        context: Context,
        add: Callable[[], object],
        bind: Bind,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._bind = bind
        self._panel: Panel | None = None
        self._lists: tuple[PanelSiteList, ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        title = SectionHeading(self.tr("Site list on this computer"))
        self.use = QPushButton(self.tr("Use a list"))
        self.menu = QMenu(self.use)
        self.menu.aboutToShow.connect(self._fill)
        self.use.setMenu(self.menu)
        self.add = QPushButton(self.tr("Add site list…"))
        context.theme.bind_icon(self.add, "add")
        self.add.clicked.connect(lambda: add())
        title.add(self.use)
        title.add(self.add)
        column.addWidget(title)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.badge = StatusBadge(context.theme)
        self.words = Text()
        row.addWidget(self.badge)
        row.addWidget(self.words, 1)
        column.addLayout(row)

    def show_panel(self, panel: Panel, lists: Sequence[PanelSiteList]) -> None:
        """Show what there is for a panel."""
        self._panel, self._lists = panel, tuple(lists)
        bound = [each for each in lists if panel.key in each.panel_keys]
        usable = next((each for each in bound if not each.problem), None)
        self.use.setVisible(any(panel.key not in each.panel_keys for each in self._fitting()))
        if usable is not None:
            self.badge.show_status(Shown(Status.DONE, self.tr("Compared")))
            self.words.setText(f"{usable.name}: {list_words(usable)}")
        elif bound:
            self.badge.show_status(Shown(Status.FAILED, self.tr("Cannot be read")))
            self.words.setText(f"{bound[0].name}: {bound[0].problem}")
        else:
            self.badge.show_status(Shown(Status.WAITING, self.tr("Not compared"), "unknown"))
            self.words.setText(
                self.tr(
                    "Without the sites of the panel nobody can tell flipped alleles from others. "
                    "Add its site list once: a sites file of HRC or 1000 Genomes, or any VCF of the panel."
                )
            )

    def _fitting(self) -> list[PanelSiteList]:
        """Lists of the panel's build that can be read."""
        build = self._panel.build if self._panel is not None else None
        return [each for each in self._lists if not each.problem and build in (None, "", each.build)]

    def _fill(self) -> None:
        self.menu.clear()
        panel = self._panel
        if panel is None:
            return
        for each in self._fitting():
            if panel.key not in each.panel_keys:
                self.menu.addAction(
                    each.name, partial(self._bind, each, tuple(sorted({*each.panel_keys, panel.key})))
                )


class SiteListsCard(Card):
    """All lists; each says which panels it is used for and can be removed."""

    def __init__(
        self,
        context: Context,
        remove: Callable[[PanelSiteList], object],
        bind: Bind,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(context.theme, parent)
        self._remove = remove
        self._bind = bind
        self.title = SectionHeading(self.tr("Site lists on this computer"))
        self.body.addWidget(self.title)
        self.rows = QVBoxLayout()
        self.rows.setSpacing(GRID)
        self.body.addLayout(self.rows)

    def show_lists(self, lists: Sequence[PanelSiteList], panels: Sequence[Panel]) -> None:
        """Show these, and for which panels they may be used."""
        clear(self.rows)
        self.setVisible(bool(lists))
        last: QWidget | None = None
        for each in lists:
            row = self._row(each, panels)
            self.rows.addWidget(row)
            for button in row.findChildren(QPushButton):
                if last is not None:
                    QWidget.setTabOrder(last, button)
                last = button

    def _row(self, found: PanelSiteList, panels: Sequence[Panel]) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        top = QHBoxLayout()
        top.setSpacing(GRID)
        top.addWidget(Text(found.name), 1)
        fitting = bindable(found, panels)
        if fitting:
            top.addWidget(self._use(found, fitting))
        if found.panel_keys:
            loose = link(self.tr("Unbind"), partial(self._bind, found, ()))
            loose.setAccessibleName(self.tr("Unbind: {0}").format(found.name))
            top.addWidget(loose)
        remove = link(self.tr("Remove"), partial(self._remove, found))
        remove.setAccessibleName(self.tr("Remove: {0}").format(found.name))
        top.addWidget(remove)
        column.addLayout(top)
        column.addWidget(Text(found.problem or list_words(found), muted=True, minor=True))
        column.addWidget(Text(self._used(found, panels), muted=True, minor=True))
        return row

    def _use(self, found: PanelSiteList, fitting: Sequence[Panel]) -> QPushButton:
        """A menu of the panels that the list may be of."""
        use = QPushButton(self.tr("Use for"))
        use.setAccessibleName(self.tr("Use {0} for a panel").format(found.name))
        menu = QMenu(use)
        menu.aboutToShow.connect(partial(self._fill, menu, found, fitting))
        use.setMenu(menu)
        return use

    def _fill(self, menu: QMenu, found: PanelSiteList, fitting: Sequence[Panel]) -> None:
        """Filled when it is opened: there may be thousands of panels."""
        menu.clear()
        for panel in fitting:
            keys = tuple(sorted({*found.panel_keys, panel.key}))
            menu.addAction(f"{panel.name} ({panel.service_id})", partial(self._bind, found, keys))

    def _used(self, found: PanelSiteList, panels: Sequence[Panel]) -> str:
        """For what it is used; where it is for nothing, why nothing can be chosen."""
        names = {panel.key: panel.name for panel in panels}
        if found.panel_keys:
            used = ", ".join(names.get(key, key) for key in found.panel_keys)
            return self.tr("Used for {0}").format(used)
        if found.problem or bindable(found, panels):
            return self.tr("Used for no panel yet")
        if not panels:
            return self.tr("Used for no panel: no service has told its panels yet. Read the panels first.")
        return self.tr("Used for no panel: none that is known is {0}.").format(found.build)


def _t(words: str) -> str:
    return QCoreApplication.translate("SiteLists", words)


def _tr(words: str, n: int) -> str:
    return QCoreApplication.translate("SiteLists", words, None, n)
