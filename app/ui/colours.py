"""The colours of both schemes, and how well they can be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QColor, QPalette


class Status(StrEnum):
    """How something stands; always shown as word, icon and colour."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Colours:
    """A scheme. `muted` is for secondary text, `line` for borders; `status` has the five status colours."""

    dark: bool
    window: str
    base: str
    alternate: str
    hover: str
    text: str
    muted: str
    line: str
    button: str
    accent: str
    on_accent: str
    status: dict[Status, str]
    series: tuple[str, ...]
    """Five colours that stay apart also for eyes that do not tell red from green; at least 3:1 on `base`."""

    def palette(self) -> QPalette:
        """A palette for platforms that bring none of their own."""
        palette = QPalette()
        role = QPalette.ColorRole
        for target, colour in (
            (role.Window, self.window),
            (role.WindowText, self.text),
            (role.Base, self.base),
            (role.AlternateBase, self.alternate),
            (role.Text, self.text),
            (role.Button, self.button),
            (role.ButtonText, self.text),
            (role.BrightText, self.on_accent),
            (role.Highlight, self.accent),
            (role.HighlightedText, self.on_accent),
            (role.Accent, self.accent),
            (role.Link, self.accent),
            (role.LinkVisited, self.accent),
            (role.ToolTipBase, self.base),
            (role.ToolTipText, self.text),
            (role.PlaceholderText, self.muted),
            (role.Light, self.base),
            (role.Midlight, self.line),
            (role.Mid, self.line),
            (role.Dark, self.muted),
            (role.Shadow, self.line),
        ):
            palette.setColor(target, QColor(colour))
        for target in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, target, QColor(self.disabled))
        palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(self.line))
        return palette

    @property
    def disabled(self) -> str:
        """The colour of text on what cannot be used now."""
        return mixed(self.muted, self.window, 0.65)

    @property
    def selection(self) -> str:
        """The ground of selected rows: a tint, so that status colours stay readable on it."""
        return mixed(self.accent, self.base, 0.22 if self.dark else 0.13)

    def tint(self, status: Status) -> str:
        """The pale ground of a badge."""
        return mixed(self.status[status], self.base, 0.12 if self.dark else 0.08)


LIGHT = Colours(
    dark=False,
    window="#f4f5f7",
    base="#ffffff",
    alternate="#f8f9fb",
    hover="#e9ecf1",
    text="#1b1f24",
    muted="#59606b",
    line="#d4d8df",
    button="#ffffff",
    accent="#1b5fc4",
    on_accent="#ffffff",
    status={
        Status.WAITING: "#565d68",
        Status.RUNNING: "#1a5bbd",
        Status.DONE: "#136a34",
        Status.WARNING: "#825000",
        Status.FAILED: "#b4232b",
    },
    series=("#b45a00", "#8a3f8f", "#117a5b", "#1b5fc4", "#b8245f"),
)

DARK = Colours(
    dark=True,
    window="#202226",
    base="#191b1e",
    alternate="#1e2024",
    hover="#2d3036",
    text="#e6e8ec",
    muted="#a3a9b4",
    line="#3a3e46",
    button="#2a2d32",
    accent="#82b1ff",
    on_accent="#101722",
    status={
        Status.WAITING: "#b0b6c1",
        Status.RUNNING: "#82b5ff",
        Status.DONE: "#6ccb8a",
        Status.WARNING: "#e8b95a",
        Status.FAILED: "#ff9792",
    },
    series=("#f0a04b", "#cf9be0", "#56c8a0", "#82b1ff", "#ff8fb4"),
)


def mixed(over: str, under: str, share: float) -> str:
    """`share` of one colour over another."""
    a, b = QColor(over), QColor(under)
    parts = (
        round(x * share + y * (1 - share))
        for x, y in ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    )
    return "#{:02x}{:02x}{:02x}".format(*parts)
