"""The third step: every site through the rules, every chunk through its own (7.3–7.7)."""

from __future__ import annotations

from collections.abc import Iterable

from app.genotypes.server.java import hash_order
from app.genotypes.server.panel_sites import PanelSource
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.server.stops import ServerStop
from app.genotypes.site_table import SiteTable
from tests.helpers.server_oracle.chromosome_x import REGIONS, XFindings, look_at_ploidy, region_of, rewrite
from tests.helpers.server_oracle.chunks import ChunkBooks
from tests.helpers.server_oracle.lift import LiftOver, lift_records
from tests.helpers.server_oracle.records import Record, read_records
from tests.helpers.server_oracle.site_filter import SiteFilter
from tests.helpers.server_oracle.validation import Validated


class Statistics:
    """Reads the files one after the other and keeps the figures of all of them."""

    def __init__(self, parameters: ServerQcParameters, panel: PanelSource) -> None:
        self._parameters = parameters
        self._panel = panel
        self._ranges = parse_ranges(parameters.region)
        lifted = parameters.build != parameters.panel_build and parameters.chain
        self._lift = LiftOver(parameters.chain) if lifted and parameters.chain else None
        self.sites = SiteFilter()
        self.books = ChunkBooks(parameters)
        self.lift_over_failed: list[tuple[str, str]] = []
        self.x_ploidy: list[tuple[str, str]] = []
        self._haploid: set[str] = set()
        self._mixed = False

    def process(self, file: Validated) -> None:
        """Judge all sites of a file; ServerStop when the run breaks."""
        chromosome = "X" if file.chromosome in ("X", "23") else file.chromosome
        panel = self._panel.sites(chromosome)
        if panel is None:
            name = self._panel.name(chromosome)
            raise ServerStop(
                "Task 'Calculating QC Statistics This reference panel doesn't support chromosome "
                f"{chromosome}. File {name} not found."
            )
        later = chromosome == "X" or self._lift is not None
        records: Iterable[Record] = read_records(
            file.path, file.samples, later, keep_short=chromosome == "X" and self._lift is None
        )
        if self._lift is not None:
            records, failed = lift_records(list(records), self._lift)
            self.lift_over_failed += failed
        if chromosome == "X":
            self._process_x(records, file, panel)
        else:
            first = hash_order(file.raw)[0]
            found = panel if self._lift is not None or self._same_naming(first, chromosome) else None
            self._process_region(chromosome, records, file.samples, found)

    def _same_naming(self, raw: str, chromosome: str) -> bool:
        """Whether the list of the panel has the chromosome by the name that the file uses (the first one)."""
        return raw == (f"chr{chromosome}" if self._parameters.panel_build == "hg38" else chromosome)

    def _process_x(self, records: Iterable[Record], file: Validated, panel: SiteTable) -> None:
        if file.version == "VCFv4.3":
            raise ServerStop("Task 'Calculating QC Statistics Writing VCF version VCF4_3 is not implemented")
        build = self._parameters.panel_build
        regions: dict[str, list[Record]] = {name: [] for name in REGIONS}
        findings = XFindings(haploid=self._haploid)
        for record in rewrite(records, self.sites, file.sample_names, build, file.path.name):
            region = region_of(record.position, build)
            regions[region].append(record)
            if region == REGIONS[1]:
                look_at_ploidy(record, file.sample_names, findings)
        for label, members in regions.items():
            self._process_region(label, members, file.samples, panel)
        self._note_x(findings)

    def _note_x(self, findings: XFindings) -> None:
        self.x_ploidy += findings.ambiguous
        self._mixed |= findings.most_half_calls() > self._parameters.mixed_genotypes

    def _process_region(
        self, label: str, records: Iterable[Record], samples: int, panel: SiteTable | None
    ) -> None:
        self.books.begin(label, samples)
        for record in records:
            if record.fault is not None:
                raise record.fault
            self._take(record, panel)
        self.books.finish()

    def _take(self, record: Record, panel: SiteTable | None) -> None:
        self.books.open_for(record.position)
        inside = self._in_range(record.chromosome, record.position)
        self.books.take(record, self.sites.judge(record, panel) if inside else None)

    def _in_range(self, chromosome: str, position: int) -> bool:
        if not self._ranges:
            return True
        return any(name == chromosome and low <= position <= high for name, low, high in self._ranges)

    def warnings(self) -> list[str]:
        """The warnings of the report, in its order."""
        rules, lines = self._parameters, []
        if rules.build != rules.panel_build:
            lines.append(f"Uploaded data is {rules.build} and reference is {rules.panel_build}.")
        samples = {name.lower(): count for name, count in rules.populations.items()}
        if samples.get(rules.population.lower(), -1) <= 0:
            lines.append("Skip allele frequency check.")
        return lines + self.books.warnings()

    def abort_reason(self) -> str | None:
        """The first abort rule that applies (7.6); limits are strict."""
        rules, counts = self._parameters, self.sites.counts
        both = counts["strand_flip_and_switch"]
        if self.books.all_left_out:
            return "No chunks passed the QC step. Imputation cannot be started!"
        if counts["strand_flip"] + both > rules.strand_flips:
            return (
                f"More than {rules.strand_flips} obvious strand flips have been detected. "
                "Please check strand. Imputation cannot be started!"
            )
        if rules.allele_switches is not None and counts["allele_switch"] + both > rules.allele_switches:
            return (
                f"More than {rules.allele_switches} allele switches have been detected. "
                "Imputation cannot be started!"
            )
        if self._mixed:
            return "Chromosome X nonPAR region includes > 10 % mixed genotypes. Imputation cannot be started!"
        if self.x_ploidy:
            return (
                "ChrX nonPAR region includes ambiguous samples (haploid and diploid positions). "
                "Imputation cannot be started! See chrX-info.txt"
            )
        return None


def parse_ranges(text: str) -> list[tuple[str, int, int]]:
    """`20:1-500,21:7-9` as (chromosome, first, last) with both ends included."""
    ranges = []
    for part in filter(None, text.split(",")):
        name, _, places = part.strip().partition(":")
        low, _, high = places.partition("-")
        ranges.append((name, int(low), int(high)))
    return ranges
