"""What became of every site, as a table beside the output; it says enough to undo each change by hand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.study import CHROMOSOMES
from app.genotypes.repair.words import CODES

HEAD = (
    "file record chromosome position id ref alt outcome reasons "
    "new_chromosome new_position new_ref new_alt genotypes set_missing"
).replace(" ", "\t")
_AT_ONCE = 50_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def write_site_log(draft: Draft, path: Path) -> None:
    """One line a site in the order of the files. OSError."""
    with BgzfWriter(path) as writer:
        writer.write((HEAD + "\n").encode())
        for number in range(len(draft.study.cohorts)):
            rows = np.flatnonzero(draft.study.cohort == number)
            for at in range(0, len(rows), _AT_ONCE):
                text = "".join(_lines(draft, number, rows[at : at + _AT_ONCE]))
                writer.write(text.encode("utf-8", "backslashreplace"))


def cell(text: str) -> str:
    """A text of the files as a cell: what would end it, or steer a terminal, stands as its code (`\\x09`)."""
    return text if text.isprintable() else _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _lines(draft: Draft, number: int, rows: Rows) -> Iterator[str]:
    cohort = draft.study.cohorts[number]
    name = cell(os.path.basename(cohort.origin.files[0])) if cohort.origin.files else str(number + 1)
    chromosomes = list(map(cell, cohort.names))
    places = draft.study.row[rows].astype(np.intp)
    columns = zip(
        rows.tolist(),
        cohort.record[places].tolist(),
        cohort.chromosome[places].tolist(),
        cohort.position[places].tolist(),
        cohort.ids[places],
        cohort.refs[places],
        cohort.alts[places],
        strict=True,
    )
    for row, record, chromosome, position, identifier, ref, alt in columns:
        site = f"{chromosomes[chromosome]}\t{position}\t{cell(identifier) or '.'}\t{cell(ref)}\t{cell(alt)}"
        yield f"{name}\t{record + 1}\t{site}\t{_fate(draft, row)}\n"


def _fate(draft: Draft, row: int) -> str:
    dropped = int(draft.dropped[row])
    reasons = ",".join(_reasons(int(draft.changed[row])))
    if dropped:
        return (
            f"removed\t{','.join(each for each in (reasons, CODES[dropped - 1]) if each)}\t.\t.\t.\t.\t.\t."
        )
    ref, alt = map(cell, draft.alleles(row))
    genotypes = f"{'exchanged' if draft.swap[row] else 'same'}\t{draft.split.set_missing.get(row, 0)}"
    place = f"{CHROMOSOMES[int(draft.chromosome[row])]}\t{int(draft.position[row])}"
    outcome = "changed" if reasons else "kept"
    return f"{outcome}\t{reasons or 'unchanged'}\t{place}\t{ref}\t{alt}\t{genotypes}"


def _reasons(bits: int) -> Iterator[str]:
    return (code.value for number, code in enumerate(CODES, start=1) if bits >> number & 1)


def write_sample_map(draft: Draft, path: Path) -> None:
    """Old and new name, batch, and what became of each sample. OSError."""
    lines = ["sample\tnew_name\tbatch\toutcome"]
    for at, original in enumerate(draft.study.samples):
        name, new = cell(original), cell(draft.names[at])
        lost = int(draft.lost[at])
        if lost:
            lines.append(f"{name}\t.\t.\t{CODES[lost - 1].value}")
        else:
            renamed = "renamed" if draft.names[at] != original else "kept"
            lines.append(f"{name}\t{new}\t{int(draft.batch[at])}\t{renamed}")
    lines += [f"{cell(name)}\t.\t.\tnot_in_all_files" for name in draft.study.left_out]
    part = path.with_name(path.name + ".part")
    part.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")
    os.replace(part, path)
