"""Arrays behind the plots of a dataset: small, binned or a value a sample, beside its packed genotypes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = "figures.npz"


def _none() -> NDArray[Any]:
    return np.empty(0)


@dataclass
class Figures:
    """Everything that is drawn or listed; an empty array: not known.

    A value a sample: `samples` names; `sample_call_rate`, `sample_het` (share of called autosomal genotypes),
    `het_f` (inbreeding coefficient), `x_het` (share of het calls on X outside the PARs, NaN without X),
    `sex_stated`, `sex_found` (0 unknown, 1 male, 2 female); `pcs` [samples, k] on the reference's axes;
    `ancestry` [samples, 5] probabilities of `ancestry_labels`. `reference_pcs` [people, k] with
    `reference_label` (indices into `ancestry_labels`).
    Pairs: `pairs` [pairs, 2] sample indices and `kinship`.
    Sites, binned: `site_call_rate` and `frequency` are counts over bins of equal width between 0 and 1 (100
    bins); `frequency_plane` [50, 50] counts sites by ALT frequency here (rows) and in the reference
    (columns); `frequency_source` says which reference.
    Chunks: `chunk_chromosome`, `chunk_start`, `chunk_end`, `chunk_sites`, `chunk_overlap` (NaN without a site
    list) and `chunk_call_rate` [chunks, samples], float32.
    Sites that findings name, at most 200,000 rows: `site_code` (indices into `site_codes`, the codes of
    findings), `site_file` (into `site_files`, paths), `site_chromosome` (into `site_chromosomes`),
    `site_position`, `site_here` and `site_reference` (ALT frequencies, float16, NaN where not known).
    Sites whose frequencies were compared, at most 200,000, those far apart first: `compared_chromosome` (into
    `site_chromosomes`), `compared_position`, `compared_here`, `compared_reference`, and `compared_cell`:
    row × 50 + column of `frequency_plane`, which counts all of them.
    """

    samples: NDArray[Any] = field(default_factory=_none)
    sample_call_rate: NDArray[Any] = field(default_factory=_none)
    sample_het: NDArray[Any] = field(default_factory=_none)
    het_f: NDArray[Any] = field(default_factory=_none)
    x_het: NDArray[Any] = field(default_factory=_none)
    sex_stated: NDArray[Any] = field(default_factory=_none)
    sex_found: NDArray[Any] = field(default_factory=_none)
    pcs: NDArray[Any] = field(default_factory=_none)
    ancestry: NDArray[Any] = field(default_factory=_none)
    ancestry_labels: NDArray[Any] = field(default_factory=_none)
    reference_pcs: NDArray[Any] = field(default_factory=_none)
    reference_label: NDArray[Any] = field(default_factory=_none)
    pairs: NDArray[Any] = field(default_factory=_none)
    kinship: NDArray[Any] = field(default_factory=_none)
    site_call_rate: NDArray[Any] = field(default_factory=_none)
    frequency: NDArray[Any] = field(default_factory=_none)
    frequency_plane: NDArray[Any] = field(default_factory=_none)
    frequency_source: NDArray[Any] = field(default_factory=_none)
    chunk_chromosome: NDArray[Any] = field(default_factory=_none)
    chunk_start: NDArray[Any] = field(default_factory=_none)
    chunk_end: NDArray[Any] = field(default_factory=_none)
    chunk_sites: NDArray[Any] = field(default_factory=_none)
    chunk_overlap: NDArray[Any] = field(default_factory=_none)
    chunk_call_rate: NDArray[Any] = field(default_factory=_none)
    site_codes: NDArray[Any] = field(default_factory=_none)
    site_files: NDArray[Any] = field(default_factory=_none)
    site_chromosomes: NDArray[Any] = field(default_factory=_none)
    site_code: NDArray[Any] = field(default_factory=_none)
    site_file: NDArray[Any] = field(default_factory=_none)
    site_chromosome: NDArray[Any] = field(default_factory=_none)
    site_position: NDArray[Any] = field(default_factory=_none)
    site_here: NDArray[Any] = field(default_factory=_none)
    site_reference: NDArray[Any] = field(default_factory=_none)
    compared_chromosome: NDArray[Any] = field(default_factory=_none)
    compared_position: NDArray[Any] = field(default_factory=_none)
    compared_here: NDArray[Any] = field(default_factory=_none)
    compared_reference: NDArray[Any] = field(default_factory=_none)
    compared_cell: NDArray[Any] = field(default_factory=_none)


def save_figures(folder: Path, figures: Figures) -> Path:
    """Write the figures of a dataset into its folder; whole or not at all."""
    part = folder / (FILE + ".part")
    with part.open("wb") as file:
        np.savez(file, **vars(figures))
    os.replace(part, folder / FILE)
    return folder / FILE


def load_figures(path: Path) -> Figures:
    """Figures written before. OSError or ValueError when they cannot be read."""
    with np.load(path, allow_pickle=False) as stored:
        known = {each.name for each in fields(Figures)}
        return Figures(**{name: stored[name] for name in stored.files if name in known})
