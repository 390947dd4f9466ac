"""The answer of the quality control as messages and files of a job (`cloudgene.md` 7.2 to 7.8)."""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path

from app.genotypes.server_qc import ServerQcAnswer
from app.practice.orders import ERROR, OK, WARNING

Row = tuple[str, ...]
Messages = list[tuple[int, str]]

_STATISTICS = {
    "Alternative allele frequency > 0.5 sites": "alt_af_gt_05",
    "Reference Overlap": "reference_overlap_pct",
    "Match": "match",
    "Allele switch": "allele_switch",
    "Strand flip": "strand_flip",
    "Strand flip and allele switch": "strand_flip_and_switch",
    "A/T, C/G genotypes": "ambiguous_at_cg",
}
_FILTERED = {
    "Filter flag set": "filter_flag",
    "Invalid alleles": "invalid_alleles",
    "Multiallelic sites": "multiallelic",
    "Duplicated sites": "duplicated",
    "NonSNP sites": "non_snp",
    "Monomorphic sites": "monomorphic",
    "Allele mismatch": "allele_mismatch",
    "SNPs call rate < 90%": "low_call_rate",
}
_SITE = ("ID", "CHROM", "POS", "REF", "ALT")
_CHUNK = ("CHUNK", "SNPS", "REFERENCE_OVERLAP", "SAMPLES_LOW_CALL_RATE")


def control_messages(answer: ServerQcAnswer) -> Messages:
    """The messages of the step "Quality Control", with their types, in order."""
    told: Messages = []
    if answer.counters is not None:
        told += [(OK, _statistics(answer)), (WARNING, _totals(answer))]
    told += [(WARNING, f"<b>Warning:</b> {each}") for each in answer.warnings]
    if answer.error is not None:
        told.append((ERROR, f"<b>Error:</b> {answer.error}"))
    elif answer.chunks_excluded:
        told.append((OK, f"Remaining chunk(s): {answer.chunks_remaining}"))
    return told


def _figure(answer: ServerQcAnswer, name: str) -> str:
    value = getattr(answer.counters, name)
    if name != "reference_overlap_pct":
        return f"{value:,}"
    return "NaN %" if value is None else f"{value:.2f} %"


def _statistics(answer: ServerQcAnswer) -> str:
    lines = ["<b>Statistics:</b>"]
    lines += [f"{text}: {_figure(answer, name)}" for text, name in _STATISTICS.items()]
    lines.append("<b>Filtered sites:</b>")
    lines += [f"{text}: {_figure(answer, name)}" for text, name in _FILTERED.items()]
    return "\n".join(lines)


def _totals(answer: ServerQcAnswer) -> str:
    lines = [
        f"Excluded sites in total: {_figure(answer, 'excluded')}",
        f"Remaining sites in total: {_figure(answer, 'remaining')}",
    ]
    if answer.excluded_sites:
        lines.append("See snps-excluded.txt for details")
    if answer.typed_only_sites:
        lines += [f"Typed only sites: {_figure(answer, 'typed_only')}", "See typed-only.txt for details"]
    return "\n".join(lines)


def write_files(answer: ServerQcAnswer, output: Path) -> None:
    """`qc_report.txt`, `quality-control.html` and `statistics/…` below the job's output folder."""
    folder = output / "statistics"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (head, rows) in _tables(answer).items():
        _write_table(folder / name, head, rows)
    (output / "qc_report.txt").write_text(_commands(answer), encoding="utf-8")
    (output / "quality-control.html").write_text(_page(answer), encoding="utf-8")


def _tables(answer: ServerQcAnswer) -> dict[str, tuple[Row, list[Row]]]:
    excluded: list[Row] = [
        (each.id, each.chromosome, str(each.position), each.ref, each.alt, each.reason)
        for each in answer.excluded_sites
    ]
    typed: list[Row] = [
        (each.id, each.chromosome, str(each.position), each.ref, each.alt) for each in answer.typed_only_sites
    ]
    chunks: list[Row] = [
        (
            each.chunk,
            str(each.snps),
            "NaN" if each.reference_overlap is None else str(each.reference_overlap),
            str(each.samples_low_call_rate),
        )
        for each in answer.chunks_excluded
    ]
    tables: dict[str, tuple[Row, list[Row]]] = {
        "snps-excluded.txt": ((*_SITE, "INFO"), excluded),
        "snps-typed-only.txt": (_SITE, typed),
        "chunks-excluded.txt": (_CHUNK, chunks),
    }
    if answer.x_ploidy:
        tables["chrX-info.txt"] = (("SAMPLE", "POSITION"), [*answer.x_ploidy])
    if answer.lift_over_failed:
        tables["lift-over.txt"] = (
            (),
            [(where, "LiftOver", text) for where, text in answer.lift_over_failed],
        )
    return tables


def _write_table(path: Path, head: Row, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if head:
            file.write("\t".join(head) + "\n")
        file.writelines("\t".join(row) + "\n" for row in rows)


def _commands(answer: ServerQcAnswer) -> str:
    """The report in the lines that the real server's own parser reads."""
    kinds = {OK: "message", WARNING: "warning", ERROR: "error"}
    lines = [f"::set-counter name=samples:: {answer.samples or 0}"]
    for kind, text in control_messages(answer):
        if "\n" in text:
            lines += [f"::group type={kinds[kind]}::", text, "::endgroup::"]
        else:
            lines.append(f"::{kinds[kind]}:: {text}")
    return "\n".join(lines) + "\n"


def _page(answer: ServerQcAnswer) -> str:
    rows = [("Samples", f"{answer.samples or 0:,}")]
    if answer.counters is not None:
        rows += [(text, _figure(answer, name)) for text, name in (_STATISTICS | _FILTERED).items()]
        rows.append(("Remaining sites", _figure(answer, "remaining")))
    table = "".join(f"<tr><th>{html.escape(name)}</th><td>{value}</td></tr>" for name, value in rows)
    told = [*answer.warnings, *([answer.error] if answer.error else [])]
    notes = "".join(f"<li>{html.escape(each)}</li>" for each in told)
    return (
        '<!doctype html><meta charset="utf-8"><title>Quality control</title>'
        f"<h1>Quality control</h1><table>{table}</table><ul>{notes}</ul>\n"
    )
