"""Some rows of a batch, and batches of one file one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts, joined
from app.results.doses.contract import DoseBatch, InfoColumns

Rows = slice | NDArray[np.intp]


def take(batch: DoseBatch, rows: Rows) -> DoseBatch:
    """The rows of a batch; those of a slice are views. The bytes of lines are not carried."""
    changed = {name: _rows(getattr(batch, name), rows) for name in _columns(batch)}
    return replace(batch, lines=None, **changed)


def together(batches: Sequence[DoseBatch]) -> DoseBatch:
    """Batches of one chromosome and one file as one, in their order."""
    if len(batches) == 1:
        return batches[0]
    changed = {name: _joined([getattr(each, name) for each in batches]) for name in _columns(batches[0])}
    return replace(batches[0], lines=None, **changed)


def _columns(batch: DoseBatch) -> list[str]:
    names = (each.name for each in fields(batch))
    plain = {"chromosome", "first_line", "lines"}
    return [name for name in names if name not in plain and getattr(batch, name) is not None]


def _rows(column: Any, rows: Rows) -> Any:
    if isinstance(column, InfoColumns):
        return InfoColumns(**{each.name: getattr(column, each.name)[rows] for each in fields(column)})
    return column[rows]


def _joined(columns: Sequence[Any]) -> Any:
    if isinstance(columns[0], InfoColumns):
        names = [each.name for each in fields(InfoColumns)]
        return InfoColumns(**{name: np.concatenate([getattr(c, name) for c in columns]) for name in names})
    return joined(columns) if isinstance(columns[0], Texts) else np.concatenate(columns)
