"""What other programs refuse to read, told before it is written: names of samples, order of variants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.export import ExportFormat
from app.domain.problem import Kind, ProblemError, problem

_OWN_LINES = (ExportFormat.VCF, ExportFormat.TABLE)
"""Formats that keep names as they stand in the source."""
_LISTS = (ExportFormat.BGEN, ExportFormat.PGEN, ExportFormat.BED)
"""Formats with a list of samples in a text beside the genotypes."""


def refuse_names(form: ExportFormat, names: Sequence[str], subject: str) -> None:
    """ProblemError where names of samples cannot stand in the files of a format.

    With blanks they would be two words, `0` means nobody to PLINK, `#` begins a header; and two people of
    one name are refused by bcftools as by PLINK.
    """
    if form in _OWN_LINES:
        return
    if form in _LISTS:
        blank = sum(1 for name in names if not name or any(letter.isspace() for letter in name))
        if blank:
            raise _bad(f"{blank:,} names have blanks, and would be two words in the list of samples", subject)
        odd = sum(1 for name in names if name == "0" or name.startswith("#"))
        if odd:
            raise _bad(f"{odd:,} names are 0 or begin with #, which PLINK takes for something else", subject)
    twice = len(names) - len(set(names))
    if twice:
        raise _bad(f"{twice:,} names stand for several people, which no program reads", subject)


def _bad(why: str, subject: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "Names of samples cannot be written in this format",
        f"{why[0].upper()}{why[1:]}.",
        "Choose VCF, which keeps names as they are, or rename the samples.",
        subject=subject,
    )


class Order:
    """Sees that variants are in order, where the writer of a format has no index that would see it."""

    def __init__(self, form: ExportFormat, subject: str) -> None:
        self._matters, self._subject = form in _LISTS, subject
        self._seen: set[str] = set()
        self._chromosome, self._last = "", 0

    def check(self, chromosome: str, position: NDArray[np.int64]) -> None:
        """Take in the next rows; ProblemError where a chromosome comes again or a position is too small."""
        if not self._matters or not len(position):
            return
        if chromosome != self._chromosome:
            if chromosome in self._seen:
                raise self._unsorted(f"chromosome {chromosome} comes twice, with another between")
            self._seen.add(chromosome)
            self._chromosome, self._last = chromosome, 0
        if int(position[0]) < self._last or (np.diff(position) < 0).any():
            raise self._unsorted(f"the positions of chromosome {chromosome} are not in order")
        self._last = int(position[-1])

    def _unsorted(self, why: str) -> ProblemError:
        return problem(
            Kind.INPUT,
            "The variants are not in order",
            f"{self._subject}: {why}. PLINK 2 and regenie refuse such files.",
            "Sort the file by chromosome and position first, for example with bcftools sort.",
            subject=self._subject,
        )
