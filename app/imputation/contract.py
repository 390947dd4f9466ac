"""What every engine is asked and what it gives back.

No models of pydantic: they would be a fifth of the memory that a small job takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from pathlib import Path

from app.imputation.built_in.choice import KernelChoice

WHOLE = 2**31 - 2  # the last position that index files know


class EngineName(StrEnum):
    """The programs that can impute."""

    BUILTIN = "builtin"
    MINIMAC4 = "minimac4"
    BEAGLE = "beagle"


class PhasingName(StrEnum):
    """Who phases the target; `none` wants a target that is phased."""

    NONE = "none"
    BUILTIN = "builtin"
    BEAGLE = "beagle"


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine as found on this computer; `version` is empty when it is not present."""

    name: str
    present: bool
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Where programs lie that are not our own; empty: as found on the search path."""

    minimac4: str = ""
    java: str = ""
    beagle_jar: str = ""


_LIMITS = {
    "min_r2": (0.0, 1.0),
    "threads": (1, inf),
    "window_bp": (1, inf),
    "overlap_bp": (0, inf),
    "memory_mb": (256, inf),
    "temp_buffer": (1, inf),
}
_NAMES = {"engine": EngineName, "phasing": PhasingName, "kernel": KernelChoice}


@dataclass(frozen=True, kw_only=True)
class ImputationRequest:
    """Impute one chromosome of a target from a phased panel.

    The panel is a VCF without missing genotypes. `map_file` is a genetic map (see `genetic_map.read_map`);
    without one 1 cM a megabase is taken. Records with an R2 below `min_r2` are left out. `first` and `last`
    (bp, both within) narrow the range of sites that is written; typed sites up to `overlap_bp` outside it
    still inform it. Each window of the built-in engine is at most `window_bp` long and looks as far around.
    `memory_mb` bounds the built-in engine and the Java of Beagle. `panel_packed`, `panel_msav` and
    `panel_bref3` hold the same panel packed for the built-in engine, Minimac4 and Beagle: then it is not
    packed again. The first may stand in place of the VCF. Minimac4 holds `temp_buffer` people at once.
    `kernel` is what the built-in engine computes with. ValueError for what cannot be.
    """

    panel_vcf: Path
    target_vcf: Path
    out_dir: Path
    chromosome: str
    engine: EngineName = EngineName.BUILTIN
    phasing: PhasingName = PhasingName.NONE
    map_file: Path | None = None
    min_r2: float = 0.0
    empirical: bool = True
    threads: int = 1
    seed: int = 1
    first: int = 1
    last: int = WHOLE
    window_bp: int = 20_000_000
    overlap_bp: int = 3_000_000
    memory_mb: int = 4096
    temp_buffer: int = 200
    panel_packed: Path | None = None
    panel_msav: Path | None = None
    panel_bref3: Path | None = None
    tools: Tools = Tools()
    kernel: KernelChoice = KernelChoice.AUTOMATIC

    def __post_init__(self) -> None:
        for name, (least, most) in _LIMITS.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}, not between {least} and {most}")
        for name, names in _NAMES.items():  # told apart by identity
            object.__setattr__(self, name, names(getattr(self, name)))

    @property
    def is_part(self) -> bool:
        """Whether a part of the chromosome is asked for."""
        return self.first > 1 or self.last < WHOLE

    @property
    def informing(self) -> tuple[int, int]:
        """The range (first, last) of typed sites that are used."""
        return max(1, self.first - self.overlap_bp), min(self.last + self.overlap_bp, WHOLE)


@dataclass(frozen=True, kw_only=True)
class ImputationFigures:
    """Counts of sites within the range, unless said otherwise.

    `typed` are in target and panel with the same alleles; `mismatched` have another REF or ALT in the panel
    and are never used; `typed_only` are not in the panel, of which `typed_only_written` are in the result
    (phasing drops them, as on a server); `unusable` target sites are multiallelic or there twice;
    `missing_genotypes` of typed sites (also those with an allele that ALT does not name) were filled;
    `written` are records of the dose file, `filtered` were below `min_r2`. `mean_r2` is over
    all records of panel sites, typed ones too (whose R2 is near 1), so it is higher than over untyped ones
    alone; `mean_er2` is over typed records with a defined ER2. `kernel` of the built-in engine; else empty.
    """

    engine: str
    engine_version: str
    phasing: str
    kernel: str = ""
    samples: int
    panel_haplotypes: int
    panel_sites: int = 0
    target_sites: int
    typed: int
    mismatched: int
    typed_only: int
    typed_only_written: int = 0
    unusable: int = 0
    missing_genotypes: int = 0
    written: int = 0
    filtered: int = 0
    mean_r2: float | None = None
    mean_er2: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ImputationFiles:
    """Where the result lies; `empirical` is None when not asked for or when the engine has none."""

    dose: Path
    info: Path
    empirical: Path | None = None
    index: Path | None = None
    figures: ImputationFigures
