"""What the server's quality control is told, and what it answers."""

from __future__ import annotations

from app.domain.model import Model


class ServerQcParameters(Model):
    """The choices of the user and the settings of the panel; defaults are those of imputationserver2.

    `populations` maps an id to its number of samples in the panel (-1: no frequency check). `min_samples`,
    `max_samples` 0 switch a limit off. Sizes are in bases, rates between 0 and 1. `region` is the panel's
    `range` (`20:1-500,21:7-9`). `chain` is the path of a chain file, used when the builds differ.
    """

    panel_id: str = "panel"
    build: str = "hg19"
    panel_build: str = "hg19"
    population: str = "off"
    populations: dict[str, int] = {}
    phasing: str = "eagle"
    min_samples: int = 20
    max_samples: int = 50_000
    chunk_size: int = 20_000_000
    phasing_window: int = 5_000_000
    overlap: float = 0.5
    min_snps: int = 3
    sample_call_rate: float = 0.5
    mixed_genotypes: float = 0.1
    strand_flips: int = 100
    allele_switches: int | None = None
    region: str = ""
    chain: str | None = None
    contact: str = "n/a"
    contact_mail: str = "n/a"


class ExcludedSite(Model):
    """A line of snps-excluded.txt."""

    id: str
    chromosome: str
    position: int
    ref: str
    alt: str
    reason: str


class ExcludedChunk(Model):
    """A line of chunks-excluded.txt with the reason (`overlap`, `snps`, `call_rate`) that applied first."""

    chunk: str
    reason: str
    snps: int
    reference_overlap: float | None
    samples_low_call_rate: int


class ServerQcCounters(Model):
    """The figures of the report."""

    alt_af_gt_05: int = 0
    reference_overlap_pct: float | None = None
    match: int = 0
    allele_switch: int = 0
    strand_flip: int = 0
    strand_flip_and_switch: int = 0
    ambiguous_at_cg: int = 0
    filter_flag: int = 0
    invalid_alleles: int = 0
    multiallelic: int = 0
    duplicated: int = 0
    non_snp: int = 0
    monomorphic: int = 0
    allele_mismatch: int = 0
    low_call_rate: int = 0
    excluded: int = 0
    remaining: int = 0
    typed_only: int = 0


class ServerQcAnswer(Model):
    """What the server says. `stage` is where it stopped: `index`, `validate`, `qc`, or `ok`.

    `error` is the message without its mark-up, None when accepted or when the index could not be made (then
    `index_error` says why). `chunks` are the names of the chunks that go on to phasing.
    Beside what the server prints: `low_call_samples` names the first people with too many missing calls in a
    chunk that was left out, `unrepairable` counts flips (`strand_flips`) and switches (`allele_switches`)
    that turning would not mend, `vcf_versions` are `4.2` …, `most_per_10_mb` is the densest stretch,
    `people_found` are those of the last file that was looked at.
    """

    accepted: bool
    stage: str
    error: str | None = None
    index_error: str = ""
    samples: int | None = None
    chromosomes: tuple[str, ...] | None = None
    snps: int | None = None
    chunks_total: int | None = None
    phased: bool | None = None
    counters: ServerQcCounters | None = None
    chunks_remaining: int | None = None
    chunks: tuple[str, ...] = ()
    chunks_excluded: tuple[ExcludedChunk, ...] = ()
    lift_over_failed: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    excluded_sites: tuple[ExcludedSite, ...] = ()
    typed_only_sites: tuple[ExcludedSite, ...] = ()
    x_ploidy: tuple[tuple[str, str], ...] = ()
    low_call_samples: dict[str, tuple[str, ...]] = {}
    unrepairable: dict[str, int] = {}
    vcf_versions: tuple[str, ...] = ()
    most_per_10_mb: int = 0
    people_found: int = 0
