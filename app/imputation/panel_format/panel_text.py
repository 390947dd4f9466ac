"""Panel files of every form that is read, as text of a VCF: VCF, BCF, MSAV of Minimac4, bref3 of Beagle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report
from app.genotypes.bgzf import open_text_blocks
from app.imputation.packed_panels import is_packed, packed_lines
from app.imputation.panel_format.bcf_lines import bcf_lines

_PIECE = 4 << 20
_CONTIG = re.compile(rb"##contig=<(?=[^>]*ID=([^,>]+))(?=[^>]*length=(\d+))?")


def contig_length(line: bytes) -> tuple[str, int | None] | None:
    """What a header line says of a chromosome: its name and its length; None for other lines."""
    found = _CONTIG.match(line)
    if found is None:
        return None
    return found[1].decode("utf-8", "replace"), int(found[2]) if found[2] else None


def refuse_old_form(source: Path) -> None:
    """Packed forms of old are told by their names; they cannot be read back."""
    if source.name.lower().endswith((".sav", ".bref", ".m3vcf", ".m3vcf.gz")):
        raise problem(
            Kind.INPUT,
            "A panel of an old form",
            f"{source.name} is packed for an older program.",
            "Add the VCF or BCF file that it was made from, or one in the form MSAV or bref3.",
            subject=source.name,
        )


def panel_texts(source: Path, report: Report) -> Iterator[bytes]:
    """Whole lines of the file as a VCF, some megabytes at once."""
    step = f"Reading {source.name}"
    if is_packed(source) or source.name.lower().endswith(".bcf"):
        yield from _joined(source, report, step)
        return
    with open_text_blocks(source, piece_bytes=_PIECE) as blocks:
        for piece in blocks:
            yield bytes(piece)
            report(Progress(done=blocks.packed_done, total=blocks.size, step=step))


def _joined(source: Path, report: Report, step: str) -> Iterator[bytes]:
    """The lines of a binary form, as many as make up some megabytes."""
    size = source.stat().st_size

    def told(done: int) -> None:
        report(Progress(done=done, total=size, step=step))

    lines = packed_lines(source, told) if is_packed(source) else bcf_lines(source, told)
    held: list[bytes] = []
    length = 0
    for line in lines:
        held.append(line)
        length += len(line)
        if length > _PIECE:
            yield b"\n".join(held) + b"\n"
            held, length = [], 0
    yield b"\n".join(held)
