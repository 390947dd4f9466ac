"""The methods paragraph of a paper, from recorded facts only: what nobody wrote down is not claimed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.domain.ledger import ResultLedger, Stage
from app.domain.quality import QualityFigures
from app.domain.result_report import DatasetFacts, RepairFact, RunFacts, SoftwareFact
from app.genotypes.reporting.hiding import Hiding
from app.results.reporting.references import plain, references_of

_R2_OPTIONS = ("r2Filter", "min_r2", "r2filter")


def methods_text(
    facts: RunFacts, figures: QualityFigures | None, ledger: ResultLedger | None, hiding: Hiding
) -> str:
    """The paragraph and, below it, the references; plain text."""
    listed = [f"{number}. {plain(each)}" for number, each in enumerate(references_of(facts), start=1)]
    text = methods_paragraph(facts, figures, ledger, hiding)
    return text + ("\n\nReferences\n" + "\n".join(listed) if listed else "") + "\n"


def methods_paragraph(
    facts: RunFacts, figures: QualityFigures | None, ledger: ResultLedger | None, hiding: Hiding
) -> str:
    """Sentences about the data, their preparation, the imputation, and what came out; without names and
    small numbers of people unless `hiding` is off."""
    sentences = [*_data(facts.dataset, hiding), *_preparation(facts.dataset, hiding), *_imputation(facts)]
    sentences += [*_programs(facts), *_outcome(figures), *_losses(ledger)]
    sentences.append(
        f"Files, figures and this paragraph were recorded by Haplodesk {facts.haplodesk}"
        + (f"; the result was verified on {_day(facts.verified)}." if facts.verified else ".")
    )
    return hiding.text(" ".join(sentences))


def _data(dataset: DatasetFacts | None, hiding: Hiding) -> Iterator[str]:
    if dataset is None or dataset.samples is None or dataset.sites is None:
        return
    words = f"Genotypes of {_people(dataset.samples, hiding)} at {_many(dataset.sites, 'variant')}"
    words += f" ({dataset.build})" if dataset.build else ""
    yield f"{words} were imputed."
    if dataset.call_rate is not None:
        yield f"The mean call rate was {dataset.call_rate:.2%}."


def _preparation(dataset: DatasetFacts | None, hiding: Hiding) -> Iterator[str]:
    if dataset is None or not dataset.repairs:
        return
    steps = [
        f"{each.title[:1].lower() + each.title[1:]} ({counts})"
        for each in dataset.repairs
        if (counts := _counts(each, hiding))
    ]
    if steps:
        yield f"Before the imputation the files were repaired: {'; '.join(steps)}."
    before, people = dataset.sites_before_repair, dataset.samples_before_repair
    if before is not None and people is not None and dataset.sites is not None:
        told = f" of {_people(people, hiding)}" if _may_tell(people, dataset.samples, hiding) else ""
        yield f"The repairs began with {_many(before, 'variant')}{told}."


def _may_tell(before: int, after: int | None, hiding: Hiding) -> bool:
    """Whether the number of people before would not tell how few of them were left out."""
    return after is not None and isinstance(hiding.people(abs(before - after)), int)


def _counts(step: RepairFact, hiding: Hiding) -> str:
    parts = [f"{_many(step.changed_sites, 'variant')} changed"] if step.changed_sites else []
    parts += [f"{_many(step.removed_sites, 'variant')} removed"] if step.removed_sites else []
    parts += [f"{_people(step.changed_samples, hiding)} changed"] if step.changed_samples else []
    parts += [f"{_people(step.removed_samples, hiding)} removed"] if step.removed_samples else []
    return ", ".join(parts)


def _imputation(facts: RunFacts) -> Iterator[str]:
    service, panel = facts.service, facts.panel
    where = ""
    if service.family == "local":
        where = "on a computer of our own"
    elif service.name:
        where = f"by the service {service.name}" + (f" ({service.base_url})" if service.base_url else "")
    if not where and not panel.name:
        yield from _from_elsewhere(facts)
        return
    words = "Imputation was done" + (f" {where}" if where else "")
    if service.app_version and service.family != "local":
        words += f", pipeline {service.app_id.partition('@')[0]} {service.app_version}"
    if panel.name:
        words += f", with the reference panel {panel.name}" + _panel_details(facts)
    if facts.submitted:
        words += f"; the job was sent on {_day(facts.submitted)}"
        words += f" and ended on {_day(facts.ended)}" if facts.ended else ""
    yield words + "."
    yield from _options(facts.options)


def _panel_details(facts: RunFacts) -> str:
    panel = facts.panel
    parts = [f"version {panel.version}"] if panel.version else []
    parts += [panel.build] if panel.build else []
    parts += [_many(panel.samples, "sample")] if panel.samples else []
    parts += [_many(panel.variants, "variant")] if panel.variants else []
    return f" ({', '.join(parts)})" if parts else ""


def _from_elsewhere(facts: RunFacts) -> Iterator[str]:
    if facts.origin:
        yield f"By its files the result is from {facts.origin.rstrip('.')}."


def _options(options: dict[str, str | bool]) -> Iterator[str]:
    told = [f"{name} = {_option(value)}" for name, value in sorted(options.items()) if value != ""]
    if told:
        yield f"Options of the job: {', '.join(told)}."
    for name in _R2_OPTIONS:
        value = str(options.get(name, ""))
        if value.replace(".", "", 1).isdigit() and float(value) > 0:
            yield f"Variants with an estimated R2 below {value} were left out by the service."
            return


def _option(value: str | bool) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _programs(facts: RunFacts) -> Iterator[str]:
    told = [_program(each) for each in facts.software]
    if told:
        yield f"Programs as recorded in the result: {', '.join(told)}."


def _program(fact: SoftwareFact) -> str:
    words = f"{fact.name} {fact.version}".strip()
    return f"{words} ({fact.role})" if fact.role else words


def _outcome(figures: QualityFigures | None) -> Iterator[str]:
    if figures is None or not figures.whole.imputed:
        return
    whole = figures.whole
    words = f"The result has {_many(whole.imputed, 'imputed variant')}"
    if whole.mean_r2 is not None and whole.share_r2_08 is not None:
        words += f" (mean estimated R2 {whole.mean_r2:.3f}; {whole.share_r2_08:.1%} with R2 ≥ 0.8)"
    yield f"{words} and {_many(whole.typed + whole.array_only, 'typed variant')}."
    left_out = figures.left_out_whole
    if left_out is not None and left_out.nonref_concordance is not None:
        yield (
            f"Typed variants imputed as if untyped agreed with the array in "
            f"{left_out.nonref_concordance:.2%} of genotypes that carry the alternate allele."
        )


def _losses(ledger: ResultLedger | None) -> Iterator[str]:
    if ledger is None:
        return
    lost = [each for each in ledger.lost_by_reason() if each.explained and each.count > 0]
    before = [each for each in lost if each.stage in {Stage.ACCEPTED, Stage.TYPED}]
    if before:
        parts = (f"{each.reason.rstrip('.')} ({each.count:,})" for each in before)
        yield f"Typed variants not used for the imputation, by reason: {'; '.join(parts)}."
    after = [each for each in lost if each.stage is Stage.CONVERTED]
    if after:
        parts = (f"{each.reason.rstrip('.')} ({each.count:,})" for each in after)
        yield f"Variants filtered out after the imputation, by reason: {'; '.join(parts)}."


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _people(count: int, hiding: Hiding) -> str:
    shown = hiding.people(count)
    return _many(shown, "sample") if isinstance(shown, int) else f"{shown} samples"


def _day(at: datetime | None) -> str:
    return f"{at.day} {at:%B %Y}" if at is not None else ""
