"""How many sites of a dataset are in panels, where the sites of a panel are known on this computer.

They are known of panels with a site list, of panels of this computer, and of those of the practice server.
Positions are compared, as servers do for their reference overlap; it takes a process of its own, and what
came out is kept until the files of the dataset or the sites of the panel are others.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.problem import ProblemError
from app.domain.progress import Progress, Report, silent
from app.operations.check_dataset import dataset_of
from app.operations.cohort_folder import cohort_folder
from app.operations.desk import Desk
from app.operations.panel_sites import list_panel_sites
from app.operations.tasks import TaskKind
from app.store import services, settings
from app.store.store import Connection as StoreConnection

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Positions = NDArray[np.integer[Any]]

MOST_KEPT = 5_000
_STATE = "panel_overlaps"


class Overlap(Model):
    """How many of the sites of a dataset on the chromosomes of a panel are in the panel."""

    found: int
    sites: int

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


_KEPT = TypeAdapter(dict[str, Overlap])


async def panel_overlaps(desk: Desk, dataset_id: str) -> dict[str, float]:
    """The percent of the sites of a dataset that are in panels, by `Panel.key`, as far as it was counted."""
    dataset = await dataset_of(desk, dataset_id)
    kept = await desk.store.read(_kept)
    told = {key: kept.get(mark) for key, mark in (await _marks(desk, dataset)).items()}
    return {key: each.percent for key, each in told.items() if each is not None and each.percent is not None}


async def compare_with_panels(desk: Desk, dataset_id: str) -> Changes:
    """Count what was not counted yet, for all panels whose sites are known; cancelling ends the process.

    Nothing is done for a dataset that was not checked. ProblemError when sites cannot be read.
    """
    dataset = await dataset_of(desk, dataset_id)
    kept = await desk.store.read(_kept)
    marks = {key: mark for key, mark in (await _marks(desk, dataset)).items() if mark not in kept}
    if not marks:
        return Changes()
    from app.genotypes.worker import run_in_process

    known = {key: each for key, each in (await _known(desk)).items() if key in marks}
    title = f"Comparing the sites of {dataset.name} with those of panels"
    with desk.tasks.running_task(TaskKind.SITES, title, dataset_id=dataset.id) as task:
        folder = str(cohort_folder(desk, dataset.id))
        found: dict[str, Overlap] = await run_in_process(count_overlaps, folder, known, report=task.report)
    new = {marks[key]: each for key, each in found.items()}
    await desk.store.write(lambda c: _keep(c, new))
    return desk.announce(Changes.of(Noun.PANEL, *found))


async def _marks(desk: Desk, dataset: Dataset) -> dict[str, str]:
    """For each panel that can be compared, by its key, what stands for its sites and those of the dataset."""
    report = dataset.report
    build = dataset.stated_build or (report.build.value if report is not None else None)
    if report is None or build is None:
        return {}
    files = [(each.path, each.size, each.modified) for each in dataset.files]
    mine = f"{dataset.id} {files}"
    return {
        key: hashlib.sha256(f"{mine} {each.stamp}".encode()).hexdigest()[:32]
        for key, each in (await _known(desk)).items()
        if each.build == build
    }


async def _known(desk: Desk) -> dict[str, KnownSites]:
    """The panels whose sites are on this computer, by their keys."""
    panels = await desk.store.read(services.panels)
    known = {each.id: each for each in await desk.store.read(services.services)}
    here = {key for key, each in known.items() if each.is_here}
    practice = {key for key, each in known.items() if each.practice}
    found = dict(await asyncio.to_thread(lambda: list(_local(desk, panels, here))))
    found |= dict(await asyncio.to_thread(lambda: list(_practice(desk, panels, practice))))
    for each in reversed(await list_panel_sites(desk)):
        stamp = f"{each.id} {each.sites} {each.added.isoformat()}"
        sites = KnownSites(build=each.build, stamp=stamp, site_list=each.folder)
        found |= dict.fromkeys(each.panel_keys if not each.problem else (), sites)
    return found


def _local(desk: Desk, panels: tuple[Panel, ...], here: set[str]) -> Iterator[tuple[str, KnownSites]]:
    from app.services.local.layout import panels_folder, read_panels

    mine = [each for each in panels if each.service_id in here]
    if not mine:
        return
    kept = {each.id: each for each in read_panels(desk.home / "local")}
    for panel in mine:
        if (local := kept.get(panel.id)) is not None:
            folder = panels_folder(desk.home / "local") / local.id
            stamp = f"{local.id} {local.variants} {local.added.isoformat()}"
            yield panel.key, KnownSites(build=local.build, stamp=stamp, local=str(folder))


def _practice(desk: Desk, panels: tuple[Panel, ...], ids: set[str]) -> Iterator[tuple[str, KnownSites]]:
    for panel in panels:
        if desk.practice is None or panel.service_id not in ids or panel.build is None:
            continue
        lists = [each for each in desk.practice.panel_sites(panel.id) if each.is_file()]
        stats = [each.stat() for each in lists]
        stamp = str([(path.name, s.st_size, s.st_mtime_ns) for path, s in zip(lists, stats, strict=True)])
        if lists:
            texts = tuple(map(str, lists))
            yield panel.key, KnownSites(build=panel.build, stamp=f"{panel.key} {stamp}", texts=texts)


def _kept(c: StoreConnection) -> dict[str, Overlap]:
    text = settings.state(c, _STATE)
    return _KEPT.validate_json(text) if text else {}


def _keep(c: StoreConnection, new: Mapping[str, Overlap]) -> None:
    """The newest stand last; the oldest go."""
    old = _kept(c)
    all_of_it = {**{mark: each for mark, each in old.items() if mark not in new}, **new}
    last = dict(list(all_of_it.items())[-MOST_KEPT:])
    settings.set_state(c, _STATE, _KEPT.dump_json(last).decode())


# In the process, which alone imports NumPy.


def count_overlaps(
    cohorts: str, known: Mapping[str, KnownSites], report: Report = silent
) -> dict[str, Overlap]:
    """Count for each panel; `cohorts` is the folder of the packed genotypes that a check left.

    Panels that share their sites are counted once.
    """
    try:
        mine = _positions_of_cohorts(Path(cohorts))
    except (OSError, ValueError):  # the next check makes them anew
        return {}
    found: dict[str, Overlap] = {}
    same: dict[str, Overlap] = {}
    for number, (key, sites) in enumerate(known.items()):
        report(Progress(done=number, total=len(known), unit="panels"))
        if mine and sites.stamp not in same:
            with contextlib.suppress(ProblemError):  # a list that cannot be used says so itself
                same[sites.stamp] = _count(mine, sites)
        if sites.stamp in same:
            found[key] = same[sites.stamp]
    return found


def _count(mine: Mapping[str, Positions], sites: KnownSites) -> Overlap:
    import numpy as np

    found = total = 0
    for chromosome, positions in _positions_of(sites, frozenset(mine)):
        wanted = mine[chromosome]
        total += len(wanted)
        if len(positions):
            place = np.searchsorted(positions, wanted)
            place[place == len(positions)] = 0
            found += int(np.count_nonzero(np.asarray(positions[place]) == wanted))
    return Overlap(found=found, sites=total)


def _positions_of_cohorts(folder: Path) -> dict[str, Positions]:
    """By plain chromosome, one entry a record, in order."""
    import numpy as np

    from app.genotypes.builds import plain_chromosome
    from app.genotypes.cohort import open_cohort

    found: dict[str, list[Positions]] = {}
    for path in sorted(folder.rglob("cohort.json")):
        cohort = open_cohort(path.parent)
        fresh = np.diff(np.asarray(cohort.record), prepend=-1) != 0
        for number, name in enumerate(cohort.names):
            rows = fresh & (np.asarray(cohort.chromosome) == number)
            found.setdefault(plain_chromosome(name) or name, []).append(np.asarray(cohort.position[rows]))
    return {name: np.sort(np.concatenate(each)) for name, each in found.items()}


def _positions_of(sites: KnownSites, wanted: frozenset[str]) -> Iterator[tuple[str, Positions]]:
    """The positions of a panel on each wanted chromosome that it has, in order."""
    if sites.site_list:
        yield from _of_list(Path(sites.site_list), wanted)
    elif sites.local:
        yield from _of_local(Path(sites.local), wanted)
    else:
        yield from _of_texts(sites.texts, wanted)


def _of_list(folder: Path, wanted: frozenset[str]) -> Iterator[tuple[str, Positions]]:
    from app.genotypes.panels.store import open_panel

    found = open_panel(folder)
    for name in wanted:
        if (table := found.table(name)) is not None:
            yield name, table.position


def _of_local(folder: Path, wanted: frozenset[str]) -> Iterator[tuple[str, Positions]]:
    """Parts of X lie one behind the other."""
    import numpy as np

    from app.imputation.panel_part import with_packed
    from app.operations.local_panel_files import read_parts

    kept = read_parts(folder)
    for name in wanted:
        pieces = []
        for part in kept.of(name):
            with with_packed(part, folder).open(folder) as panel:
                pieces.append(panel.positions())
        if pieces:
            yield name, np.sort(np.concatenate(pieces))


def _of_texts(paths: tuple[str, ...], wanted: frozenset[str]) -> Iterator[tuple[str, Positions]]:
    """Lists with columns ID, CHROM, POS."""
    import numpy as np

    from app.genotypes.bgzf import read_lines
    from app.genotypes.builds import plain_chromosome

    found: dict[str, list[int]] = {}
    for path in paths:
        for line in read_lines(Path(path)):
            cells = line.split(b"\t", 3)
            if len(cells) > 2 and cells[2].isdigit():
                found.setdefault(cells[1].decode(), []).append(int(cells[2]))
    for written, positions in found.items():
        if (name := plain_chromosome(written) or written) in wanted:
            yield name, np.sort(np.array(positions, np.int64))
