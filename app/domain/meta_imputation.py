"""What came out when several results of one cohort were joined into one."""

from __future__ import annotations

from app.domain.model import Model


class PanelWeight(Model):
    """The part of one result in a chromosome.

    `mean_weight` is over its typed sites and all haplotypes. `typed` and `variants` are what the result has
    there, `own` the variants that no other has. `exchanged` counts the people whose two haplotypes had each
    other's place throughout and were turned back.
    """

    name: str
    mean_weight: float
    typed: int
    variants: int
    own: int
    exchanged: int = 0


class WeightTrack(Model):
    """Mean weights along a chromosome for a plot: at each of at most 200 positions one a result."""

    positions: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]


class JoinedChromosome(Model):
    """One chromosome; `typed` sites were in all results; `dose` and `info` are names of files."""

    chromosome: str
    typed: int
    variants: int
    in_all: int
    mean_r2: float | None
    panels: tuple[PanelWeight, ...]
    track: WeightTrack
    dose: str
    info: str


class LeftOut(Model):
    """A chromosome that was not written, and why."""

    chromosome: str
    why: str


class MetaSummary(Model):
    """All of a meta-imputation; `results` are the names in the order of the flags S1, S2, …"""

    results: tuple[str, ...]
    samples: int
    start: str
    chromosomes: tuple[JoinedChromosome, ...]
    left_out: tuple[LeftOut, ...] = ()
    seconds: float = 0.0
