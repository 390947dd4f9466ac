"""Site tables of panels for tests, made plainly from their VCFs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.genotypes.bgzf import read_lines
from app.genotypes.matrix import read_matrix
from app.genotypes.site_table import NO_FREQUENCY, OTHER, SiteTable, letters_code, table_of
from app.genotypes.texts import Texts


def table_of_panel(path: Path) -> SiteTable:
    """Sites of a VCF with genotypes, with frequencies counted and the rs numbers of the identifiers."""
    matrix = read_matrix(path)
    code = letters_code(Texts.of(matrix.refs), Texts.of(matrix.alts))
    frequency = np.round((matrix.haplotypes == 1).mean(axis=1) * (NO_FREQUENCY - 1)).astype(np.uint16)
    numbers = [each[2:] if each.startswith("rs") and each[2:].isdigit() else "0" for each in matrix.ids]
    others = {int(i): (str(matrix.refs[i]), str(matrix.alts[i])) for i in np.flatnonzero(code == OTHER)}
    return SiteTable(
        matrix.positions.astype(np.uint32), code, frequency, np.array(numbers, np.uint32), others
    )


def sites_of_vcf(path: Path) -> SiteTable:
    """Positions and alleles of a VCF of one chromosome; multiallelic rows count once an ALT."""
    return table_of(_vcf_rows(path))


def _vcf_rows(path: Path) -> Iterator[tuple[int, str, str]]:
    for line in read_lines(path):
        if not line.startswith(b"#"):
            _, position, _, ref, alt, *_ = line.split(b"\t", 5)
            for each in alt.decode().split(","):
                yield int(position), ref.decode(), each
