"""Settings: pages built from the typed settings; saved at once, with undo."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.model import Model
from app.domain.problem import Problem
from app.domain.settings import Settings
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.settings.catalogues_card import CataloguesCard
from app.ui.views.settings.editors import Editor, make_editor
from app.ui.views.view import View
from app.ui.widgets.basics import Card, EmptyState, SectionHeading, Text
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.problem_panel import ProblemPanel

UNDO_KEPT = 50


class SettingRow(QWidget):
    """Title and description on the left, the editor on the right (below, for a table)."""

    def __init__(self, field: FieldInfo, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = f"{field.title} {field.description}".casefold()
        title = field.title or ""
        editor.widget.setAccessibleName(title)
        proxy = editor.widget.focusProxy()
        if proxy is not None and not proxy.accessibleName():
            proxy.setAccessibleName(title)
        inner = editor.widget.layout()
        wide = isinstance(inner, QGridLayout)
        outer = QVBoxLayout(self) if wide else QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(GRID if wide else GRID * 2)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Text(title))
        if field.description:
            words.addWidget(Text(field.description, muted=True, minor=True))
        outer.addLayout(words, 1)
        if wide:
            outer.addWidget(editor.widget)
            return
        editor.widget.setMinimumWidth(0 if inner is None else GRID * 44)
        outer.addWidget(editor.widget, 0, Qt.AlignmentFlag.AlignVCenter)


class SettingsView(View):
    """See the module."""

    nouns = frozenset({Noun.SETTING})

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.settings: Settings | None = None
        self.editors: dict[tuple[str, str], Editor] = {}
        self.rows: dict[tuple[str, str], SettingRow] = {}
        self.cards: dict[str, QWidget] = {}
        self._undo: list[Settings] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.page = ScrollPage(width=GRID * 100)
        column.addWidget(self.page)
        self.page.column.addLayout(self._top())
        self.problem = ProblemPanel(context.theme)
        self.page.column.addWidget(self.problem)
        for name, field in Settings.model_fields.items():
            self.page.column.addWidget(self._section(name, field))
        self.page.column.addWidget(self._institutions())
        self.nothing = EmptyState(context.theme, "search", self.tr("No setting has these words."))
        self.nothing.hide()
        self.page.column.addWidget(self.nothing)
        self._say_undo()

    def _top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.search = QLineEdit(placeholderText=self.tr("Search the settings"))
        self.search.setAccessibleName(self.tr("Search the settings"))
        self.search.setClearButtonEnabled(True)
        self.search.setAcceptDrops(False)
        self.search.textChanged.connect(self._search)
        self.undo_button = QPushButton(self.tr("Undo"))
        self.context.theme.bind_icon(self.undo_button, "undo")
        self.undo_button.clicked.connect(self.undo)
        undo = QShortcut(QKeySequence.StandardKey.Undo, self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(self.undo)
        row.addWidget(self.search, 1)
        row.addWidget(self.undo_button)
        return row

    def _section(self, section: str, field: FieldInfo) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(SectionHeading(field.title or section))
        card = Card(self.context.theme)
        card.body.setSpacing(GRID * 2)
        model = field.annotation
        if isinstance(model, type) and issubclass(model, Model):
            for name, each in model.model_fields.items():
                card.body.addWidget(self._row(section, name, each))
        column.addWidget(card)
        self.cards[section] = box
        return box

    def _institutions(self) -> QWidget:
        """Not settings in themselves, but looked for here."""
        self.institutions = QWidget()
        column = QVBoxLayout(self.institutions)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        title = self.tr("Catalogues of institutions")
        column.addWidget(SectionHeading(title))
        self.catalogues = CataloguesCard(self.context)
        self._catalogue_words = f"{title} {self.catalogues.words}".casefold()
        column.addWidget(self.catalogues)
        return self.institutions

    def _row(self, section: str, name: str, field: FieldInfo) -> SettingRow:
        editor = make_editor(field, lambda value: self._change(section, name, value))
        row = SettingRow(field, editor)
        self.editors[section, name] = editor
        self.rows[section, name] = row
        return row

    def refresh(self) -> None:
        """Read the settings."""
        self.read(self.context.library.settings(), self._show)
        self.catalogues.refresh()

    def _show(self, settings: Settings) -> None:
        self.settings = settings
        for (section, name), editor in self.editors.items():
            editor.show(getattr(getattr(settings, section), name))
        self._follow_quiet(settings)

    def _follow_quiet(self, settings: Settings) -> None:
        """The times say nothing while there are no quiet hours."""
        for name in ("quiet_from", "quiet_to"):
            self.rows["notifications", name].setEnabled(settings.notifications.quiet_hours)

    def reveal(self, item_id: str) -> None:
        """Search for words."""
        self.search.setText(item_id)

    def _search(self, words: str) -> None:
        wanted = words.casefold().split()
        shown: set[str] = set()
        for (section, _), row in self.rows.items():
            fits = all(word in row.words for word in wanted)
            row.setVisible(fits)
            if fits:
                shown.add(section)
        for section, card in self.cards.items():
            card.setVisible(section in shown)
        fits = all(word in self._catalogue_words for word in wanted)
        self.institutions.setVisible(fits)
        self.nothing.setVisible(not shown and not fits)

    # Saving.

    def _change(self, section: str, name: str, value: Any) -> None:
        before = self.settings
        if before is None or getattr(getattr(before, section), name) == value:
            return
        changed = getattr(before, section).model_copy(update={name: value})
        self._undo = [*self._undo[-UNDO_KEPT:], before]
        self._save(before.model_copy(update={section: changed}))

    def undo(self) -> None:
        """Take the last change back."""
        if self._undo:
            before = self._undo.pop()
            self._show(before)
            self._save(before)

    def _save(self, settings: Settings) -> None:
        self.settings = settings
        self._follow_quiet(settings)
        self.problem.clear()
        self._say_undo()
        self.context.theme.choose(settings.appearance.colour_scheme)
        self.do(self.context.operations.save_settings(settings), self._saved, self._not_saved)

    def _saved(self, _changes: Changes) -> None:
        self._say_undo()

    def _not_saved(self, problem: Problem) -> None:
        self.problem.show_problem(problem)
        self.refresh()

    def _say_undo(self) -> None:
        self.undo_button.setEnabled(bool(self._undo))
