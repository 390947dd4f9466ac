"""Repairs of genotype files: what is planned, what was done, and where every site and sample went."""

from __future__ import annotations

from enum import StrEnum

from app.domain.model import Model
from app.domain.path_text import PathText, ShownText


class RepairCode(StrEnum):
    """The repairs; a finding names the one that mends it in `fix`."""

    RECOMPRESS = "recompress"  # write BGZF with an index
    SORT = "sort"
    SPLIT_CHROMOSOMES = "split_chromosomes"
    RENAME_CHROMOSOMES = "rename_chromosomes"
    RENAME_SAMPLES = "rename_samples"
    STRIP_FIELDS = "strip_fields"  # GT only, no INFO, ID kept, FILTER cleared
    CLEAR_FILTER = "clear_filter"
    UPPER_CASE = "upper_case"
    SPLIT_ALLELES = "split_alleles"
    NORMALISE = "normalise"
    DROP_INVALID_ALLELES = "drop_invalid_alleles"
    DROP_INDELS = "drop_indels"
    DROP_DUPLICATES = "drop_duplicates"
    MERGE_DUPLICATES = "merge_duplicates"
    DROP_MONOMORPHIC = "drop_monomorphic"
    RESTORE_REFERENCE = "restore_reference"  # missing or provisional REF from the site list
    FLIP = "flip"
    SWITCH = "switch"
    FLIP_SWITCH = "flip_switch"
    PALINDROMIC_FREQUENCY = "palindromic_frequency"
    PALINDROMIC_LD = "palindromic_ld"
    DROP_PALINDROMIC = "drop_palindromic"
    DROP_MISMATCH = "drop_mismatch"
    DROP_FREQUENCY = "drop_frequency"
    DROP_BAD_POSITION = "drop_bad_position"
    UPDATE_POSITION = "update_position"
    DROP_SITES_CALL_RATE = "drop_sites_call_rate"
    DROP_SITES_HWE = "drop_sites_hwe"
    DROP_TYPED_ONLY = "drop_typed_only"
    DROP_CHROMOSOMES = "drop_chromosomes"
    DROP_SAMPLES_CALL_RATE = "drop_samples_call_rate"
    DROP_SAMPLES_CHUNK = "drop_samples_chunk"  # people who would cost a chunk
    DROP_SAMPLES_DUPLICATE = "drop_samples_duplicate"
    DROP_SAMPLES_HET = "drop_samples_het"
    DROP_SAMPLES = "drop_samples"  # named by the person
    THIN = "thin"
    MALE_HETS = "male_hets"
    CONSTANT_PLOIDY = "constant_ploidy"
    HALF_CALLS = "half_calls"
    X_REGIONS = "x_regions"
    LIFTOVER = "liftover"
    BATCHES = "batches"
    DROP_LINKAGE = "drop_linkage"  # sites not correlated with their neighbours as in the panel
    DROP_UNKNOWN_REFERENCE = "drop_unknown_reference"  # not in the panel, and REF may be the other allele
    EXCHANGE_LETTERS = "exchange_letters"  # REF and ALT without the genotypes, which count the other one
    DROP_UNKNOWN_ALLELE = "drop_unknown_allele"  # everybody is alike and no panel tells the other allele
    DROP_SITES = "drop_sites"  # named by the person, such as suspects of a result


class NamedSites(Model):
    """Positions by plain chromosome name (`22`, `X`), in a build; empty: in that of the files."""

    positions: dict[str, tuple[int, ...]]
    build: str = ""


class RepairStep(Model):
    """One repair of a plan, in the order in which it is made.

    `sites` and `samples` are how many it touches, `lost` how many of them it removes. `examples` are the
    first few places. `optional` steps are the person's choice; `chosen` is what is ticked.
    """

    code: RepairCode
    title: str
    why: str = ""
    sites: int = 0
    samples: int = 0
    lost_sites: int = 0
    lost_samples: int = 0
    examples: tuple[str, ...] = ()
    optional: bool = True
    chosen: bool = True
    caution: str = ""


class Unresolved(Model):
    """What no repair mends, by reason."""

    code: str
    title: str
    sites: int = 0
    samples: int = 0
    examples: tuple[str, ...] = ()


class LedgerLine(Model):
    """What one step did: `removed` sites and samples left the data, `changed` ones stayed.

    `added` are rows that came in by splitting records with several alleles; `missing_calls` are genotypes of
    them, of sites that stayed, that are set missing as they have an allele which the row cannot state.
    """

    code: str
    title: str
    changed_sites: int = 0
    removed_sites: int = 0
    added_sites: int = 0
    changed_samples: int = 0
    removed_samples: int = 0
    missing_calls: int = 0


class Ledger(Model):
    """Sites and samples in → out; `sites_in + added − removed == sites_out`, exactly, and so for samples."""

    sites_in: int
    samples_in: int
    lines: tuple[LedgerLine, ...] = ()
    sites_out: int
    samples_out: int

    @property
    def adds_up(self) -> bool:
        """Whether the lines account for every site and every sample."""
        sites = self.sites_in + sum(each.added_sites - each.removed_sites for each in self.lines)
        samples = self.samples_in - sum(each.removed_samples for each in self.lines)
        return sites == self.sites_out and samples == self.samples_out


class RepairPlan(Model):
    """What would be done to make a dataset ready for a service; nothing is written by making it.

    `refused` says why nothing may be done (the build is not certain, chromosomes would change …). `cautions`
    are of the whole data, to be read before anything else. `wanted_chains` are directions of lift-over
    (`GRCh37`, `GRCh38`) for which no chain file is at hand.
    Files of several groups of people have a plan for each in `groups`, which `group` names; the figures of
    the plan itself are then those of all groups together. `build` is that of the files, empty where unknown.
    `reference` is the FASTA file that the plan goes by, if any, and `reference_build` the build that one has
    to be of.
    """

    group: ShownText = ""
    groups: tuple[RepairPlan, ...] = ()
    build: str = ""
    sites_left: int = 0
    samples_left: int = 0
    wanted_chains: tuple[tuple[str, str], ...] = ()
    reference: PathText = ""
    reference_build: str = ""

    target: str = ""
    steps: tuple[RepairStep, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    before: str = ""
    after: str = ""
    refused: str = ""
    cautions: tuple[str, ...] = ()


class RepairedFile(Model):
    """A file that a repair wrote; `batch` counts from 1 where a cohort was split."""

    path: PathText
    chromosome: str
    samples: int
    sites: int
    size: int
    batch: int = 1


class RepairOutcome(Model):
    """What a repair wrote and why it can be trusted.

    `site_log` and `sample_map` are files beside the output: a reason a site, and new names to old ones.
    `ready` is what the twin of the server says of the files written, None when there is no target. `refused`
    says why alleles and positions were left alone, as in the plan.
    Files of several groups of people have an outcome for each in `groups`, which `group` names; the outcome
    itself has the files and the sums of all, and no logs of its own. `left_out` names those of which nothing
    could be made, each with the reason, in the outcome of every other one.
    """

    group: ShownText = ""
    left_out: tuple[ShownText, ...] = ()
    groups: tuple[RepairOutcome, ...] = ()

    applied: tuple[RepairStep, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    files: tuple[RepairedFile, ...] = ()
    ledger: Ledger
    site_log: PathText = ""
    sample_map: PathText = ""
    ready: bool | None = None
    verdict: str = ""
    refused: str = ""
