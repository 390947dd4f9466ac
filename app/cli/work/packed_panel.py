"""`panels pack` and `panels verify`: a reference panel as one packed file, which `impute` reads."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from app.cli.program import Session
from app.cli.work.carrying import under_rule
from app.cli.work.check import readable
from app.domain.problem import Kind, problem
from app.genotypes.worker import Throttle
from app.imputation.panel_format.building import pack_vcf
from app.imputation.panel_format.reader import SUFFIX, Panel


def pack(session: Session, source: Path, target: Path) -> None:
    """Pack a panel file and say what was kept; nothing is overwritten."""
    if target.suffix != SUFFIX:
        raise problem(
            Kind.INPUT,
            "The name does not fit",
            f"{target.name} does not end in {SUFFIX}.",
            f"Choose a name that ends in {SUFFIX}.",
            subject=str(target),
        )
    if target.exists():
        raise problem(
            Kind.INPUT,
            "The file is there already",
            f"{target} would be overwritten.",
            "Choose another name, or remove it first.",
            subject=str(target),
        )
    report = Throttle(partial(session.out.bar.show, "Packing"))
    path = readable([source])[0]
    work = partial(pack_vcf, path, target, report=report)
    made = under_rule(session, [path], target.parent, work, lambda _: [target])
    row = {
        "file": str(target),
        "bytes": target.stat().st_size,
        "samples": made.samples,
        "sites": made.sites,
        "several_alts": made.several_alts,
        "duplicates": made.duplicates,
        "without_alt": made.without_alt,
    }
    lines = [f"{made.sites:,} sites of {made.samples:,} people", str(target)]
    session.out.answer(row, [*lines, *counted(made.several_alts, made.duplicates, made.without_alt)])


def counted(several_alts: int, duplicates: int, without_alt: int) -> list[str]:
    """What became of records that were not simply taken, in words; nothing where there were none."""
    told = {
        "with several ALT alleles: each allele was kept as a record of its own": several_alts,
        "left out as duplicates": duplicates,
        "left out without an ALT allele": without_alt,
    }
    return [f"{many:,} record{'s' if many != 1 else ''} {what}" for what, many in told.items() if many]


def verify(session: Session, path: Path) -> None:
    """Read a packed panel from end to end and say what it holds."""
    with Panel.open(path) as panel:
        panel.verify(Throttle(partial(session.out.bar.show, "Verifying")))
        row = {
            "file": str(path),
            "whole": True,
            "chromosome": panel.contig,
            "samples": len(panel.ploidy),
            "haplotypes": panel.size,
            "sites": panel.count,
            "first": panel.first,
            "last": panel.last,
        }
        held = f"{panel.count:,} sites of {len(panel.ploidy):,} people ({panel.size:,} haplotypes)"
        lines = [f"Whole: {held}, {panel.contig}:{panel.first:,}-{panel.last:,}"]
    session.out.answer(row, lines)
