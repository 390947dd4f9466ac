"""A box to choose one of many names in, filled and styled at once however many there are."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QListView, QWidget

from app.ui.models.choices import Choices


class ChoiceBox(QComboBox):
    """Its entries are a name and a value each; the room that it asks for does not go by all of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choices = Choices(self)
        self.setModel(self.choices)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        view = self.view()
        if isinstance(view, QListView):  # else each change of the style would measure ten thousand lines
            view.setUniformItemSizes(True)
            view.setLayoutMode(QListView.LayoutMode.Batched)

    def offer(self, pairs: Sequence[tuple[str, str]], chosen: str) -> None:
        """Offer others, of which the chosen one is shown, or else the first.

        The same again leave a list open that is open.
        """
        if list(pairs) != list(self.choices.pairs):
            self.choices.show_pairs(pairs)
        self.setCurrentIndex(max(0, self.choices.row_of(chosen)))
