"""The answer of a server's quality control in words: what decides, what can be done, what is lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.finding import CheckReport
from app.domain.repair import RepairCode
from app.domain.verdict import LostChunk, Outcome, Verdict, VerdictReason
from app.genotypes.rules import RulePack
from app.genotypes.server.parameters import ExcludedChunk, ServerQcAnswer, ServerQcParameters
from app.genotypes.verdict_errors import (
    broken,
    index_reason,
    plain_text,
    too_few,
    too_many,
    validation_reason,
)

PEOPLE_SHOWN = 20
_WHY_LOST = {
    "overlap": "too few of its variants are in the panel",
    "snps": "too few variants",
    "call_rate": "people with too many missing calls",
}


@dataclass(frozen=True)
class Judged:
    """What could be looked at: `sites` with a site list of the panel, `lifted` with a chain file.

    `certain_build`: that of the files is known well enough for repairs that change alleles.
    """

    sites: bool = True
    lifted: bool = False
    certain_build: bool = True
    not_judged: tuple[str, ...] = ()


def verdict_of(answer: ServerQcAnswer, pack: RulePack, judged: Judged | None = None) -> Verdict:
    """The verdict of the service of `pack` by the answer of the twin of its server."""
    seen = judged or Judged()
    reasons = tuple(_reasons(answer, pack, seen))
    outcome = _outcome(answer, pack, seen, reasons)
    gated = not seen.certain_build and not _lies_in_panel(answer, pack, seen)
    return Verdict(
        service_id=pack.service_id,
        service=pack.service,
        panel_id=pack.panel_id,
        panel=pack.panel,
        population=pack.parameters.population,
        outcome=outcome,
        headline=_headline(pack, answer, outcome, reasons),
        remedy=_remedy(reasons, gated),
        state_build_first=gated and any(each.fix in _OF_ALLELES for each in reasons),
        server_says=plain_text(answer.error or answer.index_error) if not answer.accepted else "",
        reasons=reasons,
        counters=_counters(answer, seen),
        warnings=(*pack.differs, *map(plain_text, answer.warnings)),
        chunks=_chunks(answer),
        chunks_left=answer.chunks_remaining,
        lost_chunks=tuple(_lost(each, answer) for each in answer.chunks_excluded),
        excluded=answer.counters.excluded if answer.counters is not None else 0,
        lifted=_lifted(answer, pack, seen),
        not_judged=seen.not_judged,
        rules="; ".join(pack.sources),
    )


def verdict_by_limits(pack: RulePack, report: CheckReport | None) -> Verdict:
    """The verdict of a service whose checks are not written down, by its limits alone."""
    seen = report or CheckReport(accepted=False, stage="index")
    known = ServerQcAnswer(
        accepted=False,
        stage="ok",
        chromosomes=seen.chromosomes or None,
        vcf_versions=tuple(each.vcf_version for each in seen.files if each.vcf_version),
    )
    reasons = (*_people(seen, pack.parameters), *_of_service(known, pack))
    missing = [f"The checks of {pack.service} are not published; only its limits were compared."]
    if report is None:
        missing.append("The files were not checked yet: people and chromosomes are not known.")
    outcome = Outcome.REFUSES if any(each.stops for each in reasons) else Outcome.UNKNOWN
    return Verdict(
        service_id=pack.service_id,
        service=pack.service,
        panel_id=pack.panel_id,
        panel=pack.panel,
        outcome=outcome,
        headline=_headline(pack, known, outcome, reasons),
        remedy=_remedy(reasons, gated=False),
        reasons=reasons,
        not_judged=tuple(missing),
    )


def _people(report: CheckReport, rules: ServerQcParameters) -> Iterable[VerdictReason]:
    here = report.samples
    if rules.min_samples and 0 < here < rules.min_samples:
        yield VerdictReason(
            code="too_few_samples",
            text=too_few(here, rules.min_samples),
            here=here,
            allowed=rules.min_samples,
        )
    if rules.max_samples and here > rules.max_samples:
        yield VerdictReason(
            code="too_many_samples",
            text=too_many(here, rules.max_samples),
            here=here,
            allowed=rules.max_samples,
            fix=RepairCode.BATCHES,
        )


def _outcome(
    answer: ServerQcAnswer, pack: RulePack, seen: Judged, reasons: tuple[VerdictReason, ...]
) -> Outcome:
    if any(each.stops for each in reasons):
        return Outcome.REFUSES
    if not pack.known:
        return Outcome.UNKNOWN
    return Outcome.PARTLY if seen.not_judged else Outcome.ACCEPTS


def _reasons(answer: ServerQcAnswer, pack: RulePack, seen: Judged) -> Iterable[VerdictReason]:
    if answer.stage == "index":
        yield index_reason(answer.index_error)
    elif answer.stage == "validate":
        yield validation_reason(answer.error or "", pack.parameters, answer.people_found)
    elif answer.counters is None:
        yield broken(answer.error or "", pack)
    else:
        yield from _aborts(answer, pack, seen)
        yield from _losses(answer, seen)
    yield from _of_service(answer, pack)


def _aborts(answer: ServerQcAnswer, pack: RulePack, seen: Judged) -> Iterable[VerdictReason]:
    """All abort rules that hold, not only the first: each must be mended."""
    counts, rules = answer.counters, pack.parameters
    assert counts is not None
    if answer.error and answer.error.startswith("No chunks"):
        yield VerdictReason(
            code="no_chunks",
            text="No part of the genome would pass the quality control.",
            here=0,
            fix=_fix_of_chunks(answer),
        )
    flips = counts.strand_flip + counts.strand_flip_and_switch
    switches = counts.allele_switch + counts.strand_flip_and_switch
    spoiled = answer.unrepairable
    if seen.sites and flips > rules.strand_flips:
        yield VerdictReason(
            code="strand_flips",
            text=f"{flips:,} strand flips, {rules.strand_flips:,} allowed",
            here=flips,
            allowed=rules.strand_flips,
            repairable=flips - spoiled.get("strand_flips", 0),
            fix=RepairCode.FLIP,
        )
    if seen.sites and rules.allele_switches is not None and switches > rules.allele_switches:
        yield VerdictReason(
            code="allele_switches",
            text=f"{switches:,} allele switches, {rules.allele_switches:,} allowed",
            here=switches,
            allowed=rules.allele_switches,
            repairable=switches - spoiled.get("allele_switches", 0),
            fix=RepairCode.SWITCH,
        )
    if answer.error and "mixed genotypes" in answer.error:
        yield VerdictReason(
            code="mixed_genotypes",
            text=f"more than {100 * rules.mixed_genotypes:g} % half calls of a person on chromosome X",
            fix=RepairCode.HALF_CALLS,
        )
    if answer.x_ploidy:
        people = len({name for name, _ in answer.x_ploidy})
        yield VerdictReason(
            code="ploidy",
            text=f"{people:,} people with one allele at some and two at other places of chromosome X",
            here=people,
            allowed=0,
            repairable=people,
            fix=RepairCode.CONSTANT_PLOIDY,
        )


def _fix_of_chunks(answer: ServerQcAnswer) -> str | None:
    counts = answer.counters
    if counts is None:
        return None
    kinds = {
        RepairCode.SWITCH: counts.allele_switch,
        RepairCode.FLIP: counts.strand_flip,
        RepairCode.FLIP_SWITCH: counts.strand_flip_and_switch,
    }
    most = max(kinds, key=lambda kind: kinds[kind])
    if kinds[most] > counts.remaining:
        return most
    by_reason = {each.reason for each in answer.chunks_excluded}
    return RepairCode.DROP_SAMPLES_CHUNK if by_reason == {"call_rate"} else None


_LOSSES = (
    ("allele_switch", "allele switches", RepairCode.SWITCH, True),
    ("strand_flip", "strand flips", RepairCode.FLIP, True),
    ("strand_flip_and_switch", "flipped and switched variants", RepairCode.FLIP_SWITCH, True),
    ("allele_mismatch", "variants with other alleles than the panel", None, True),
    ("low_call_rate", "variants with more than 10 % missing calls", None, False),
    ("monomorphic", "variants without any ALT call", None, False),
    ("multiallelic", "variants with several ALT alleles", RepairCode.SPLIT_ALLELES, False),
    ("invalid_alleles", "variants that are no single letters (indels)", None, False),
    ("duplicated", "variants marked as duplicates in FILTER", RepairCode.CLEAR_FILTER, False),
    ("filter_flag", "variants with a FILTER", RepairCode.CLEAR_FILTER, False),
)


def _losses(answer: ServerQcAnswer, seen: Judged) -> Iterable[VerdictReason]:
    counts = answer.counters
    assert counts is not None
    for name, words, fix, needs_sites in _LOSSES:
        here = getattr(counts, name)
        if here and (seen.sites or not needs_sites):
            mendable = here if fix is not None else 0
            yield VerdictReason(
                code=f"lost.{name}",
                text=f"{words}, left out: {here:,}",
                stops=False,
                here=here,
                repairable=mendable,
                fix=fix,
            )
    for reason, words in _WHY_LOST.items():
        lost = [each for each in answer.chunks_excluded if each.reason == reason]
        if lost and (seen.sites or reason != "overlap"):
            fix = RepairCode.DROP_SAMPLES_CHUNK if reason == "call_rate" else None
            yield VerdictReason(
                code=f"chunks.{reason}",
                text=f"parts of the genome left out ({words}): {len(lost):,}",
                stops=False,
                here=len(lost),
                repairable=len(lost) if fix else None,
                fix=fix,
            )


def _of_service(answer: ServerQcAnswer, pack: RulePack) -> Iterable[VerdictReason]:
    """What the service says beside its quality control."""
    if pack.chromosomes and answer.chromosomes:
        served = {*pack.chromosomes, *(["23"] if "X" in pack.chromosomes else [])}
        others = sorted({each for each in answer.chromosomes if each not in served})
        if others:
            yield VerdictReason(
                code="chromosomes",
                text=f"chromosome {', '.join(others)} is not imputed there",
                here=len(others),
                fix=RepairCode.DROP_CHROMOSOMES,
            )
    newest = max(answer.vcf_versions, default="")
    if pack.max_vcf_version and newest > pack.max_vcf_version:
        yield VerdictReason(
            code="vcf_version",
            text=f"the files are VCF {newest}, {pack.max_vcf_version} is the newest that it takes",
            stops="X" in (answer.chromosomes or ()),
            fix=RepairCode.STRIP_FIELDS,
        )
    limit = pack.variants_per_10_mb
    if limit is not None and answer.most_per_10_mb > limit:
        yield VerdictReason(
            code="too_dense",
            text=f"{answer.most_per_10_mb:,} variants in 10 million bases, {limit:,} allowed",
            here=answer.most_per_10_mb,
            allowed=limit,
            fix=RepairCode.THIN,
        )


def _headline(
    pack: RulePack, answer: ServerQcAnswer, outcome: Outcome, reasons: tuple[VerdictReason, ...]
) -> str:
    name = pack.service
    if outcome is Outcome.REFUSES:
        first = next(each for each in reasons if each.stops)
        return f"{name} would refuse this: {first.text.rstrip('.')}."
    if outcome is Outcome.UNKNOWN:
        return f"Nothing speaks against {name}, whose own checks are not known here."
    if outcome is Outcome.PARTLY:
        return f"Nothing was found that {name} would refuse, but not everything could be judged."
    lost = len(answer.chunks_excluded)
    if lost:
        return (
            f"{name} would take this, but leave out {lost:,} of {_chunks(answer) or 0:,} parts of the genome."
        )
    return f"{name} would take this."


_OF_ALLELES = frozenset({RepairCode.SWITCH, RepairCode.FLIP, RepairCode.FLIP_SWITCH, RepairCode.LIFTOVER})
_IN_PANEL, _FITTING, _SHARE_IN_PANEL = 100, 0.9, 50.0


def _lies_in_panel(answer: ServerQcAnswer, pack: RulePack, seen: Judged) -> bool:
    """Whether so many sites meet those of the panel that a repair takes its build for that of the files."""
    counts = answer.counters
    if counts is None or not seen.sites or seen.lifted or not pack.panel_build_known:
        return False
    fitting = counts.match + counts.allele_switch + counts.strand_flip + counts.strand_flip_and_switch
    enough = fitting >= _IN_PANEL and (counts.reference_overlap_pct or 0) >= _SHARE_IN_PANEL
    return enough and fitting >= _FITTING * (fitting + counts.allele_mismatch)


def _remedy(reasons: tuple[VerdictReason, ...], gated: bool) -> str:
    """What the program can do about what stops a submission, else about what is lost.

    `gated`: alleles are left alone until the build is stated, which comes first.
    """
    stopping = [each for each in reasons if each.stops]
    if stopping:
        words = _cure(stopping[0])
        return _build_first(words) if gated and stopping[0].fix in _OF_ALLELES else words
    lost = [e for e in reasons if e.fix is not None and e.code.startswith("lost.")]
    now = sum(e.repairable or 0 for e in lost if not (gated and e.fix in _OF_ALLELES))
    then = sum(e.repairable or 0 for e in lost) - now
    words = f"Haplodesk can save {now:,} variants that would be left out." if now else ""
    if not then:
        return words
    return f"{words} {_build_first(f'Haplodesk can save {then:,} variants that would be left out.')}".strip()


def _build_first(words: str) -> str:
    if not words:
        return ""
    return f"The build of the files is not certain. State it first; then {words}"


def _cure(first: VerdictReason) -> str:
    if first.fix is None or first.repairable == 0:
        return ""
    if first.repairable is not None and first.here and first.repairable < first.here:
        return f"Haplodesk can repair {first.repairable:,}."
    return "Haplodesk can repair this." if first.here in (None, 1) else "Haplodesk can repair all of them."


def _counters(answer: ServerQcAnswer, seen: Judged) -> dict[str, int | float | None]:
    if answer.counters is None:
        return {}
    told: dict[str, int | float | None] = answer.counters.model_dump()
    if not seen.sites:
        of_panel = (
            "reference_overlap_pct",
            "match",
            "allele_switch",
            "strand_flip",
            "strand_flip_and_switch",
        )
        for name in (*of_panel, "ambiguous_at_cg", "allele_mismatch", "typed_only"):
            told[name] = None
    return told


def _chunks(answer: ServerQcAnswer) -> int | None:
    if answer.chunks_remaining is None:
        return answer.chunks_total
    return answer.chunks_remaining + len(answer.chunks_excluded)


def _lost(chunk: ExcludedChunk, answer: ServerQcAnswer) -> LostChunk:
    label, start, end = chunk.chunk.removeprefix("chunk_").rsplit("_", 2)
    return LostChunk(
        chromosome=label.split(".")[0],
        start=int(start),
        end=int(end),
        reason=chunk.reason,
        variants=chunk.snps,
        overlap=chunk.reference_overlap,
        people=answer.low_call_samples.get(chunk.chunk, ())[:PEOPLE_SHOWN],
    )


def _lifted(answer: ServerQcAnswer, pack: RulePack, seen: Judged) -> str:
    rules = pack.parameters
    if rules.build == rules.panel_build:
        return ""
    if not seen.lifted:
        return f"The files are {rules.build} and the panel is {rules.panel_build}."
    lost = len(answer.lift_over_failed)
    return f"The server lifts {rules.build} to {rules.panel_build} and loses {lost:,} variants by it."
