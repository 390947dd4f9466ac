"""The few rules of the style sheet: flat, one radius, no gradients, no shadows."""

from __future__ import annotations

from string import Template

from app.domain.resources import resource
from app.ui.colours import Colours, Status, mixed

_SHEET = Template("""
QPushButton { background: $button; border: 1px solid $line; border-radius: 4px;
  padding: 5px 12px; min-height: 16px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed, QPushButton:checked { background: $pressed; }
QPushButton:focus { border: 1px solid $accent; }
QPushButton:disabled { color: $disabled; background: $window; }
QPushButton[primary="true"] { background: $accent; color: $on_accent; border: 1px solid $accent; }
QPushButton[primary="true"]:hover { background: $accent_hover; }
QPushButton[primary="true"]:focus { border: 1px solid $text; }
QPushButton[primary="true"]:disabled { background: $line; border: 1px solid $line; color: $muted; }
QPushButton[flat_link="true"] {
  background: transparent; border: 1px solid transparent; color: $accent;
  padding: 5px 1px; text-align: left; }
QPushButton[flat_link="true"]:hover { text-decoration: underline; }
QPushButton[flat_link="true"]:focus { border: 1px solid $accent; }
QPushButton[switch="true"] { background: transparent; border: 1px solid transparent; color: $muted;
  padding: 3px 8px; }
QPushButton[switch="true"]:hover { color: $text; }
QPushButton[switch="true"]:checked { background: $selection; color: $text; }
QPushButton[switch="true"]:focus { border: 1px solid $accent; }
QPushButton::menu-indicator { subcontrol-position: right center; right: 6px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 4px; }
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:checked { background: $pressed; }
QToolButton:focus { border: 1px solid $accent; }
QToolButton::menu-indicator { image: none; }
QLineEdit, QPlainTextEdit, QTextEdit {
  background: $base; border: 1px solid $line; border-radius: 4px; padding: 4px 6px;
  selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus { border: 1px solid $accent; }
QAbstractSpinBox {
  background: $base; border: 1px solid $line; border-radius: 4px; padding: 4px 6px;
  selection-background-color: $accent; selection-color: $on_accent; }
QAbstractSpinBox QLineEdit { padding: 0 6px; border: 0; background: transparent; }
QAbstractSpinBox:focus, QComboBox:focus { border: 1px solid $accent; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: 0; }
QComboBox {
  background: $button; border: 1px solid $line; border-radius: 4px; padding: 4px 8px; min-height: 16px; }
QComboBox:hover { background: $hover; }
QComboBox:disabled { color: $disabled; background: $window; }
QComboBox::drop-down { border: 0; width: 22px; }
QComboBox::down-arrow { image: url("$down"); width: 14px; height: 14px; }
QComboBox QAbstractItemView {
  background: $base; border: 1px solid $line;
  selection-background-color: $selection; selection-color: $text; }
QCheckBox, QRadioButton { spacing: 8px; }
QCheckBox:disabled { color: $muted; }
QCheckBox::indicator, QRadioButton::indicator {
  width: 14px; height: 14px; background: $base; border: 1px solid $muted; border-radius: 3px; }
QCheckBox::indicator:checked { background: $accent; border: 1px solid $accent; image: url("$check"); }
QRadioButton::indicator { border-radius: 7px; }
QRadioButton::indicator:checked { border: 4px solid $accent; width: 8px; height: 8px; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border: 2px solid $accent; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border: 1px solid $line; }
QLineEdit:disabled { background: $window; color: $disabled; }
QHeaderView { background: $window; }
QHeaderView::section {
  background: $window; color: $muted; border: 0; border-bottom: 1px solid $line; padding: 5px 8px; }
QHeaderView::section:hover { background: $hover; color: $text; }
QTableView, QListView, QTreeView {
  background: $base; alternate-background-color: $alternate; border: 1px solid $line; border-radius: 4px;
  gridline-color: transparent; outline: 0;
  selection-background-color: $selection; selection-color: $text; }
QTableView::item { padding: 0 5px; border: 0; }
QTableView::item:selected { background: $selection; color: $text; }
QTableView:focus, QListView:focus, QTreeView:focus { border: 1px solid $accent; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
QTableCornerButton::section { background: $window; border: 0; border-bottom: 1px solid $line; }
QTabWidget::pane { border: 0; border-top: 1px solid $line; }
QTabBar::tab {
  background: transparent; color: $muted; padding: 6px 12px; border: 0;
  border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { background: $hover; }
QMenu { background: $base; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 3px; }
QMenu::item:selected { background: $selection; color: $text; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $line; }
QProgressBar { background: $line; border: 0; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QScrollArea { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $scroll; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QPushButton#search { text-align: left; color: $muted; }
#page { background: $window; }
#rail { background: $window; border-right: 1px solid $line; }
#strip { background: $window; border-top: 1px solid $line; }
#header { background: $window; border-bottom: 1px solid $line; }
#popup { background: $base; border: 1px solid $line; border-radius: 6px; }
QLabel[muted="true"] { color: $muted; }
QLabel[stale="true"], QTableView[stale="true"] { color: $disabled; }
QLabel[bad="true"] { color: $failed; }
""")


def style_sheet(colours: Colours) -> str:
    """The sheet of a scheme."""
    scheme = "dark" if colours.dark else "light"
    return _SHEET.substitute(
        check=resource("icons", "style", f"check-{scheme}.svg").as_posix(),
        down=resource("icons", "style", f"down-{scheme}.svg").as_posix(),
        text=colours.text,
        base=colours.base,
        window=colours.window,
        alternate=colours.alternate,
        hover=colours.hover,
        pressed=mixed(colours.accent, colours.hover, 0.15),
        line=colours.line,
        button=colours.button,
        accent=colours.accent,
        accent_hover=mixed(colours.accent, colours.text, 0.88),
        on_accent=colours.on_accent,
        muted=colours.muted,
        failed=colours.status[Status.FAILED],
        disabled=colours.disabled,
        selection=colours.selection,
        scroll=mixed(colours.muted, colours.window, 0.45),
    )
