"""What a file of a result holds, by its name; without NumPy, as the program asks this while it starts."""

from __future__ import annotations

from enum import StrEnum

PACKED = (".vcf.gz", ".vcf.bgz")


class FileKind(StrEnum):
    """What a file of a result holds."""

    DOSE = "dose"
    INFO = "info"
    EMPIRICAL = "empirical dose"
    GENOTYPES = "genotypes"
    OTHER = "other"


def kind_of(name: str) -> FileKind:
    """What a file holds by its name; GENOTYPES where only its header can tell more."""
    low = name.lower()
    if low.endswith((".info.gz", ".info")):
        return FileKind.INFO
    if not low.endswith((*PACKED, ".vcf", ".bcf")):
        return FileKind.OTHER
    if "empiricaldose" in low:
        return FileKind.EMPIRICAL
    return FileKind.DOSE if ".dose.vcf" in low or ".dose.bcf" in low else FileKind.GENOTYPES


def is_watched(name: str) -> bool:
    """Whether a file of that name is looked into."""
    return kind_of(name) is not FileKind.OTHER


def is_bcf(name: str) -> bool:
    """Whether a file is no text: it is proved where it lies, not on its way to the disk."""
    return name.lower().endswith(".bcf")
