"""Count how many sites of a dataset are in panels; for a process of its own, which alone imports NumPy.

The sites of the dataset are read a piece of rows at a time and those of a panel are mapped or read by range,
so that memory grows with neither. Where builds differ the positions of the dataset are lifted over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.domain.model import Model
from app.domain.problem import ProblemError
from app.domain.progress import Progress, Report, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.genotypes.cohort import Cohort
    from app.genotypes.liftover import Chain

    Positions = NDArray[np.integer[Any]]

ROWS = 1 << 18
"""Rows of a dataset that are looked up at once."""


class Overlap(Model):
    """How many of the sites of a dataset on the chromosomes of a panel are in the panel.

    `lost` are those without a place in the build of the panel; they are among `sites`. `damaged`: files that
    are kept could not be read.
    """

    found: int = 0
    sites: int = 0
    lost: int = 0
    damaged: bool = False

    @property
    def percent(self) -> float | None:
        """None where the panel has none of the chromosomes."""
        return 100 * self.found / self.sites if self.sites else None


class KnownSites(Model):
    """Where the sites of a panel lie: a folder of a site list or of a local panel, or lists as text.

    `stamp` changes with them.
    """

    build: str
    stamp: str
    site_list: str = ""
    local: str = ""
    texts: tuple[str, ...] = ()


class CountErrand(Model):
    """What to count: `cohorts` is the folder of the packed genotypes that a check left.

    `builds` are those of the files, by path; of other files it is `build`. `chains` lead from one build to
    another (`GRCh37 GRCh38`). `panels` are by `Panel.key`.
    """

    cohorts: str
    build: str
    builds: dict[str, str] = {}
    chains: dict[str, str] = {}
    panels: dict[str, KnownSites]


class Sites(Protocol):
    """The sites of a panel."""

    def has(self, chromosome: str) -> bool:
        """Whether it has the chromosome, by its plain name."""

    def count(self, chromosome: str, positions: Positions) -> int:
        """How many of these positions, in order, are in the panel."""


def count_overlaps(errand: CountErrand, report: Report = silent) -> dict[str, Overlap]:
    """Count for each panel; those that share their sites are counted once."""
    work = _Work(errand)
    same: dict[str, Overlap] = {}
    for number, sites in enumerate(errand.panels.values()):
        report(Progress(done=number, total=len(errand.panels), unit="panels"))
        if sites.stamp not in same:
            same[sites.stamp] = work.counted(sites)
    return {key: same[sites.stamp] for key, sites in errand.panels.items()}


@dataclass
class _Work:
    """Chain files are read once."""

    errand: CountErrand
    chains: dict[str, Chain] = field(default_factory=dict)

    def counted(self, sites: KnownSites) -> Overlap:
        """Damaged where something cannot be read; the next check makes packed genotypes anew."""
        folders = sorted(path.parent for path in Path(self.errand.cohorts).rglob("cohort.json"))
        if not folders:
            return Overlap(damaged=True)
        with contextlib.suppress(OSError, ValueError, ProblemError):
            panel, parts = _open(sites), []
            for folder in folders:
                parts.append(self._of_cohort(folder, panel, sites.build))
            return _sum(parts)
        return Overlap(damaged=True)

    def _of_cohort(self, folder: Path, panel: Sites, build: str) -> Overlap:
        from app.genotypes.cohort import open_cohort

        cohort = open_cohort(folder)
        mine = next((self.errand.builds.get(each) for each in cohort.origin.files), None)
        chain = self._chain(mine or self.errand.build, build)
        return _sum([_of_piece(*piece, panel, chain) for piece in _pieces(cohort) if panel.has(piece[0])])

    def _chain(self, here: str, there: str) -> Chain | None:
        from app.genotypes.liftover import read_chain

        if here == there:
            return None
        key = f"{here} {there}"
        if key not in self.chains:
            self.chains[key] = read_chain(Path(self.errand.chains[key]))
        return self.chains[key]


def _sum(parts: list[Overlap]) -> Overlap:
    return Overlap(
        found=sum(each.found for each in parts),
        sites=sum(each.sites for each in parts),
        lost=sum(each.lost for each in parts),
    )


def _of_piece(chromosome: str, positions: Positions, panel: Sites, chain: Chain | None) -> Overlap:
    """A site that a chain leads to another chromosome is lost: no service takes it."""
    import numpy as np

    there = positions
    if chain is not None:
        from app.genotypes.liftover import LiftStatus, lift

        lifted = lift(chain, chromosome, positions.astype(np.int64))
        there = lifted.position[lifted.status == LiftStatus.LIFTED]
    found = panel.count(chromosome, np.sort(there)) if len(there) else 0
    return Overlap(found=found, sites=len(positions), lost=len(positions) - len(there))


def _pieces(cohort: Cohort) -> Iterator[tuple[str, Positions]]:
    """By plain chromosome, one position a record."""
    import numpy as np

    from app.genotypes.builds import plain_chromosome

    before = -1
    for rows in cohort.slices(ROWS):
        record = np.asarray(cohort.record[rows])
        fresh = np.diff(record, prepend=before) != 0
        before = int(record[-1])
        chromosome, position = np.asarray(cohort.chromosome[rows])[fresh], cohort.position[rows][fresh]
        for number in np.unique(chromosome).tolist():
            name = cohort.names[number]
            yield plain_chromosome(name) or name, np.asarray(position[chromosome == number])


def _open(sites: KnownSites) -> Sites:
    if sites.site_list:
        return _SiteList(Path(sites.site_list))
    return _LocalPanel(Path(sites.local)) if sites.local else _Texts(sites.texts)


def _among(known: Positions, wanted: Positions) -> int:
    """How many of the wanted are known; both are in order.

    What is wanted gets the type of what is known, which may be mapped and larger than memory.
    """
    import numpy as np

    if not len(known):
        return 0
    wanted = wanted[(wanted > 0) & (wanted <= np.iinfo(known.dtype).max)].astype(known.dtype)
    place = np.searchsorted(known, wanted)
    place[place == len(known)] = 0
    return int(np.count_nonzero(known[place] == wanted))


class _SiteList:
    """A site list that the user added; it is mapped."""

    def __init__(self, folder: Path) -> None:
        from app.genotypes.panels.store import open_panel

        self._list = open_panel(folder)

    def has(self, chromosome: str) -> bool:
        return self._list.table(chromosome) is not None

    def count(self, chromosome: str, positions: Positions) -> int:
        table = self._list.table(chromosome)
        return _among(table.position, positions) if table is not None else 0


class _LocalPanel:
    """A panel of this computer; of each of its parts the range that is asked for is read."""

    def __init__(self, folder: Path) -> None:
        from app.operations.local_panel_files import read_parts

        self._folder, self._parts = folder, read_parts(folder)

    def has(self, chromosome: str) -> bool:
        return bool(self._parts.of(chromosome))

    def count(self, chromosome: str, positions: Positions) -> int:
        import numpy as np

        from app.imputation.panel_part import with_packed

        known = []
        for part in self._parts.of(chromosome):
            with with_packed(part, self._folder).open(self._folder) as panel:
                known.append(panel.positions(int(positions[0]), int(positions[-1])))
        return _among(np.sort(np.concatenate(known)), positions) if known else 0


class _Texts:
    """Lists with columns ID, CHROM, POS, as the practice server has them: they are small."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        import numpy as np

        from app.genotypes.bgzf import read_lines
        from app.genotypes.builds import plain_chromosome

        found: dict[str, list[int]] = {}
        for path in paths:
            for line in read_lines(Path(path)):
                cells = line.split(b"\t", 3)
                if len(cells) > 2 and cells[2].isdigit():
                    found.setdefault(cells[1].decode(), []).append(int(cells[2]))
        self._known = {
            plain_chromosome(name) or name: np.sort(np.array(each, np.int64)) for name, each in found.items()
        }

    def has(self, chromosome: str) -> bool:
        return chromosome in self._known

    def count(self, chromosome: str, positions: Positions) -> int:
        return _among(self._known[chromosome], positions)
