"""What a job on this computer tells of a chromosome: what became of its sites, phase and records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from app.domain.job import MessageKind
from app.imputation.chunks import MEGABASE
from app.imputation.panel_part import PanelPart
from app.imputation.part_run import PartResult

Line = tuple[Literal["ok", "info", "warning"], str]
LINES = {"ok": MessageKind.OK, "info": MessageKind.INFO, "warning": MessageKind.WARNING}
_LOW_AGREEMENT = 0.8
_ENOUGH = 50  # typed sites, for somebody without a heterozygous one to be likely a man


def part_lines(part: PanelPart, result: PartResult) -> Iterator[Line]:
    """The messages of a part, the good ones first."""
    sites = result.plan.alignment
    head = f"Chromosome {part.name}: "
    turned = sites.exchanged + sites.flipped
    yield "ok", f"{head}{sites.typed:,} of {sites.sites:,} sites are in the panel and were used."
    if turned:
        yield (
            "info",
            f"{head}{sites.exchanged:,} sites had REF and ALT exchanged, {sites.flipped:,} were on the "
            "other strand; they were turned.",
        )
    if sites.lost:
        yield (
            "warning",
            f"{head}{sites.lost:,} sites were left out: {sites.mismatched:,} with other alleles, "
            f"{sites.ambiguous:,} of ambiguous strand, {sites.duplicates:,} duplicates, "
            f"{sites.unusable:,} with several ALT alleles.",
        )
    if sites.men:
        yield (
            "info",
            f"{head}{sites.men:,} people are men written with two alleles: they are heterozygous next to "
            f"nowhere. They were imputed with one, and the result has one; {sites.unlikely:,} heterozygous "
            "calls of them were taken as missing.",
        )
    if part.part == "nonPAR" and sites.typed >= _ENOUGH and sites.never_het:
        yield (
            "warning",
            f"{head}{sites.never_het:,} people have two equal alleles at every site, as men have who are "
            "written with two. They were imputed so, with dosages of 0 to 2, and count twice in R2; where "
            "that matters, write men with one allele in the files and send them again.",
        )
    if sites.typed_only:
        yield "info", f"{head}{sites.typed_only:,} sites are not in the panel."
    yield from ((kind, head + text) for kind, text in _phase_lines(result))
    written = sum(each.figures.written for each in result.results)
    yield "ok", f"{head}{written:,} sites written in {len(result.results)} chunks."
    for chunk in result.left_out:
        if not sum(part.per_mb[chunk.first // MEGABASE : chunk.last // MEGABASE + 1]):
            continue  # the panel has nothing there either
        where = f"{chunk.first:,} to {chunk.last:,}"
        yield "warning", f"{head}no typed site from {where} or near it; nothing was imputed there."


def _phase_lines(result: PartResult) -> Iterator[Line]:
    plan = result.plan
    if plan.fills:
        yield "info", f"{plan.alignment.missing:,} missing genotypes of phased data were filled."
    elif plan.phasing != "none":
        yield "info", f"phased ({plan.phasing}); {plan.alignment.missing:,} missing genotypes filled."
    if result.agreement is not None:
        share = f"{result.agreement:.0%}"
        kind: Literal["info", "warning"] = "info" if result.agreement >= _LOW_AGREEMENT else "warning"
        yield kind, f"chunks agree in phase at their borders ({share} of the evidence)."
