"""The facts of a report as plain values: what the page shows and JSON holds, with the same things hidden."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from app.domain.cohort_summary import CohortSummary
from app.domain.dataset import Dataset
from app.domain.finding import CheckReport, Finding
from app.domain.repair import Ledger, RepairOutcome, RepairStep
from app.domain.verdict import LostChunk, Verdict
from app.genotypes.reporting.hiding import NOT_SHOWN, Hiding
from app.genotypes.reporting.shown_names import ShownNames

Facts = dict[str, Any]
_PEOPLE_FIGURES = ("low_call_samples", "het_outliers", "sex_conflicts")


def facts_of(dataset: Dataset, hiding: Hiding, shown: ShownNames) -> Facts:
    """Everything but the figures."""
    report = dataset.report
    return {
        "dataset": _dataset(dataset, shown),
        "answer": _answer(report, hiding) if report else None,
        "verdicts": [_verdict(each, hiding) for each in dataset.verdicts],
        "findings": [_finding(each, hiding, shown) for each in report.findings] if report else [],
        "people": _people(report.cohort, hiding) if report and report.cohort else None,
        "repair": _repair(dataset.outcome, hiding) if dataset.outcome else None,
    }


def _dataset(dataset: Dataset, shown: ShownNames) -> Facts:
    facts = {each.path: each for each in dataset.report.files} if dataset.report else {}
    return {
        "name": shown.title,
        "added": dataset.added.isoformat(),
        "checked": dataset.checked.isoformat() if dataset.checked else None,
        "files": [
            {
                "name": shown.file(file.path, file.name),
                "size": file.size,
                "format": found.format if (found := facts.get(file.path)) else "",
                "variants": found.variants if found else None,
                "chromosomes": list(found.chromosomes) if found else [],
                "sha256": found.sha256 if found else None,
            }
            for file in dataset.files
        ],
    }


def _answer(report: CheckReport, hiding: Hiding) -> Facts:
    return {
        "accepted": report.accepted,
        "stage": report.stage,
        "error": hiding.text(report.error) if report.error else None,
        "build": report.build.model_dump(mode="json"),
        "samples": hiding.people(report.samples),
        "variants": report.snps,
        "chromosomes": list(report.chromosomes),
        "phased": report.phased,
    }


def _finding(finding: Finding, hiding: Hiding, shown: ShownNames) -> Facts:
    people = hiding.is_of_people(finding.code)
    text = hiding.text_of_people if people else hiding.text
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "title": hiding.text(finding.title),
        "detail": text(finding.detail),
        "where": hiding.text(finding.where) if hiding.off or not people else "",
        "file": shown.file(finding.file) if finding.file else "",
        "count": hiding.people(finding.count) if people else finding.count,
        "what_to_do": hiding.text(finding.what_to_do),
        "fix": finding.fix,
    }


def _verdict(verdict: Verdict, hiding: Hiding) -> Facts:
    told = verdict.model_dump(mode="json", include={"service", "panel", "population", "outcome", "counters"})
    told |= verdict.model_dump(mode="json", include={"chunks", "chunks_left", "excluded", "lifted", "rules"})
    return told | {
        "headline": hiding.text(verdict.headline),
        "remedy": hiding.text(verdict.remedy),
        "server_says": hiding.text(verdict.server_says),
        "warnings": [hiding.text(each) for each in verdict.warnings],
        "not_judged": list(verdict.not_judged),
        "reasons": [each.model_dump() | {"text": hiding.text(each.text)} for each in verdict.reasons],
        "lost_chunks": [_lost(each, hiding) for each in verdict.lost_chunks],
    }


def _lost(chunk: LostChunk, hiding: Hiding) -> Facts:
    told = chunk.model_dump(exclude={"people"}) | {"low_call_people": hiding.people(len(chunk.people))}
    return told | ({"people": list(chunk.people)} if hiding.off else {})


def _people(cohort: CohortSummary, hiding: Hiding) -> Facts:
    return {
        "call_rate": cohort.call_rate,
        **{name: hiding.people(getattr(cohort, name)) for name in _PEOPLE_FIGURES},
        "sex": hiding.parts(cohort.sex),
        "related_pairs": {name: hiding.people(count) for name, count in cohort.related.items()},
        "ancestry": hiding.parts({each.label: each.people for each in cohort.ancestry}),
        "ancestry_sites": cohort.ancestry_sites,
        "reference": cohort.reference,
        "strand": cohort.strand,
        "looks_imputed": cohort.looks_imputed,
        "looks_sequenced": cohort.looks_sequenced,
        "not_told": {name: hiding.text(why) for name, why in cohort.why.items()},
    }


def _repair(outcome: RepairOutcome, hiding: Hiding) -> Facts:
    return {
        "ready": outcome.ready,
        "verdict": hiding.text(outcome.verdict),
        "applied": [_step(each, hiding) for each in outcome.applied],
        "unresolved": [
            {
                "code": each.code,
                "title": hiding.text(each.title),
                "sites": each.sites,
                "samples": hiding.people(each.samples),
            }
            for each in outcome.unresolved
        ],
        "files": [
            {"name": PurePath(each.path).name} | each.model_dump(exclude={"path", "samples"})
            for each in outcome.files
        ],
        "ledger": _ledger(outcome.ledger, hiding),
    }


def _step(step: RepairStep, hiding: Hiding) -> Facts:
    return {
        "code": step.code.value,
        "title": hiding.text(step.title),
        "why": hiding.text(step.why),
        "sites": step.sites,
        "lost_sites": step.lost_sites,
        "samples": hiding.people(step.samples),
        "lost_samples": hiding.people(step.lost_samples),
    }


def _ledger(ledger: Ledger, hiding: Hiding) -> Facts:
    """The samples that are left would tell how many were lost."""
    lost = ledger.samples_in - ledger.samples_out
    told = isinstance(hiding.people(lost), int)
    return {
        "sites_in": ledger.sites_in,
        "samples_in": hiding.people(ledger.samples_in),
        "lines": [
            {
                "code": line.code,
                "title": hiding.text(line.title),
                "changed_sites": line.changed_sites,
                "added_sites": line.added_sites,
                "removed_sites": line.removed_sites,
                "changed_samples": hiding.people(line.changed_samples),
                "removed_samples": hiding.people(line.removed_samples),
            }
            for line in ledger.lines
        ],
        "sites_out": ledger.sites_out,
        "samples_out": hiding.people(ledger.samples_out) if told else NOT_SHOWN,
        "adds_up": ledger.adds_up,
    }
