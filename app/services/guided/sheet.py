"""The sheet that leads a person: steps with their words filled in, and what was prepared. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from app.domain.guided import GuidedFact, GuidedSheet, GuidedStep
from app.domain.job import ENDED_STATES
from app.domain.service import Limits
from app.genotypes.order import books
from app.services.guided.layout import GuidedJob
from app.services.guides import Guide, Naming


def sheet_of(guide: Guide, job: GuidedJob, address: str) -> GuidedSheet:
    """Everything that the page of a job shows; `address` is that of the service."""
    return GuidedSheet(
        page=guide.page or address,
        folder=job.folder,
        files=tuple(each.name for each in job.made.files),
        written=books(job.made),
        sites=job.made.by_chromosome,
        cautions=job.cautions,
        steps=steps_of(guide, job),
        uploaded=job.uploaded,
        deadline=deadline(guide, job),
        results=guide.results.value if guide.results is not None else "",
        facts=facts_of(guide),
    )


def steps_of(guide: Guide, job: GuidedJob) -> tuple[GuidedStep, ...]:
    """The numbered steps; a step without a page of its own happens where the one before did."""
    words = _words(guide, job)
    return tuple(
        GuidedStep(
            text=_filled(step.text, words),
            page=step.page or "",
            enter=tuple((_filled(e.field, words), _filled(e.value, words)) for e in step.enter),
            done=number in job.ticked,
        )
        for number, step in enumerate(guide.steps)
    )


def _words(guide: Guide, job: GuidedJob) -> dict[str, str]:
    panel = guide.panel(job.panel_id)
    many = len(job.made.files)
    return {
        "{panel}": panel.name if panel is not None else job.panel_id,
        "{files}": job.made.files[0].name if many == 1 else f"{many} files",
        "{folder}": str(Path(job.folder)),
        "{build}": job.build or "the build of your files",
        "{samples}": f"{job.made.samples:,}",
        "{name}": job.name,
    }


def _filled(text: str, words: dict[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text


def deadline(guide: Guide, job: GuidedJob) -> datetime | None:
    """When the page deletes the result, as far as that is known."""
    if guide.retention is None:
        return None
    began = job.uploaded if guide.retention.counted_from == "upload" else ended(job)
    return None if began is None else began + timedelta(days=guide.retention.days.value)


def ended(job: GuidedJob) -> datetime | None:
    """When the person told that it is over."""
    last = job.words[-1] if job.words else None
    if last is None or last.state not in ENDED_STATES:
        return None
    same = [each.at for each in job.words if each.state is last.state]
    return same[0]


_FACTS = (
    ("builds", "Builds"),
    ("naming", "Chromosomes are called"),
    ("packing", "Files"),
    ("suffix", "Ending"),
    ("vcf_version", "VCF version"),
    ("chromosomes", "Chromosomes"),
    ("region", "Region"),
    ("two_alleles", "Only sites with two alleles"),
    ("males_diploid", "Males on X as homozygous"),
    ("snvs_only", "Only single letters"),
    ("drop_monomorphic", "No sites at which all are alike"),
    ("only_panel_sites", "Only sites of the panel"),
    ("reference_alleles", "REF is the base of"),
    ("max_file_mb", "Largest file, MB"),
    ("min_samples", "Fewest samples"),
    ("max_samples", "Most samples"),
)


def limits_of(guide: Guide) -> Limits:
    """What is known of the limits; records in a folder may be looked at as often as anybody likes."""
    wanted, kept = guide.wanted, guide.retention
    return Limits(
        min_samples=wanted.min_samples.value if wanted.min_samples is not None else None,
        max_samples=wanted.max_samples.value if wanted.max_samples is not None else None,
        retention_days=kept.days.value if kept is not None and kept.counted_from == "end" else None,
        chromosomes=wanted.chromosomes.value if wanted.chromosomes is not None else (),
        max_vcf_version=wanted.vcf_version.value if wanted.vcf_version is not None else None,
        min_poll_s=1.0,
    )


def facts_of(guide: Guide) -> tuple[GuidedFact, ...]:
    """What is known of the files that the page wants, each with its source; what is not known says so."""
    found = []
    for name, label in _FACTS:
        fact = getattr(guide.wanted, name)
        if fact is None:
            found.append(GuidedFact(label=label, value="not known", source=""))
        else:
            found.append(GuidedFact(label=label, value=_shown(fact.value), source=guide.told(fact)))
    if guide.retention is not None:
        since = "the upload" if guide.retention.counted_from == "upload" else "the end of the job"
        days = guide.retention.days
        found.append(
            GuidedFact(
                label="Deleted there", value=f"{days.value} days after {since}", source=guide.told(days)
            )
        )
    return tuple(found)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Naming):
        return "as chr22" if value is Naming.CHR else "as 22, without chr"
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value)
    first, last = getattr(value, "first", None), getattr(value, "last", None)
    if first is not None and last is not None:
        return f"{getattr(value, 'chromosome', '')}:{first:,}–{last:,}"
    return str(value)
