"""`repair`: mend files. Imports no Qt and no network; a store only to keep the rule on where data may go."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.carrying import under_rule
from app.cli.work.check import readable
from app.domain.path_text import shown
from app.domain.problem import Kind, problem
from app.domain.repair import LedgerLine, RepairCode, RepairOutcome, RepairPlan, RepairStep, Unresolved
from app.genotypes.builds import SPOKEN, build_name
from app.genotypes.repair.errand import RepairErrand, outcome_of, plan_errand, repair_errand
from app.genotypes.repair.staging import HIDDEN, moved_outcome, publish, staged
from app.genotypes.repair.target import RepairChoices
from app.genotypes.rules import RulePack
from app.genotypes.worker import Throttle
from app.imputation.scratch import in_use, remove_abandoned, scratch_folder

if TYPE_CHECKING:
    from app.domain.panel import Panel
    from app.domain.progress import Report
    from app.domain.service import Service
    from app.operations.desk import Desk


SCRATCH = "haplodesk-repair-"


@dataclass(frozen=True)
class Wanted:
    """For whom the files are repaired and what the person chose; see the options of the command."""

    service: str = ""
    panel: str = ""
    population: str = ""
    server_params: Path | None = None
    panel_dir: Path | None = None
    sites: Path | None = None
    chains: tuple[Path, ...] = ()
    reference: Path | None = None
    build: str = ""
    files_build: str = ""
    only: frozenset[RepairCode] | None = None
    drop_samples: Path | None = None


def codes_of(only: str) -> frozenset[RepairCode] | None:
    """The repairs named by `--only`, None when nothing is named; BadParameter for an unknown one."""
    names = [each.strip() for each in only.split(",") if each.strip()]
    known = {code.value: code for code in RepairCode}
    if unknown := [each for each in names if each not in known]:
        raise typer.BadParameter(f"--only {unknown[0]} is not known; known are {', '.join(known)}")
    return frozenset(known[each] for each in names) if names else None


def repair(session: Session, files: Sequence[Path], out: Path, wanted: Wanted, *, plan_only: bool) -> None:
    """Repair files, or show the plan; ends with 1 when they would be refused or alleles were left alone."""
    paths = readable(files)
    _prove_chains(wanted.chains)
    errand = _for_target(session, _errand(paths, wanted), wanted)
    report = Throttle(partial(session.out.bar.show, "Repairing"))
    place = Path(tempfile.gettempdir())
    remove_abandoned(place, SCRATCH)
    if plan_only:
        with scratch_folder(place, SCRATCH) as folder:
            plan = plan_errand(replace(errand, work=str(folder)), report)
        session.out.answer(plan_row(plan), plan_lines(plan))
        return
    remove_abandoned(out, HIDDEN, locked_once=True)
    work = partial(_repaired, errand, out, report)
    outcome = under_rule(session, paths, out, work, lambda made: [Path(each.path) for each in made.files])
    session.out.answer(outcome_row(outcome), outcome_lines(outcome))
    if outcome.ready is False or outcome.refused:
        raise typer.Exit(1)


def _repaired(errand: RepairErrand, out: Path, report: Report) -> RepairOutcome:
    """Write the files beside their place first, and move them when all are whole."""
    with staged(out) as stage, in_use(stage.folder):
        errand = replace(errand, work=str(stage.work))
        parts = repair_errand(errand, str(stage.files), str(out), report)
        publish(stage)
    return moved_outcome(outcome_of(parts), stage)


def _errand(paths: Sequence[Path], wanted: Wanted) -> RepairErrand:
    build, files_build = _build("--build", wanted.build), _build("--files-build", wanted.files_build)
    return RepairErrand(
        paths=tuple(str(each) for each in paths),
        site_lists=(str(wanted.sites),) if wanted.sites is not None else (),
        panel_build=build,
        stated_build=files_build or ("" if wanted.chains else build),
        chain=str(wanted.chains[0]) if wanted.chains else None,
        reference=str(wanted.reference) if wanted.reference is not None else None,
        kept_chains=tuple(str(each) for each in wanted.chains[1:]),
        choices=RepairChoices(chosen=wanted.only, drop_samples=_names(wanted.drop_samples)),
    )


def _build(option: str, named: str) -> str:
    """The plain name of a build, empty for none; BadParameter for an unknown one."""
    found = build_name(named) if named else ""
    if found is None:
        raise typer.BadParameter(f"{option} {named} is not known; known are {', '.join(SPOKEN.values())}")
    return found


def _names(path: Path | None) -> frozenset[str]:
    """The names in a file, one a line. ProblemError when it is no text in UTF-8."""
    if path is None:
        return frozenset()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise problem(
            Kind.INPUT,
            "The list of samples cannot be read",
            f"{path}: {why}.",
            "Give a text file in UTF-8 with one name a line.",
            subject=str(path),
        ) from error
    return frozenset(each.strip() for each in lines if each.strip())


def _prove_chains(paths: Sequence[Path]) -> None:
    """ProblemError when a file is no chain file, also where no position has to be lifted."""
    from app.genotypes.liftover import read_chain

    for path in paths:
        read_chain(path)


def _for_target(session: Session, errand: RepairErrand, wanted: Wanted) -> RepairErrand:
    if wanted.server_params is not None and wanted.panel_dir is not None:
        return _for_server(errand, wanted.server_params, wanted.panel_dir)
    if wanted.service:
        return _for_service(session, errand, wanted)
    return errand


def _for_server(errand: RepairErrand, params: Path, panel_dir: Path) -> RepairErrand:
    """A server described by the parameters of a job and the description of its panel."""
    from app.cli.work.server_check import parameters_of

    chosen = _read(params)
    panel = _read(panel_dir / f"{chosen.get('panel')}.panel.json")
    parameters = parameters_of(chosen, panel, panel_dir, params)
    lists = sorted(panel_dir.glob(str(panel.get("sites", "")).replace("$chr", "*")))
    return replace(
        errand,
        rules=RulePack(
            service_id="server", service="This server", panel=parameters.panel_id, parameters=parameters
        ),
        site_lists=tuple(str(each) for each in lists if each.suffix not in (".tbi", ".csi")),
        panel_build=build_name(parameters.panel_build) or "",
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise problem(
            Kind.INPUT,
            "The parameters cannot be read",
            f"{path}: {error}.",
            "Give the parameters of the job, and the folder that holds its panel as NAME.panel.json.",
            subject=str(path),
        ) from error
    return data if isinstance(data, dict) else {}


def _for_service(session: Session, errand: RepairErrand, wanted: Wanted) -> RepairErrand:
    """A known service; only here the data folder is opened, and never the keyring."""
    from app.cli.work.desk import with_desk
    from app.genotypes.rules import rules_for

    service, panel, sites = with_desk(session, partial(_known, wanted=wanted))
    kept = sites is not None and not errand.site_lists
    return replace(
        errand,
        rules=rules_for(service, panel, population=wanted.population),
        panel=str(sites) if kept else None,
        panel_build=(panel.build if panel is not None else None) or errand.panel_build,
    )


async def _known(desk: Desk, wanted: Wanted) -> tuple[Service, Panel | None, Path | None]:
    from app.cli.work.find import find_service, pick_panel
    from app.operations.panel_sites import sites_for
    from app.store import services

    service = await find_service(desk, wanted.service)
    if not wanted.panel:
        return service, None, None
    known = await desk.store.read(lambda c: services.panels(c, service.id))
    panel = pick_panel(known, service, wanted.panel)
    return service, panel, await sites_for(desk, panel.key)


def plan_row(plan: RepairPlan) -> dict[str, object]:
    """The plan as the contract writes it."""
    row: dict[str, object] = {
        "target": plan.target,
        "refused": plan.refused or None,
        "cautions": list(plan.cautions),
        "steps": [step.model_dump(mode="json") for step in plan.steps],
        "unresolved": [_unresolved_row(each) for each in plan.unresolved],
        "after": plan.after,
    }
    if plan.groups:
        row["groups"] = [_group_row(each.group, plan_row(each)) for each in plan.groups]
    return row


def _group_row(name: str, row: dict[str, object]) -> dict[str, object]:
    return {"group": name} | row


def _unresolved_row(each: Unresolved) -> dict[str, object]:
    return {"code": each.code, "title": each.title, "sites": each.sites, "samples": each.samples}


def plan_lines(plan: RepairPlan) -> list[str]:
    """The plan for people."""
    lines = [f"Note: {each}" for each in plan.cautions]
    lines += [f"Not possible: {plan.refused}"] if plan.refused else []
    lines += table(("", "repair", "sites", "samples", "code"), [_step_cells(step) for step in plan.steps])
    lines += [f"Not mended: {each.title} ({_number(each)})" for each in plan.unresolved]
    lines += ["", plan.after]
    for each in plan.groups:
        lines += ["", f"{each.group} ({each.build or 'build unknown'})", *plan_lines(each)]
    return lines


def _number(each: Unresolved) -> str:
    return f"{each.sites:,} sites" if each.sites or not each.samples else f"{each.samples:,} samples"


def _step_cells(step: RepairStep) -> tuple[object, ...]:
    return "x" if step.chosen else "-", step.title, step.sites, step.samples, step.code


def outcome_row(outcome: RepairOutcome) -> dict[str, object]:
    """The outcome as the contract writes it."""
    ledger = outcome.ledger
    removed = [each for each in ledger.lines if each.removed_sites or each.removed_samples]
    row: dict[str, object] = {
        "applied": [{"code": s.code, "sites": s.sites, "samples": s.samples} for s in outcome.applied],
        "unresolved": [_unresolved_row(each) for each in outcome.unresolved],
        "files": [each.model_dump(mode="json") for each in outcome.files],
        "lost": {
            "sites": sum(each.removed_sites for each in removed),
            "samples": sum(each.removed_samples for each in removed),
            "by_reason": {each.code: _lost(each) for each in removed},
        },
        "ledger": ledger.model_dump(mode="json") | {"adds_up": ledger.adds_up},
        **outcome.model_dump(mode="json", include={"site_log", "sample_map"}),
        "ready": outcome.ready,
        "verdict": outcome.verdict,
        "refused": outcome.refused or None,
    }
    if outcome.groups:
        row["groups"] = [_group_row(each.group, outcome_row(each)) for each in outcome.groups]
    return row


def _lost(line: LedgerLine) -> dict[str, int]:
    return {"sites": line.removed_sites, "samples": line.removed_samples}


def outcome_lines(outcome: RepairOutcome) -> list[str]:
    """The outcome for people."""
    ledger = outcome.ledger
    facts: list[tuple[str, object]] = [
        ("sites", f"{ledger.sites_in:,} in, {ledger.sites_out:,} out"),
        ("samples", f"{ledger.samples_in:,} in, {ledger.samples_out:,} out"),
    ]
    if outcome.verdict:
        facts.insert(0, ("verdict", outcome.verdict))
    if outcome.refused:
        facts.insert(0, ("not possible", outcome.refused))
    rows = [
        (line.title, line.changed_sites, line.removed_sites, line.changed_samples, line.removed_samples)
        for line in ledger.lines
    ]
    heads = ("repair", "sites changed", "removed", "samples changed", "removed")
    lines = [*pairs(facts), "", *table(heads, rows)] if rows else pairs(facts)
    if calls := sum(line.missing_calls for line in ledger.lines):
        lines.append(f"{calls:,} calls with another ALT allele than that of their row are set missing.")
    lines += [
        "",
        *(f"Not mended: {each.title} ({_number(each)})" for each in outcome.unresolved),
        *(f"{shown(each.path)} ({each.sites:,} sites, {each.samples:,} samples)" for each in outcome.files),
    ]
    if outcome.groups:
        lines = ["All groups of people together", *lines[: len(lines) - len(outcome.files)]]
        for part in outcome.groups:
            lines += ["", part.group, *outcome_lines(part)]
        return lines
    return [*lines, *(shown(each) for each in (outcome.site_log, outcome.sample_map) if each)]
