"""Sites on their way from a source into a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.site_table import NO_FREQUENCY


@dataclass
class SiteRows:
    """Rows in the order of the source.

    `chromosome` are indices into `names` (plain names, None for what is no chromosome of humans). `frequency`
    and `rs` as in `SiteTable`, None where the source has none. `other_rows` are the rows whose code is OTHER
    and `other_texts` their alleles as `REF<tab>ALT`.
    """

    names: Sequence[str | None]
    chromosome: NDArray[np.int64]
    position: NDArray[np.int64]
    code: NDArray[np.uint8]
    other_rows: NDArray[np.intp]
    other_texts: list[bytes]
    frequency: NDArray[np.uint16] | None = None
    rs: NDArray[np.uint32] | None = None

    def __len__(self) -> int:
        return len(self.position)


def stored_frequency(values: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Frequencies between 0 and 1 as they are kept; NaN becomes NO_FREQUENCY."""
    known = ~np.isnan(values)
    scaled = np.rint(np.where(known, values, 0.0) * (NO_FREQUENCY - 1))
    return np.where(known, scaled, NO_FREQUENCY).astype(np.uint16)


def bad_line(name: str, line: int, why: str) -> ProblemError:
    """A line of a site list that cannot be read."""
    return problem(
        Kind.INPUT,
        "A line of the site list cannot be read",
        f"{name}, line {line:,}: {why}.",
        "Get the list again; it may be cut or of another format.",
        subject=name,
    )
