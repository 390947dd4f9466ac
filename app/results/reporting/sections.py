"""The sections of the report of a result, from recorded facts, measured figures and the books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.ledger import ResultLedger
from app.domain.quality import QualityFigures
from app.domain.result_report import DatasetFacts, OutputFact, RunFacts
from app.genotypes.builds import naturally
from app.genotypes.reporting.hiding import Hiding
from app.results.figures.measuring import Measured
from app.results.reporting.books import ledger_sections
from app.results.reporting.content import Block, Cell, Document, Figure, Section, Table, Text
from app.results.reporting.methods import methods_paragraph
from app.results.reporting.people import people_section
from app.results.reporting.plots import (
    calibration,
    er2_plane,
    frequency_plane,
    heat_map,
    maf_text,
    r2_by_maf,
    r2_histogram,
)
from app.results.reporting.references import plain, references_of

_MOST_SITES = 25
_NO_ER2 = "not known: the files have no ER2"


@dataclass(frozen=True, eq=False)
class ReportParts:
    """Everything a report is made of; `measured` None where the result has no figures."""

    facts: RunFacts
    outputs: Sequence[OutputFact] = ()
    measured: Measured | None = None
    ledger: ResultLedger | None = None


def result_document(parts: ReportParts, hiding: Hiding) -> Document:
    """The whole report. Names of people and small numbers of them go through `hiding`."""
    facts = parts.facts
    sections: list[Section | None] = [_summary(parts, hiding), _warnings(parts, hiding)]
    if parts.measured is not None:
        sections += [*_quality(parts.measured), people_section(parts.measured, hiding)]
    if parts.ledger is not None:
        sections += ledger_sections(parts.ledger, hiding)
    sections += [_run(facts, hiding), _data(facts.dataset, hiding), _methods(parts, hiding)]
    sections.append(_files(parts, hiding))
    about = f"Report of an imputation result by Haplodesk {facts.haplodesk}, {facts.made:%Y-%m-%d %H:%M %Z}."
    about += " Made on this computer; nothing was sent."
    title = hiding.text(facts.title) or "Imputation result"
    return Document(title, about, [each for each in sections if each is not None and each.blocks])


def _summary(parts: ReportParts, hiding: Hiding) -> Section:
    facts, rows = parts.facts, list[tuple[str, Cell]]()
    if parts.measured is not None:
        figures = parts.measured.figures
        whole = figures.whole
        rows += [
            ("Samples", hiding.people(figures.samples) if figures.samples else None),
            ("Imputed variants", whole.imputed),
            ("Typed variants in the panel", whole.typed),
            ("Typed variants not in the panel", whole.array_only),
            ("Mean R2 of imputed variants", whole.mean_r2),
            ("Share with R2 ≥ 0.3", _share(whole.share_r2_03)),
            ("Share with R2 ≥ 0.8", _share(whole.share_r2_08)),
            ("Mean ER2 of typed variants", whole.mean_er2),
            ("Suspect probes", len(figures.suspects) if whole.mean_er2 is not None else _NO_ER2),
        ]
    rows += [
        ("Service", facts.service.name or hiding.text(facts.origin)),
        ("Panel", " ".join(each for each in (facts.panel.name, facts.panel.build) if each)),
        ("Sent", _time(facts.submitted)),
        ("Verified", _time(facts.verified)),
    ]
    shown = [row for row in rows if row[1] is not None and row[1] != ""]
    return Section("Summary", [*_headline(parts, hiding), Table(("", ""), shown)])


def _headline(parts: ReportParts, hiding: Hiding) -> Iterator[Text]:
    if parts.facts.verdict:
        yield Text(hiding.text(parts.facts.verdict), "headline")
    ledger = parts.ledger
    if ledger is None:
        return
    lost = not ledger.adds_up or ledger.unexplained
    yield Text(ledger.sentence, "good" if ledger.complete else "bad" if lost else "fair")


def _warnings(parts: ReportParts, hiding: Hiding) -> Section:
    told = [Text(hiding.text(each), "fair") for each in parts.facts.warnings]
    if parts.ledger is not None:
        told += [Text(hiding.text(each.text), "bad") for each in parts.ledger.remarks if each.red]
    return Section("Warnings", told)


def _quality(measured: Measured) -> Iterator[Section]:
    figures, tables = measured.figures, measured.tables
    if figures.whole.mean_r2 is not None:
        words = "Bars: shares of the imputed variants of a range by their R2; line: their mean R2."
        yield Section(
            "Quality by minor allele frequency",
            [Figure(r2_by_maf(figures.by_maf), words), _by_maf(figures)],
        )
        yield Section("Distribution of R2", [Figure(r2_histogram(tables))])
        order = naturally(tables.chromosomes)
        words = "Mean R2 of imputed variants; an empty field has none."
        yield Section(
            "Quality by chromosome", [Figure(heat_map(tables, order), words), _by_chromosome(figures, order)]
        )
    yield Section("Typed variants", list(_typed(measured)))
    if figures.frequency is not None:
        yield _frequencies(measured)
    if figures.gaps:
        rows = [(each.chromosome, each.first, each.last, each.at_border) for each in figures.gaps]
        heads = ("Chromosome", "From", "To", "Between two chunks")
        yield Section("Gaps", [Text("Stretches without any variant."), Table(heads, rows)])


def _by_maf(figures: QualityFigures) -> Table:
    heads = ("MAF (%)", "Imputed", "Typed", "Mean R2", "Median R2", "R2 ≥ 0.3", "R2 ≥ 0.8", "Mean ER2")
    rows = [
        (
            maf_text(each.maf_from, each.maf_to),
            each.sites.imputed,
            each.sites.typed,
            each.sites.mean_r2,
            each.sites.median_r2,
            _share(each.sites.share_r2_03),
            _share(each.sites.share_r2_08),
            each.sites.mean_er2,
        )
        for each in figures.by_maf
    ]
    return Table(heads, rows)


def _by_chromosome(figures: QualityFigures, order: Sequence[str]) -> Table:
    heads = ("Chromosome", "From", "To", "Imputed", "Typed", "Array only", "Mean R2", "R2 ≥ 0.8", "Mean ER2")
    known = {each.chromosome: each for each in figures.by_chromosome}
    rows = [
        (
            name,
            (each := known[name]).first,
            each.last,
            each.sites.imputed,
            each.sites.typed,
            each.sites.array_only,
            each.sites.mean_r2,
            _share(each.sites.share_r2_08),
            each.sites.mean_er2,
        )
        for name in order
        if name in known
    ]
    return Table(heads, rows)


def _typed(measured: Measured) -> Iterator[Block]:
    figures, tables = measured.figures, measured.tables
    if tables.er2_grid.any():
        words = "Below the line and to the right: typed variants that the panel does not believe."
        yield Figure(er2_plane(tables), words)
    if figures.left_out:
        heads = ("MAF (%)", "Variants", "Genotypes", "Non-reference concordance", "IQS", "r2")
        rows = [
            (
                maf_text(each.maf_from, each.maf_to),
                each.sites,
                each.genotypes,
                each.nonref_concordance,
                each.iqs,
                each.r2,
            )
            for each in figures.left_out
        ]
        yield Text("Typed variants, imputed as if they had not been typed")
        yield Table(heads, rows)
    if figures.calibration:
        words = "On the dashed line a dosage means what it says; the larger a dot, the more genotypes."
        yield Figure(calibration(figures.calibration), words)
    if figures.whole.typed and figures.whole.mean_er2 is None:
        yield Text("Whether probes are suspect is not known: the files have no ER2.", "small")
    if figures.suspects:
        yield Text(f"{len(figures.suspects):,} suspect probes: high R2, low ER2", "fair")
        rows2 = [
            (each.chrom, each.pos, each.ref, each.alt, each.r2, each.er2)
            for each in figures.suspects[:_MOST_SITES]
        ]
        yield Table(("Chromosome", "Position", "REF", "ALT", "R2", "ER2"), rows2, _first(figures.suspects))


def _frequencies(measured: Measured) -> Section:
    found = measured.figures.frequency
    assert found is not None
    rows: list[tuple[str, Cell]] = [
        ("Variants in both", found.sites),
        ("Not in the panel", found.absent),
        ("Squared correlation", found.r2),
        ("Difference over 0.1", found.over_01),
        ("Difference over 0.2", found.over_02),
    ]
    heads = ("Chromosome", "Position", "REF", "ALT", "Result", "Panel", "Typed")
    worst = [
        (each.chrom, each.pos, each.ref, each.alt, each.result, each.panel, each.typed)
        for each in found.outliers[:_MOST_SITES]
    ]
    note = _first(found.outliers)
    blocks: list[Block] = [Figure(frequency_plane(measured.tables)), Table(("", ""), rows)]
    return Section("Allele frequencies", [*blocks, Table(heads, worst, note)])


def _first(sites: Sequence[object]) -> str:
    return f"The worst {_MOST_SITES} of {len(sites):,}." if len(sites) > _MOST_SITES else ""


def _run(facts: RunFacts, hiding: Hiding) -> Section:
    service, panel = facts.service, facts.panel
    rows: list[tuple[str, Cell]] = [
        ("Service", service.name),
        ("Address", service.base_url),
        ("Operator", service.operator),
        ("Application", service.app_name or service.app_id),
        ("Version of the application", service.app_version),
        ("Panel", panel.name),
        ("Panel, as the service calls it", panel.id),
        ("Version of the panel", panel.version),
        ("Build of the panel", panel.build),
        ("Samples of the panel", panel.samples),
        ("Variants of the panel", panel.variants),
        ("Job at the service", facts.remote_id),
        ("Person", facts.person),
        ("Sent", _time(facts.submitted)),
        ("Started", _time(facts.started)),
        ("Ended", _time(facts.ended)),
        ("Verified", _time(facts.verified)),
        ("Report by", f"Haplodesk {facts.haplodesk}"),
    ]
    options = [(name, value) for name, value in sorted(facts.options.items())]
    software = [(each.name, each.version, each.role, each.source) for each in facts.software]
    header = [(name, hiding.text(value)) for name, value in facts.header]
    return Section(
        "Versions and parameters",
        [
            Table(("Run", ""), [row for row in rows if row[1] not in (None, "")]),
            Table(("Parameter", "Value"), options),
            Table(("Program", "Version", "Part", "Written in"), software),
            Table(("Header of the files", ""), header),
        ],
    )


def _data(dataset: DatasetFacts | None, hiding: Hiding) -> Section | None:
    if dataset is None:
        return None
    people = None if dataset.samples is None else hiding.people(dataset.samples)
    rows: list[tuple[str, Cell]] = [
        ("Dataset", hiding.text(dataset.name)),
        ("Checked", _time(dataset.checked)),
        ("Samples", people),
        ("Variants", dataset.sites),
        ("Chromosomes", " ".join(dataset.chromosomes)),
        ("Build", dataset.build),
        ("Mean call rate", dataset.call_rate),
    ]
    repairs = [
        (
            each.title,
            each.changed_sites,
            each.removed_sites,
            hiding.people(each.changed_samples),
            hiding.people(each.removed_samples),
        )
        for each in dataset.repairs
    ]
    heads = ("Repair", "Sites changed", "Sites removed", "People changed", "People removed")
    findings = [Text(hiding.text(each), "small") for each in dataset.findings]
    told = [row for row in rows if row[1] not in (None, "")]
    return Section("Data that were sent", [Table(("", ""), told), Table(heads, repairs), *findings])


def _methods(parts: ReportParts, hiding: Hiding) -> Section:
    figures = parts.measured.figures if parts.measured is not None else None
    text = methods_paragraph(parts.facts, figures, parts.ledger, hiding)
    cited = [
        Text(f"{number}. {plain(each)}", "small")
        for number, each in enumerate(references_of(parts.facts), start=1)
    ]
    return Section("Methods, for a paper", [Text(text, "method"), *cited])


def _files(parts: ReportParts, hiding: Hiding) -> Section:
    inputs = [
        (hiding.text(each.name) if hiding.off else f"input {number}", each.format, each.size, each.sha256)
        for number, each in enumerate(parts.facts.inputs, start=1)
    ]
    outputs = [
        (hiding.text(each.path), each.kind, each.size, each.verified_by, each.sha256)
        for each in parts.outputs
    ]
    return Section(
        "Files",
        [
            Table(("Sent", "Format", "Bytes", "SHA-256"), inputs),
            Table(("Result", "Holds", "Bytes", "Proof", "SHA-256"), outputs),
        ],
    )


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"


def _time(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M %Z}".strip() if at is not None else ""
