"""Open an imputed file of any engine as arrays."""

from __future__ import annotations

import contextlib
import zlib
from pathlib import Path

from app.results.doses.contract import DoseReader, Field


def open_doses(
    path: Path, want: Field = Field.DOSAGE, *, lines: bool = False, kernel: bool | None = None
) -> DoseReader:
    """Open a VCF (plain, gzip or BGZF) or BCF file, told by its first bytes, never by its name.

    `want`: what is read of every genotype; `lines`: also the lines themselves (VCF only). `kernel` False:
    without the extension in C, True: only with it. `fields` of the reader are those wanted fields that the
    first record has. ProblemError when the file cannot be opened or has no header.
    """
    from app.results.doses.text_doses import TextDoses, refuse

    try:
        is_binary = _starts_as_bcf(path)
    except OSError as error:
        raise refuse(path, 1, str(error.strerror)) from error
    if is_binary:
        from app.results.doses.bcf_doses import BcfDoses

        return BcfDoses(path, want)
    return TextDoses(path, want, lines=lines, kernel=kernel)


def _starts_as_bcf(path: Path) -> bool:
    """Whether the text of a file, packed or not, begins as that of a BCF file."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if head.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            head = zlib.decompressobj(wbits=31).decompress(head, 5)
    return head.startswith(b"BCF\x02")
