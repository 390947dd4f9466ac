"""Small VCF files for the tests."""

from collections.abc import Sequence

HEADER = (
    "##fileformat=VCFv4.2\n"
    '##FILTER=<ID=PASS,Description="All filters passed">\n'
    "##contig=<ID=20,length=63025520>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
)


def names(count: int) -> list[str]:
    return [f"S{n}" for n in range(count)]


def columns(samples: Sequence[str]) -> str:
    return (
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]) + "\n"
    )


def record(
    position: int,
    genotypes: Sequence[str],
    *,
    chromosome: str = "20",
    ref: str = "A",
    alt: str = "G",
    filters: str = "PASS",
    keys: str = "GT",
) -> str:
    fixed = [chromosome, str(position), f"v{position}", ref, alt, ".", filters, ".", keys]
    return "\t".join([*fixed, *genotypes]) + "\n"


def vcf(records: Sequence[str], samples: Sequence[str]) -> bytes:
    return (HEADER + columns(samples) + "".join(records)).encode()


def good(samples: int = 4, variants: int = 20, chromosome: str = "20") -> bytes:
    calls = ["0/0", "0/1", "1/1", "./."]
    rows = [
        record(1000 + 10 * n, [calls[(n + k) % 4] for k in range(samples)], chromosome=chromosome)
        for n in range(variants)
    ]
    return vcf(rows, names(samples))
