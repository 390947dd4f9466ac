"""One call from files to verdict, for a prediction, for the proof of a repair, and for the command line.

It reads genotypes: call it in a process of its own (`worker.run_in_process`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from app.domain.progress import Report, silent
from app.domain.verdict import Verdict
from app.genotypes.excluded_list import LearnedPanel
from app.genotypes.rules import RulePack
from app.genotypes.server.panel_sites import AnySites, PanelSource, PanelTables
from app.genotypes.server.parameters import ServerQcAnswer
from app.genotypes.server_qc import run_server_qc
from app.genotypes.site_table import SiteTable
from app.genotypes.verdict import Judged, verdict_of


@runtime_checkable
class HasTables(Protocol):
    """A kept site list (`panels.store.PanelList`)."""

    def table(self, chromosome: str) -> SiteTable | None:
        """The sites of a chromosome by its plain name."""
        ...


PanelSites = Mapping[str, SiteTable] | PanelSource | HasTables


def judge_files(
    files: Sequence[str | Path],
    rules: RulePack,
    panel: PanelSites | None = None,
    chain: Path | None = None,
    report: Report = silent,
    *,
    certain_build: bool = True,
) -> tuple[ServerQcAnswer, Verdict]:
    """What the service of `rules` would say of these files, in figures and in words.

    `panel` gives the sites of the panel by plain chromosome (`20`, `X`): a mapping, a `PanelList` or any
    `PanelSource`; None: there is no site list, and what needs one is named in `not_judged`. `chain` lifts
    from the build of the upload to that of the panel as the server does. `certain_build`: whether that of the
    files is known well enough for a repair of alleles, which the words of the verdict promise else. Bad files
    are an answer, never an exception.
    """
    parameters = rules.parameters
    lifts = parameters.build != parameters.panel_build
    if chain is not None and lifts:
        parameters = parameters.model_copy(update={"chain": str(chain)})
    lifted = lifts and parameters.chain is not None
    missing = _not_judged(rules, panel, lifts, lifted)
    usable = panel is not None and (lifted or not lifts)
    answer = run_server_qc(sorted(map(Path, files)), parameters, _source(panel if usable else None), report)
    return answer, verdict_of(answer, rules, Judged(usable, lifted, certain_build, missing))


def _source(panel: PanelSites | None) -> PanelSource:
    if panel is None:
        return AnySites()
    if isinstance(panel, Mapping):
        return PanelTables(panel.get)
    return PanelTables(panel.table) if isinstance(panel, HasTables) else panel


def _not_judged(rules: RulePack, panel: PanelSites | None, lifts: bool, lifted: bool) -> tuple[str, ...]:
    lines = []
    if not rules.known:
        lines.append(f"The checks of {rules.service} are not published; only its limits were compared.")
        return tuple(lines)
    name = rules.panel or "the panel"
    if lifts and not lifted:
        build, wanted = rules.parameters.build, rules.parameters.panel_build
        lines.append(
            f"Alleles, strand and overlap with {name}: the files are {build}, the panel is {wanted}, and "
            "there is no chain file here."
        )
    elif panel is None:
        lines.append(f"Alleles, strand and overlap: no site list of {name} is on this computer.")
    elif isinstance(panel, LearnedPanel):
        lines.append(
            f"Alleles, strand and overlap: only {panel.count:,} sites of {name} are known, from lists of "
            "earlier jobs."
        )
    if not rules.panel_build_known:
        lines.append("Whether the build of the files is that of the panel: the panel does not say its build.")
    return tuple(lines)
