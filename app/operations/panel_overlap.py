"""How many sites of a dataset are in panels, where the sites of a panel are known on this computer.

They are known of panels with a site list, of panels of this computer, and of those of the practice server.
Positions are compared, as servers do for their reference overlap; it takes a process of its own, and what
came out is kept until the files of the dataset or the sites of the panel are others. Where panel and files
are of different builds, the positions of the files are lifted over by the chain files of this computer.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from app.domain.chain import ChainFile
from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.panel_overlap import OverlapGap, PanelOverlap
from app.operations.chains import list_chains
from app.operations.check_dataset import dataset_of
from app.operations.cohort_folder import cohort_folder
from app.operations.desk import Desk
from app.operations.panel_counting import CountErrand, KnownSites, Overlap, count_overlaps
from app.operations.panel_sites import list_panel_sites
from app.operations.tasks import TaskKind
from app.store import services, settings
from app.store.store import Connection as StoreConnection

MOST_KEPT = 5_000
_STATE = "panel_overlaps"


@dataclass(frozen=True)
class _Compared:
    """A panel whose sites are known; `lifted` are builds of the files of a dataset that are not the panel's.

    `mark` stands for the sites of both and the way between them; empty where there is a `gap`.
    """

    sites: KnownSites
    lifted: tuple[str, ...] = ()
    chains: tuple[ChainFile, ...] = ()
    mark: str = ""
    gap: OverlapGap | None = None

    def told(self, kept: Mapping[str, Overlap]) -> PanelOverlap:
        """What is known of it."""
        known = kept.get(self.mark)
        gap = self.gap
        if gap is None and known is None:
            gap = OverlapGap.NOT_COUNTED
        elif gap is None and known is not None and known.percent is None:
            gap = OverlapGap.UNREADABLE if known.damaged else OverlapGap.OTHER_CHROMOSOMES
        figures = known or Overlap()
        return PanelOverlap(
            percent=figures.percent if gap is None else None,
            found=figures.found,
            sites=figures.sites,
            lost=figures.lost,
            build=self.sites.build,
            lifted=self.lifted,
            gap=gap,
        )


_KEPT = TypeAdapter(dict[str, Overlap])


async def panel_overlaps(desk: Desk, dataset_id: str) -> dict[str, PanelOverlap]:
    """How many sites of a dataset are in panels, by `Panel.key`, or why that is not known yet.

    Panels whose sites are not on this computer are left out.
    """
    dataset = await dataset_of(desk, dataset_id)
    kept = await desk.store.read(_kept)
    return {key: each.told(kept) for key, each in (await _compared(desk, dataset)).items()}


async def compare_with_panels(desk: Desk, dataset_id: str) -> Changes:
    """Count what was not counted yet, for all panels whose sites are known; cancelling ends the process.

    Nothing is done for a dataset that was not checked, nor for panels without a chain file to their build.
    """
    dataset = await dataset_of(desk, dataset_id)
    kept = await desk.store.read(_kept)
    panels = await _compared(desk, dataset)
    wanted = {key: each for key, each in panels.items() if each.mark and each.mark not in kept}
    if not wanted:
        return Changes()
    from app.genotypes.worker import run_in_process

    ways = [chain for each in wanted.values() for chain in each.chains]
    builds = _builds(dataset)
    errand = CountErrand(
        cohorts=str(cohort_folder(desk, dataset.id)),
        build=builds.pop("", ""),
        builds=builds,
        chains={f"{each.from_build} {each.to_build}": each.path for each in ways},
        panels={key: each.sites for key, each in wanted.items()},
    )
    title = f"Comparing the sites of {dataset.name} with those of panels"
    with desk.tasks.running_task(TaskKind.SITES, title, dataset_id=dataset.id) as task:
        found: dict[str, Overlap] = await run_in_process(count_overlaps, errand, report=task.report)
    new = {wanted[key].mark: each for key, each in found.items()}
    await desk.store.write(lambda c: _keep(c, new))
    return desk.announce(Changes.of(Noun.PANEL, *found))


def _builds(dataset: Dataset) -> dict[str, str]:
    """The build of the files, by the empty name; of groups of several builds, by the paths of their files.

    Empty where one of them is not known: nothing can be said of the files as a whole then.
    """
    report = dataset.report
    if dataset.stated_build or report is None:
        return {"": dataset.stated_build} if dataset.stated_build else {}
    if report.build.value is not None or not report.groups:
        return {"": report.build.value} if report.build.value is not None else {}
    told = {report.files[n].path: g.build.value for g in report.groups for n in g.files}
    found = {path: build for path, build in told.items() if build is not None}
    return found if len(found) == len(told) else {}


async def _compared(desk: Desk, dataset: Dataset) -> dict[str, _Compared]:
    """Every panel whose sites are known, by its key."""
    known, builds = await _known(desk), _builds(dataset)
    if dataset.report is None or not builds:
        gap = OverlapGap.NOT_CHECKED if dataset.report is None else OverlapGap.NO_BUILD
        return {key: _Compared(each, gap=gap) for key, each in known.items()}
    chains = {(each.from_build, each.to_build): each for each in await list_chains(desk)}
    files = [(each.path, each.size, each.modified) for each in dataset.files]
    mine = f"{dataset.id} {dataset.checked} {files} {sorted(builds.items())}"
    return {key: _with_way(each, mine, sorted({*builds.values()}), chains) for key, each in known.items()}


def _with_way(
    sites: KnownSites, mine: str, builds: list[str], chains: Mapping[tuple[str, str], ChainFile]
) -> _Compared:
    lifted = tuple(each for each in builds if each != sites.build)
    missing = tuple(each for each in lifted if (each, sites.build) not in chains)
    if missing:
        return _Compared(sites, missing, gap=OverlapGap.NO_CHAIN)
    ways = tuple(chains[each, sites.build] for each in lifted)
    told = [(each.text_sha256, each.added.isoformat()) for each in ways]
    mark = hashlib.sha256(f"{mine} {sites.stamp} {told}".encode()).hexdigest()[:32]
    return _Compared(sites, lifted, ways, mark)


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
    """What another version of the program kept is counted anew."""
    with contextlib.suppress(ValidationError):
        return _KEPT.validate_json(settings.state(c, _STATE) or "{}")
    return {}


def _keep(c: StoreConnection, new: Mapping[str, Overlap]) -> None:
    """The newest stand last; the oldest go."""
    old = _kept(c)
    all_of_it = {**{mark: each for mark, each in old.items() if mark not in new}, **new}
    last = dict(list(all_of_it.items())[-MOST_KEPT:])
    settings.set_state(c, _STATE, _KEPT.dump_json(last).decode())
