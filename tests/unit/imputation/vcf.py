"""Small VCF files for tests of imputation."""

from collections.abc import Sequence
from pathlib import Path

Row = tuple[int, str, str, Sequence[str]]


def write_vcf(path: Path, rows: Sequence[Row], chromosome: str = "20", prefix: str = "P") -> Path:
    """Write rows (position, REF, ALT, genotypes) with samples P1, P2 …"""
    names = [f"{prefix}{i + 1}" for i in range(len(rows[0][3]) if rows else 2)]
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]
    lines = ["##fileformat=VCFv4.2", f"##contig=<ID={chromosome}>"]
    lines += ['##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">', "\t".join(columns)]
    for position, ref, alt, cells in rows:
        head = [chromosome, str(position), ".", ref, alt, ".", "PASS", ".", "GT"]
        lines.append("\t".join([*head, *cells]))
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def panel_rows(sites: int = 40, people: int = 10) -> list[Row]:
    """A phased panel of A/C sites every 1,000 bp."""
    rows: list[Row] = []
    for site in range(sites):
        cells = [f"{(7 * i + site) % 3 % 2}|{(5 * i + 3 * site) % 4 % 2}" for i in range(people)]
        rows.append((1000 * (site + 1), "A", "C", cells))
    return rows
