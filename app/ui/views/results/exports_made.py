"""What was written of a result for other programs: the last time, or at another one that is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPlainTextEdit, QPushButton

from app.domain.export import ExportFormat
from app.domain.export_record import ExportRecord
from app.ui import text
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.status import Shown
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, SectionHeading, StatusBadge, Text
from app.ui.widgets.short_table import ShortTable


def _t(words: str) -> str:
    return QCoreApplication.translate("Export", words)


def format_words() -> dict[ExportFormat, str]:
    """The formats in words."""
    return {
        ExportFormat.VCF: _t("VCF, filtered (BGZF, index)"),
        ExportFormat.BCF: _t("BCF, filtered (index)"),
        ExportFormat.BGEN: _t("BGEN 1.2, 8 bit (.bgi)"),
        ExportFormat.PGEN: _t("PGEN with dosages"),
        ExportFormat.BED: _t("BED, hard calls"),
        ExportFormat.TABLE: _t("Table of dosages (TSV)"),
    }


def written_words(kept: int, variants: int, seconds: float, dropped: Mapping[str, int]) -> str:
    """`1,204 of 2,871 variants written in 2 s; left out: 1,667 R2 too low.`"""
    said = _t("{0} of {1} variants written in {2}").format(
        text.number(kept), text.number(variants), text.duration(seconds)
    )
    reasons = ", ".join(f"{text.number(count)} {reason}" for reason, count in dropped.items())
    return f"{said}; {_t('left out')}: {reasons}." if reasons else f"{said}."


def record_words(record: ExportRecord) -> str:
    """When, for which program or as which format, and where."""
    from app.results.export.presets import PRESETS

    what = PRESETS[record.preset].title if record.preset is not None else format_words()[record.format]
    return f"{text.exact(record.at)}: {what}, {record.folder}"


class MadeCard(Card):
    """Hidden while there is nothing. `records` are all, the latest first."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme)
        self.records: tuple[ExportRecord, ...] = ()
        heading = SectionHeading(self.tr("Written"))
        self.badge = StatusBadge(context.theme)
        heading.add(self.badge)
        self.body.addWidget(heading)
        self.which = QComboBox()
        self.which.setAccessibleName(self.tr("Exports of this result"))
        self.which.currentIndexChanged.connect(self._show)
        self.body.addWidget(self.which)
        self.words = Text()
        self.body.addWidget(self.words)
        self.files = ShortTable(
            context.theme,
            self.tr("Files written"),
            (
                Column("file", _t("File"), 260),
                Column("kept", _t("Variants"), 90, show=text.number, numeric=True),
                Column("dropped", _t("Left out"), 90, show=text.number, numeric=True),
                Column("missing", _t("Missing calls"), 100, show=text.number, numeric=True),
            ),
        )
        self.body.addWidget(self.files)
        self.command = QPlainTextEdit(readOnly=True)
        self.command.setAccessibleName(self.tr("Command"))
        self.command.setMaximumHeight(GRID * 14)
        self.body.addWidget(self.command)
        self.copy = QPushButton(self.tr("Copy command"))
        context.theme.bind_icon(self.copy, "copy")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.toPlainText()))
        row = QHBoxLayout()
        row.addWidget(self.copy)
        row.addStretch(1)
        self.body.addLayout(row)
        self.hide()

    def show_records(self, records: tuple[ExportRecord, ...]) -> None:
        """Show the latest; the others can be chosen."""
        self.records = records
        self.which.blockSignals(True)  # noqa: FBT003 - it is shown below
        self.which.clear()
        self.which.addItems([record_words(each) for each in records])
        self.which.blockSignals(False)  # noqa: FBT003
        self._show(0)
        self.setVisible(bool(records))

    def _show(self, place: int) -> None:
        if not 0 <= place < len(self.records):
            return
        record = self.records[place]
        self.badge.show_status(
            Shown(Status.DONE, self.tr("Read back, the same"), "shield")
            if record.verified
            else Shown(Status.WAITING, self.tr("Not read back"))
        )
        said = written_words(record.kept, record.variants, record.seconds, record.dropped)
        self.words.setText(" ".join((said, *record.notes)))
        self.files.show_rows(
            [(PurePath(e.files[0]).name, e.kept, e.dropped, e.missing) for e in record.sets if e.files]
        )
        commands = "\n".join(each.command for each in record.sets if each.command)
        self.command.setPlainText(commands)
        self.command.setVisible(bool(commands))
        self.copy.setVisible(bool(commands))
