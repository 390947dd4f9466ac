"""The third step: every site through the rules, every chunk through its own (7.3–7.7)."""

from __future__ import annotations

from app.genotypes.server.chromosome_x import TASK, XFindings
from app.genotypes.server.chunks import ChunkBooks
from app.genotypes.server.file_control import AutosomeControl, FileControl, Shared, parse_ranges
from app.genotypes.server.lift import LiftOver
from app.genotypes.server.lifted_control import LiftedControl
from app.genotypes.server.panel_sites import PanelSource
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.server.site_filter import SiteFilter
from app.genotypes.server.stops import ServerStop
from app.genotypes.server.validation import Validated
from app.genotypes.server.x_control import XControl


class Statistics:
    """Takes the files one after the other and keeps the figures of all of them."""

    def __init__(self, parameters: ServerQcParameters, panel: PanelSource) -> None:
        self._parameters = parameters
        self._panel = panel
        lifted = parameters.build != parameters.panel_build and parameters.chain
        self._lift = LiftOver(parameters.chain) if lifted and parameters.chain else None
        self.sites = SiteFilter()
        self.books = ChunkBooks(parameters)
        self.x = XFindings()
        self.lift_over_failed: list[tuple[str, str]] = []

    def open(self, file: Validated, raw: str) -> FileControl:
        """Begin with a file whose first record is on chromosome `raw`; ServerStop without such a panel."""
        name = raw.replace("chr", "")
        chromosome = "X" if name in ("X", "23") else name
        panel = self._panel.sites(chromosome)
        missing = None
        if panel is None:
            missing = ServerStop(
                f"{TASK}This reference panel doesn't support chromosome {chromosome}. "
                f"File {self._panel.name(chromosome)} not found."
            )
        shared = Shared(
            self._parameters,
            parse_ranges(self._parameters.region),
            file,
            panel,
            self.sites,
            self.books,
            self.x,
        )
        control = (
            XControl(shared, missing) if chromosome == "X" else AutosomeControl(shared, chromosome, missing)
        )
        if self._lift is not None:
            return LiftedControl(shared, control, self._lift, self.lift_over_failed)
        return control

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
        if not self.books.left:
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
        if self.x.too_mixed:
            return "Chromosome X nonPAR region includes > 10 % mixed genotypes. Imputation cannot be started!"
        if self.x.ambiguous:
            return (
                "ChrX nonPAR region includes ambiguous samples (haploid and diploid positions). "
                "Imputation cannot be started! See chrX-info.txt"
            )
        return None
