"""For whom files are repaired, and what the person chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode
from app.genotypes.reference_sequence import ReferenceSequence
from app.genotypes.site_table import SiteTable

ENOUGH_CONFIDENCE = 0.95
"""Below this the build is not known well enough to flip or lift anything (`genotypes.md` 5b, issue 806)."""


@dataclass(frozen=True)
class RepairTarget:
    """What the files are made ready for.

    `build` is that of the panel, None: the build of the files stays. `panel` gives its sites by plain
    chromosome name; empty: nothing is compared. `panel_genotypes` are VCFs with the panel's people by plain
    chromosome name, for palindromic sites. `chromosomes` are those the service takes, None: all.
    `study_build` is what a check said of the files, None: it is worked out; `stated_build` is what the person
    says, empty for nothing. `most_samples` 0 is no limit.
    `reference` is the reference sequence, if the person gives one.
    `population` is the one chosen for frequencies, empty when there is none.
    """

    name: str = ""
    build: str | None = None
    panel: Mapping[str, SiteTable] = field(default_factory=dict)
    panel_genotypes: Mapping[str, Path] = field(default_factory=dict)
    study_build: BuildGuess | None = None
    stated_build: str = ""
    chain: Path | None = None
    chain_back: Path | None = None
    reference: ReferenceSequence | None = None
    chromosomes: frozenset[str] | None = None
    for_service: bool = False
    population: str = ""
    least_samples: int = 0
    most_samples: int = 0
    chunk_size: int = 20_000_000
    chunk_call_rate: float = 0.5
    most_per_chunk: int = 0
    takes_indels: bool = False


@dataclass(frozen=True)
class RepairChoices:
    """What is ticked and how strict the thresholds are.

    `chosen` None: what each repair proposes by itself. `sites` are positions by plain chromosome name that
    thinning keeps; `drop_sites` those that are left out, as they lie in `drop_build` (empty: that of the
    files). `site_call_rate` is that below which Cloudgene leaves a site out.
    `sex` are names to 1 (male) or 2 (female) where the files do not say it. `split_x` writes
    the three regions of X as files of their own, for engines rather than services.
    """

    chosen: frozenset[RepairCode] | None = None
    drop_samples: frozenset[str] = frozenset()
    sites: Mapping[str, frozenset[int]] | None = None
    drop_sites: Mapping[str, frozenset[int]] = field(default_factory=dict)
    drop_build: str = ""
    sex: Mapping[str, int] = field(default_factory=dict)
    split_x: bool = False
    version: str = "4.2"
    sample_call_rate: float = 0.95
    site_call_rate: float = 0.90
    hwe_p: float = 1e-6
    frequency_difference: float = 0.2
    palindromic_maf: float = 0.40
    het_deviations: float = 4.0
    merge_concordance: float = 0.99

    def wants(self, code: RepairCode, proposed: bool) -> bool:
        """Whether a repair is made."""
        return proposed if self.chosen is None else code in self.chosen
