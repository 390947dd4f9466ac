"""Predict what a service would say of a dataset, and learn from the lists of real jobs.

Nothing is sent. Site lists and chain files that are on this computer are used; what cannot be judged without
them is named in the verdict.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.changes import Changes, Noun
from app.domain.comparison import Comparison
from app.domain.dataset import Dataset
from app.domain.finding import BuildGuess, CheckReport
from app.domain.job import Event
from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.problem import Kind, problem
from app.domain.progress import Report, silent
from app.domain.service import Service
from app.domain.verdict import Verdict
from app.operations.check_dataset import dataset_of
from app.operations.desk import Desk
from app.operations.exclusive import exclusive_file
from app.operations.private_folder import private_folder
from app.operations.tasks import TaskKind
from app.store import datasets, services
from app.store.store import Connection as StoreConnection

if TYPE_CHECKING:
    from app.genotypes.excluded_list import LearnedRow
    from app.genotypes.server.parameters import ServerQcAnswer

LEARNED = "learned-sites"
_TRIES, _BETWEEN_S = 300, 0.1


class PredictionErrand(Model):
    """Everything that a process needs to judge files; paths are absolute.

    `groups` are the errands of groups of people, by name: they are judged instead, each by itself.
    """

    files: tuple[str, ...]
    rules: dict[str, object]
    sites: str | None = None
    learned: str | None = None
    chain: str | None = None
    certain_build: bool = True
    groups: dict[str, PredictionErrand] = {}


async def predict(
    desk: Desk,
    dataset_id: str,
    service_id: str,
    panel_id: str | None = None,
    population: str = "",
    build: str | None = None,
) -> Changes:
    """What a service would say of a dataset; the verdict is kept in it, one a service and panel.

    `build` None: what the last check found, else the panel's. Bad files are a verdict; an unknown id is a
    ProblemError.
    """
    dataset = await dataset_of(desk, dataset_id)
    verdict = await _verdict(desk, dataset, service_id, panel_id, population, build)
    await _keep(desk, dataset_id, verdict)
    text = f"Predicted for {verdict.service}: {verdict.headline}"
    await desk.note(Event(at=desk.clock.now(), kind="check", text=text, dataset_id=dataset_id))
    return Changes.of(Noun.DATASET, dataset_id)


async def learn_from_excluded(
    desk: Desk, dataset_id: str, path: Path, service_id: str, panel_id: str | None
) -> Comparison:
    """Compare the prediction with a list of a real job, and learn the panel's alleles from it.

    What is learned serves later predictions and repairs for the panel, also over its site list; the
    prediction of the dataset is made anew with it. ProblemError when the file is no such list.
    """
    from app.genotypes.worker import run_in_process

    dataset = await dataset_of(desk, dataset_id)
    last = next((v for v in dataset.verdicts if (v.service_id, v.panel_id) == (service_id, panel_id)), None)
    population = last.population if last is not None else ""
    errand = await _errand(desk, dataset, service_id, panel_id, population, None)
    with desk.tasks.running_task(
        TaskKind.CHECK, f"Comparing {path.name} with {dataset.name}", dataset_id=dataset_id
    ) as task:
        found: Comparison = await run_in_process(_compare, errand, str(path), report=task.report)
    if found.verdict is not None:
        await _keep(desk, dataset_id, found.verdict)
    await desk.note(Event(at=desk.clock.now(), kind="check", text=found.headline, dataset_id=dataset_id))
    return found


async def _verdict(
    desk: Desk,
    dataset: Dataset,
    service_id: str,
    panel_id: str | None,
    population: str,
    build: str | None,
) -> Verdict:
    from app.genotypes.rules import RulePack
    from app.genotypes.verdict import verdict_by_limits
    from app.genotypes.worker import run_in_process

    errand = await _errand(desk, dataset, service_id, panel_id, population, build)
    rules = RulePack.model_validate(errand.rules)
    if not rules.known:
        return verdict_by_limits(rules, dataset.report)
    title = f"Predicting what {rules.service} says of {dataset.name}"
    with desk.tasks.running_task(TaskKind.CHECK, title, dataset_id=dataset.id) as task:
        return await run_in_process(judge_errand, errand, report=task.report)


async def _errand(
    desk: Desk,
    dataset: Dataset,
    service_id: str,
    panel_id: str | None,
    population: str,
    build: str | None,
) -> PredictionErrand:
    service = await desk.service(service_id)
    panel = await _panel(desk, service_id, panel_id)
    files = tuple(each.path for each in dataset.files)
    return await errand_for(desk, files, service, panel, population, build, dataset.report)


async def errand_for(
    desk: Desk,
    files: tuple[str, ...],
    service: Service,
    panel: Panel | None,
    population: str,
    stated: str | None,
    report: CheckReport | None,
) -> PredictionErrand:
    """`errand_of` with what a check found: the build, and groups of people, each a job of its own."""
    if report is None:
        return await errand_of(desk, files, service, panel, population, stated)
    build = stated or report.build.value
    errand = await errand_of(desk, files, service, panel, population, build)
    groups = {}
    for group in report.groups:
        mine = tuple(report.files[number].path for number in group.files)
        found = await errand_of(desk, mine, service, panel, population, stated or group.build.value)
        groups[group.name] = found.model_copy(update={"certain_build": bool(stated) or _sure(group.build)})
    known = {"certain_build": bool(stated) or _sure(report.build), "groups": groups}
    return errand.model_copy(update=known)


def _sure(build: BuildGuess) -> bool:
    from app.genotypes.builds import SURE

    return build.value is not None and build.confidence >= SURE


async def errand_of(
    desk: Desk,
    files: tuple[str, ...],
    service: Service,
    panel: Panel | None,
    population: str,
    build: str | None,
) -> PredictionErrand:
    """All that lies on this computer for judging files by a service: rules, site list, chain file."""
    from app.genotypes.builds import build_name
    from app.genotypes.rules import rules_for
    from app.operations.chains import chain_for
    from app.operations.panel_sites import sites_for

    upload = build_name(build)
    rules = rules_for(service, panel, population=population, build=upload)
    sites = await sites_for(desk, panel.key) if panel is not None else None
    chain = None
    if panel is not None and panel.build and upload and upload != panel.build:
        chain = await chain_for(desk, upload, panel.build)
    return PredictionErrand(
        files=files,
        rules=rules.model_dump(),
        sites=str(sites) if sites is not None else None,
        learned=str(learned_file(desk, panel)) if panel is not None else None,
        chain=str(chain) if chain is not None else None,
    )


def learned_file(desk: Desk, panel: Panel) -> Path:
    """Where the alleles learned of a panel are kept."""
    name = hashlib.sha256(panel.key.encode()).hexdigest()[:16]
    return desk.home / LEARNED / f"{name}.npz"


def judge_errand(errand: PredictionErrand, report: Report = silent) -> Verdict:
    """Judge the files of an errand; reads genotypes, so it belongs in a process of its own."""
    from app.genotypes.verdict_groups import joint_verdict

    if not errand.groups:
        return _judge(errand, report)[1]
    verdicts = [
        _judge(each, report)[1].model_copy(update={"group": name}) for name, each in errand.groups.items()
    ]
    return joint_verdict(verdicts)


def _judge(errand: PredictionErrand, report: Report) -> tuple[ServerQcAnswer, Verdict]:
    from app.genotypes.excluded_list import LearnedPanel, load_learned
    from app.genotypes.judging import PanelSites, judge_files
    from app.genotypes.panels.learned_overlay import LearnedOverlay
    from app.genotypes.panels.store import open_panel
    from app.genotypes.rules import RulePack

    panel: PanelSites | None = None
    rows = load_learned(Path(errand.learned)) if errand.learned is not None else {}
    if errand.sites is not None:
        panel = LearnedOverlay(open_panel(Path(errand.sites)).table, rows)
    elif rows:
        panel = LearnedPanel(rows)
    chain = Path(errand.chain) if errand.chain is not None else None
    return judge_files(
        errand.files,
        RulePack.model_validate(errand.rules),
        panel,
        chain,
        report,
        certain_build=errand.certain_build,
    )


def _compare(errand: PredictionErrand, path: str, report: Report = silent) -> Comparison:
    from app.genotypes.excluded_list import compare_excluded, learn_panel

    answer, verdict = _judge(errand, report)
    found = compare_excluded(Path(path), answer)
    rows = learn_panel(Path(path))
    count = sum(map(len, rows.values()))
    if not count or errand.learned is None:
        return found.model_copy(update={"verdict": verdict})
    new = _learn(Path(errand.learned), rows)
    verdict = _judge(errand, silent)[1]
    text = f"The list tells the panel's alleles at {count:,} sites; {new:,} of them are new here."
    return found.model_copy(update={"verdict": verdict, "learned": new, "learned_text": text})


def _learn(path: Path, rows: Mapping[str, Sequence[LearnedRow]]) -> int:
    """Add to what is known of a panel while no other process does; ProblemError when one never ends."""
    from app.genotypes.excluded_list import save_learned

    private_folder(path.parent)
    for _ in range(_TRIES):
        with exclusive_file(path.with_suffix(".lock")) as mine:
            if mine:
                return save_learned(path, rows)
        time.sleep(_BETWEEN_S)
    raise problem(
        Kind.DISK,
        "What the list tells was not kept",
        "Another window of the program is adding to the same panel.",
        "Try again in a minute.",
    )


async def _panel(desk: Desk, service_id: str, panel_id: str | None) -> Panel | None:
    if panel_id is None:
        return None
    found = await desk.store.read(lambda c: services.panel(c, service_id, panel_id))
    if found is None:
        raise problem(
            Kind.NOT_FOUND, "No such panel", f"The service has no panel '{panel_id}'.", subject=panel_id
        )
    return found


async def _keep(desk: Desk, dataset_id: str, verdict: Verdict) -> None:
    """The newest verdict first; an older one for the same service and panel goes."""

    def write(c: StoreConnection) -> None:
        found = datasets.dataset(c, dataset_id)
        if found is None:
            return
        same = (verdict.service_id, verdict.panel_id)
        others = tuple(v for v in found.verdicts if (v.service_id, v.panel_id) != same)
        datasets.save_dataset(c, found.model_copy(update={"verdicts": (verdict, *others)}))

    await desk.store.write(write)
    desk.announce(Changes.of(Noun.DATASET, dataset_id))
