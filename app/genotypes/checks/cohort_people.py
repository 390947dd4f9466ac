"""The people: call rates by chunk, heterozygosity, ancestry, kinship, sex. Rows 53–59 of the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.domain.cohort_summary import AncestryShare
from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.checks.cohort_frequency import follows_reference
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import INFO, SEVERE, WARNING
from app.genotypes.checks.row_answers import Rule, finding_of_rule
from app.genotypes.cohort import FEMALE, MALE, UNKNOWN
from app.genotypes.people.ancestry import FEW_SITES, LABELS, MIN_SITES, UNCERTAIN, ancestry_kit
from app.genotypes.people.heterozygosity import mixed, outliers
from app.genotypes.people.kinship import DUPLICATE, MIN_CHROMOSOMES, MOST_PEOPLE, Kin, kinship
from app.genotypes.people.sex import sex_of
from app.genotypes.people.structure import beyond_structure, components

_CHUNK = Rule(
    "sample.chunk_call_rate",
    WARNING,
    "Samples that would cost a region",
    "Servers drop a chunk for everybody when less than half of the genotypes of one sample are called there.",
    "Remove these samples.",
    RepairCode.DROP_SAMPLES_CHUNK,
)
_SAME = Rule(
    "sample.same_person",
    WARNING,
    "The same person more than once",
    "Their genotypes are alike: a sample measured twice, identical twins, or a mix-up.",
    "Keep the one with the better call rate; twins may stay.",
    RepairCode.DROP_SAMPLES_DUPLICATE,
)
_RELATED = Rule(
    "sample.related",
    INFO,
    "Relatives in the cohort",
    what_to_do="Nothing for the imputation; remember it in the analysis.",
)
_HET = Rule(
    "sample.het_outlier",
    WARNING,
    "Samples with unusual heterozygosity",
    what_to_do="Look at them: many heterozygotes hint at a mixed sample, few at inbreeding or bad calls.",
    fix=RepairCode.DROP_SAMPLES_HET,
)
_MIXED = Rule(
    "sample.contaminated",
    WARNING,
    "Samples that may be mixed with another",
    "They have far more heterozygotes than others of like ancestry.",
    "Measure them again, or leave them out.",
    RepairCode.DROP_SAMPLES_HET,
)
_SEX = Rule(
    "sample.sex_conflict",
    WARNING,
    "Sex that the X chromosome contradicts",
    "Often samples that were exchanged.",
    "Correct the sex or leave the samples out; X is coded by it.",
)
_SEX_UNCLEAR = Rule(
    "sample.sex_unclear",
    INFO,
    "Samples whose sex the X chromosome does not tell",
    what_to_do="Look at them when you need X.",
)
_POPULATION = Rule(
    "population.differs",
    WARNING,
    "People of other ancestry than the chosen population",
    what_to_do="Choose a panel for mixed populations, and “mixed” as the population.",
)
_UNSURE = Rule(
    "population.uncertain",
    INFO,
    "People whose ancestry is not clear",
    "They lie between or beyond the populations of the reference.",
    "Nothing; expect a somewhat lower quality for them.",
)


def _of_samples(
    subject: CohortSubject, rule: Rule, chosen: NDArray[np.intp], words: list[str] | None = None
) -> Iterable[Finding]:
    if len(chosen):
        names = words if words is not None else [subject.samples[int(i)] for i in chosen[:4]]
        yield finding_of_rule(subject, rule, names[:3], len(chosen))


def call_rates(subject: CohortSubject) -> Iterable[Finding]:
    """Fills the figures of call rates, and names who would cost a chunk."""
    tally, figures, options = subject.tally, subject.figures, subject.options
    figures.samples = np.array(subject.samples, np.str_)
    figures.sample_call_rate = tally.call_rate
    rate = 1 - tally.chunk_missing / np.maximum(tally.chunk_sites, 1)[:, None]
    figures.chunk_call_rate = rate.astype(np.float32)
    subject.learn(
        formats=tuple(dict.fromkeys(each.origin.format for each in subject.cohorts)),
        reference=subject.cohorts[0].origin.reference.value if subject.cohorts else "",
        call_rate=float(tally.call_rate.mean()) if tally.samples and tally.all_sites else None,
        low_call_samples=int((tally.call_rate < options.sample_call_rate).sum()),
    )
    guilty = rate < options.fatal_call_rate
    people = np.flatnonzero(guilty.any(axis=0))
    order = people[np.argsort(-guilty[:, people].sum(axis=0), kind="stable")]
    words = []
    for sample in order[:3]:
        chunk = int(np.flatnonzero(guilty[:, sample])[0])
        place = f"{tally.chunk_chromosome[chunk]}:{tally.chunk_start[chunk]:,}"
        words.append(f"{subject.samples[sample]} ({place}, {100 * rate[chunk, sample]:.0f} %)")
    detail = f"{int(guilty.any(axis=1).sum()):,} of {len(rate):,} chunks would be lost. " + _CHUNK.detail
    severity = SEVERE if options.for_service and guilty.any(axis=1).all() else WARNING
    rule = Rule(_CHUNK.code, severity, _CHUNK.title, detail, _CHUNK.what_to_do, _CHUNK.fix)
    yield from _of_samples(subject, rule, order, words)


def ancestry(subject: CohortSubject) -> Iterable[Finding]:
    """Where people come from; fills the map of the cohort."""
    projection, figures = subject.projection, subject.figures
    if projection is None:
        build = "The build is not certain." if not subject.sure_build else ""
        few = f"Fewer than {MIN_SITES} sites are shared with the reference of ancestries."
        subject.unknown("ancestry", build or few)
        return
    if follows_reference(subject) < 0:
        subject.unknown("ancestry", "Genotypes and letters of the alleles do not belong together.")
        return
    kit = ancestry_kit()
    figures.pcs, figures.ancestry = projection.scores, projection.probabilities
    figures.ancestry_labels = np.array(LABELS, np.str_)
    figures.reference_pcs, figures.reference_label = kit.scores, kit.labels
    labels = np.array(projection.label)
    shares = [(label, int((labels == label).sum())) for label in (*LABELS, UNCERTAIN)]
    subject.learn(
        ancestry=tuple(AncestryShare(label=name, people=people) for name, people in shares if people),
        ancestry_sites=projection.sites,
    )
    few = f"Only {projection.sites:,} sites are shared with the reference of ancestries; these tell little."
    unsure = replace(_UNSURE, detail=few) if projection.sites < FEW_SITES else _UNSURE
    yield from _of_samples(subject, unsure, np.flatnonzero(labels == UNCERTAIN))
    wanted = subject.options.population.upper()
    if wanted in LABELS:
        others = np.flatnonzero((labels != wanted) & (labels != UNCERTAIN))
        detail = f"{len(others):,} of {len(labels):,} people are not {wanted}."
        if len(others) > 0.1 * len(labels):
            rule = Rule(
                _POPULATION.code, _POPULATION.severity, _POPULATION.title, detail, _POPULATION.what_to_do
            )
            yield from _of_samples(subject, rule, others)


def heterozygosity(subject: CohortSubject) -> Iterable[Finding]:
    """Who has too many or too few heterozygotes for people of their ancestry."""
    tally, figures = subject.tally, subject.figures
    if not tally.sites:
        subject.unknown("heterozygosity", "There are no autosomal sites.")
        return
    figures.sample_het = tally.het / np.maximum(tally.called, 1)
    figures.het_f = tally.f
    apart = beyond_structure(tally.f, components(subject.cohorts))
    groups = subject.groups if apart is None else None
    f = tally.f if apart is None else apart
    found = outliers(f, groups, subject.options.het_deviations)
    subject.learn(het_outliers=int((found != 0).sum()))
    limits = f"More than {subject.options.het_deviations:g} standard deviations from others of like ancestry."
    known = f[np.isfinite(f)]
    middle = float(np.median(known)) if len(known) else 0.0
    out = np.flatnonzero(found)
    order = out[np.argsort(-np.abs(f[out] - middle), kind="stable")]
    words = [f"{subject.samples[i]} (F {tally.f[i]:+.2f})" for i in order[:3]]
    rule = Rule(_HET.code, _HET.severity, _HET.title, limits, _HET.what_to_do, _HET.fix)
    yield from _of_samples(subject, rule, order, words)
    yield from _of_samples(subject, _MIXED, np.flatnonzero(mixed(f, groups)))


def relatives(subject: CohortSubject) -> Iterable[Finding]:
    """The same person twice, and relatives."""
    kin = kinship(subject.cohorts)
    if kin is None:
        few = "There are too few common autosomal sites, or one sample only."
        many = f"More than {MOST_PEOPLE:,} people are not compared with one another."
        subject.unknown("related", many if len(subject.samples) > MOST_PEOPLE else few)
        return
    if kin.least >= DUPLICATE:
        why = f"Relatives cannot be told by fewer than {MIN_CHROMOSOMES} chromosomes; the same person can."
        subject.unknown("related", why)
    degrees = kin.degrees()
    subject.figures.pairs, subject.figures.kinship = kin.pairs, kin.kinship
    subject.learn(related=degrees)
    same = kin.pairs[kin.kinship >= DUPLICATE]
    if len(same):
        yield finding_of_rule(
            subject, _SAME, [_pair(subject, kin, i) for i in range(len(same))][:3], len(same)
        )
    others = {name: pairs for name, pairs in degrees.items() if name != "duplicate" and pairs}
    if others:
        numbers = ", ".join(_of_degree(pairs, name) for name, pairs in others.items())
        places = [_pair(subject, kin, i) for i in range(len(same), min(len(kin.pairs), len(same) + 3))]
        rule = Rule(_RELATED.code, _RELATED.severity, _RELATED.title, numbers + ".", _RELATED.what_to_do)
        yield finding_of_rule(subject, rule, places, sum(others.values()))


def _of_degree(pairs: int, degree: str) -> str:
    return f"{pairs:,} {'pair' if pairs == 1 else 'pairs'} of the {degree} degree"


def _pair(subject: CohortSubject, kin: Kin, index: int) -> str:
    one, two = (subject.samples[int(i)] for i in kin.pairs[index])
    return f"{one} and {two} ({kin.kinship[index]:.2f})"


def sex(subject: CohortSubject) -> Iterable[Finding]:
    """Sex by X and Y against the sex that the file states."""
    tally, figures = subject.tally, subject.figures
    stated = np.array(subject.cohorts[0].sex if subject.cohorts else (), np.uint8)
    if not len(stated):
        stated = np.full(tally.samples, UNKNOWN, np.uint8)
    found = sex_of(tally)
    figures.sex_stated = stated
    if found is None:
        subject.unknown("sex", "There are too few sites on X between the pseudoautosomal regions.")
        return
    figures.sex_found = found
    share = np.full(tally.samples, np.nan)
    np.divide(tally.x_het, tally.x_called, out=share, where=tally.x_called > 0)
    figures.x_het = share
    conflict = (found != UNKNOWN) & (stated != UNKNOWN) & (found != stated)
    numbers = {"male": MALE, "female": FEMALE, "unclear": UNKNOWN}
    subject.learn(
        sex={name: int((found == code).sum()) for name, code in numbers.items()},
        sex_conflicts=int(conflict.sum()),
    )
    yield from _of_samples(subject, _SEX, np.flatnonzero(conflict))
    yield from _of_samples(subject, _SEX_UNCLEAR, np.flatnonzero(found == UNKNOWN))
