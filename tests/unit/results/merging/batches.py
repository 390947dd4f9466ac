"""Batches of imputed records made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch, InfoColumns

Site = tuple[int, str, str]


def batch(sites: Sequence[Site], values: Sequence[float] | None = None, **more: object) -> DoseBatch:
    """Records of one person whose dosage tells them apart."""
    count = len(sites)
    nothing = np.full(count, np.nan, np.float32)
    info = InfoColumns(nothing, nothing, nothing, nothing, np.full(count, 2, np.uint8))
    dosage = np.arange(count) if values is None else np.array(values)
    return DoseBatch(
        chromosome="20",
        first_line=1,
        position=np.array([site[0] for site in sites], np.int64),
        ids=Texts.of([f"{position}:{ref}:{alt}" for position, ref, alt in sites]),
        refs=Texts.of([site[1] for site in sites]),
        alts=Texts.of([site[2] for site in sites]),
        info=info,
        dosage=dosage.astype(np.float32)[:, None],
        **more,  # type: ignore[arg-type]
    )
