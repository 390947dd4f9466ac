"""Plots in the colours of the scheme; pyqtgraph is imported with the first plot, not with the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QColor

from app.ui.theme import Theme

if TYPE_CHECKING:
    import pyqtgraph


def make_plot(theme: Theme, name: str, across: str = "", up: str = "") -> pyqtgraph.PlotWidget:
    """An empty plot that follows the scheme.

    `name` is what a screen reader says; the view brings it up to date with a summary of the data. Give it
    binned data, never a point for each variant.
    """
    import pyqtgraph

    plot = pyqtgraph.PlotWidget()
    plot.setAccessibleName(name)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.showGrid(x=False, y=True, alpha=0.15)

    def dress(each: Any) -> None:
        colours = theme.colours
        each.setBackground(QColor(colours.base))
        for side, title in (("bottom", across), ("left", up)):
            axis = each.getAxis(side)
            axis.setPen(QColor(colours.line))
            axis.setTextPen(QColor(colours.muted))
            axis.setLabel(title, color=colours.muted)

    theme.bind(plot, dress)
    return plot
