"""Figures of a result that another program wrote, from its info file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from app.genotypes.bgzf import read_lines
from app.imputation.contract import ImputationFigures


def read_figures(figures: ImputationFigures, info: Path) -> ImputationFigures:
    """Add the counts and means of an info file in VCF form."""
    r2: list[float] = []
    er2: list[float] = []
    written = typed_only = 0
    for line in read_lines(info):
        if line.startswith(b"#"):
            continue
        written += 1
        fields = line.split(b"\t", 8)[7].split(b";")
        values = dict(field.split(b"=", 1) for field in fields if b"=" in field)
        if b"IMPUTED" not in fields:
            typed_only += 1
            continue
        r2.append(float(values.get(b"R2", b"nan")))
        if b"ER2" in values:
            er2.append(float(values[b"ER2"]))
    return replace(
        figures,
        written=written,
        typed_only_written=typed_only,
        panel_sites=written - typed_only,
        mean_r2=_mean(r2),
        mean_er2=_mean(er2),
    )


def _mean(values: list[float]) -> float | None:
    known = np.array(values)[np.isfinite(values)] if values else np.empty(0)
    return float(known.mean()) if len(known) else None
