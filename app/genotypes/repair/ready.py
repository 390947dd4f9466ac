"""“Make it ready for …”: repair, ask the twin of the server, and once more where it complains."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.finding import BuildGuess
from app.domain.progress import Report, silent
from app.domain.repair import RepairCode, RepairOutcome
from app.domain.verdict import Outcome, Verdict
from app.genotypes.builds import build_name
from app.genotypes.cohort import Cohort
from app.genotypes.reference_sequence import ReferenceSequence
from app.genotypes.repair.apply import remove_files, write_draft
from app.genotypes.repair.draft import Draft
from app.genotypes.repair.plan import draft_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.rules import HG, RulePack
from app.genotypes.site_table import SiteTable

_UCSC = re.compile(r"([a-z]\w*?\d+)To([A-Z]\w*\d+)")
_WORST = (Outcome.REFUSES, Outcome.UNKNOWN, Outcome.PARTLY, Outcome.ACCEPTS)


@dataclass(frozen=True)
class Means:
    """What is at hand for a repair beside the files and the rules.

    `panel` are the sites by plain chromosome name, None when there is no list, and `panel_build` is theirs;
    `panel_genotypes` are VCFs with the panel's people.
    """

    panel: Mapping[str, SiteTable] | None = None
    panel_build: str = ""
    panel_genotypes: Mapping[str, Path] | None = None
    study_build: BuildGuess | None = None
    stated_build: str = ""
    chain: Path | None = None
    chain_back: Path | None = None
    reference: ReferenceSequence | None = None


def target_of(rules: RulePack, means: Means) -> RepairTarget:
    """The target that the rules of a service make."""
    parameters = rules.parameters
    panel = means.panel or {}
    taken = frozenset(rules.chromosomes) or None
    if panel and not any(table.partial for table in panel.values()):
        there = frozenset(name for name in panel if len(panel[name]))
        taken = there if taken is None else taken & there
    return RepairTarget(
        name=", ".join(each for each in (rules.service, rules.panel) if each),
        build=build_name(means.panel_build) or _build_of(rules),
        panel=panel,
        panel_genotypes=means.panel_genotypes or {},
        study_build=means.study_build,
        stated_build=means.stated_build,
        chain=means.chain,
        chain_back=means.chain_back or chain_back_of(means.chain),
        reference=means.reference,
        chromosomes=taken,
        for_service=True,
        population=parameters.population,
        least_samples=parameters.min_samples,
        most_samples=parameters.max_samples,
        chunk_size=parameters.chunk_size,
        chunk_call_rate=parameters.sample_call_rate,
        most_per_chunk=rules.variants_per_10_mb or 0,
    )


def _build_of(rules: RulePack) -> str | None:
    """The build of the panel as far as the rules know it."""
    known = rules.known and rules.panel_build_known
    return build_name(rules.parameters.panel_build) if known else None


def chain_back_of(chain: Path | None) -> Path | None:
    """The chain that leads back, where it lies beside: `GRCh37_to_GRCh38` ↔ `GRCh38_to_GRCh37`, and as UCSC
    calls them `hg19ToHg38` ↔ `hg38ToHg19`."""
    if chain is None:
        return None
    parts = chain.name.split(".")
    for at, part in enumerate(parts):
        if back := _way_back(part):
            turned = chain.with_name(".".join([*parts[:at], back, *parts[at + 1 :]]))
            return turned if turned.is_file() else None
    return None


def _way_back(name: str) -> str:
    """The name of the other direction, empty for a word that names none."""
    if "_to_" in name:
        one, _, other = name.partition("_to_")
        return f"{other}_to_{one}"
    if found := _UCSC.fullmatch(name):
        one, other = found[1], found[2]
        return f"{other[0].lower()}{other[1:]}To{one[0].upper()}{one[1:]}"
    return ""


def make_ready(
    cohorts: Sequence[Cohort],
    rules: RulePack,
    means: Means,
    choices: RepairChoices,
    out: Path,
    report: Report = silent,
    home: Path | None = None,
) -> tuple[RepairOutcome, Verdict]:
    """Repair, write, and ask the twin; again once, without the people who still cost a chunk.

    Nothing that the person unticked is done in the second round. `home`: see `repair`. ProblemError, OSError.
    """
    target = target_of(rules, means)
    choices = replace(choices, version=_version(rules))
    draft = draft_repairs(cohorts, target, choices, report)
    outcome, verdict = _written(draft, rules, means, out, report, home)
    people = _guilty(draft, verdict)
    if people and choices.wants(RepairCode.DROP_SAMPLES_CHUNK, True):
        remove_files(outcome)
        choices = replace(choices, drop_samples=choices.drop_samples | people)
        draft = draft_repairs(cohorts, target, choices, report)
        outcome, verdict = _written(draft, rules, means, out, report, home)
    return outcome, verdict


def _version(rules: RulePack) -> str:
    return rules.max_vcf_version if rules.max_vcf_version in ("4.1", "4.2") else "4.2"


def _written(
    draft: Draft, rules: RulePack, means: Means, out: Path, report: Report, home: Path | None
) -> tuple[RepairOutcome, Verdict]:
    outcome = write_draft(draft, out, report, home)
    verdict = judge(outcome, draft.build_now, rules, means, report)
    ready = {Outcome.ACCEPTS: True, Outcome.REFUSES: False}.get(verdict.outcome)
    return outcome.model_copy(update={"ready": ready, "verdict": verdict.headline}), verdict


def judge(
    outcome: RepairOutcome, build: str | None, rules: RulePack, means: Means, report: Report = silent
) -> Verdict:
    """What the twin says of what was written; of several batches the worst."""
    from app.genotypes.judging import judge_files

    parameters = rules.parameters
    now = HG.get(build or "", parameters.build)
    pack = rules.model_copy(update={"parameters": parameters.model_copy(update={"build": now})})
    verdicts = [
        judge_files(
            [each.path for each in outcome.files if each.batch == batch], pack, means.panel, report=report
        )[1]
        for batch in sorted({each.batch for each in outcome.files})
    ]
    return min(verdicts, key=lambda verdict: _WORST.index(verdict.outcome))


def _guilty(draft: Draft, verdict: Verdict) -> frozenset[str]:
    """Samples, by their names in the files, for whom the twin leaves out a chunk."""
    names = {person for chunk in verdict.lost_chunks for person in chunk.people}
    old = dict(zip(draft.names, draft.study.samples, strict=True))
    return frozenset(old[name] for name in names if name in old)
