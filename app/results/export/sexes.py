"""The sexes of the people of a result: as the data told that were sent, else as their calls on X tell them.

Outside of the pseudoautosomal regions a man has one copy. Where a file has haploid calls there, whoever
always has one copy is male and whoever never has is female. Where it has none, men may be written with two
equal copies: then only two haplotypes that differ show a woman.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.export import PresetName
from app.genotypes.builds import plain_chromosome
from app.results.export.rounding import MISSING, ONE, Doses

NON_PAR = (2_781_480, 154_931_043)
"""Positions of X outside of the pseudoautosomal regions of GRCh37 and of GRCh38; both ends belong to it."""
UNKNOWN, MALE, FEMALE = 0, 1, 2
_CODES = (UNKNOWN, MALE, FEMALE)
_DIFFERENT = ONE - ONE // 10  # how far two haplotypes lie apart that are surely not the same
_HINTS = {
    PresetName.PLINK2: "PLINK 2 needs them there: give them with --update-sex FILE. A file that has the "
    "pseudoautosomal regions too wants --split-par b37 or b38.",
    PresetName.GCTA: "GCTA needs them there: write them into the fifth column of the .fam, or give them with "
    "--update-sex FILE.",
    PresetName.BOLT: "BOLT-LMM finds none in the .sample file: give the sex as a covariate for X.",
}


def sexes_of(samples: Sequence[str], folders: Sequence[str]) -> NDArray[np.uint8] | None:
    """Codes of people by the packed genotypes of what was sent; None where those tell of nobody.

    Folders that are gone or cannot be read tell nothing.
    """
    from app.genotypes.cohort import open_cohort

    told: dict[str, int] = {}
    for folder in folders:
        with contextlib.suppress(OSError, ValueError, KeyError):
            cohort = open_cohort(Path(folder))
            told.update((name, sex) for name, sex in zip(cohort.samples, cohort.sex, strict=False) if sex)
    codes = [told.get(name, UNKNOWN) for name in samples]
    known = np.array([code if code in _CODES else UNKNOWN for code in codes], np.uint8)
    return known if known.any() else None


class Sexes:
    """Looks at rows as they go by; nothing is kept but some flags a person."""

    def __init__(self, samples: int, known: NDArray[np.uint8] | None = None) -> None:
        """`known` are codes that the data told which were sent, 0 where they did not: these count."""
        self._known = known
        self._one, self._two, self._unlike = (np.zeros(samples, bool) for _ in range(3))
        self.has_x = False

    def add(self, chromosome: str, position: NDArray[np.int64], doses: Doses) -> None:
        """Rows of one chromosome; only those of X count."""
        if plain_chromosome(chromosome) != "X":
            return
        self.has_x = True
        rows = (position >= NON_PAR[0]) & (position <= NON_PAR[1])
        if not rows.any() or doses.total.shape[1] != len(self._one):
            return
        known = doses.total[rows] != MISSING
        alone = np.zeros_like(known) if doses.haploid is None else doses.haploid[rows]
        self._one |= (known & alone).any(axis=0)
        self._two |= (known & ~alone).any(axis=0)
        if doses.delta is not None:
            apart = np.abs(doses.delta[rows].astype(np.int32)) >= _DIFFERENT
            self._unlike |= (known & ~alone & apart).any(axis=0)

    def codes(self) -> NDArray[np.uint8]:
        """1 male, 2 female, 0 not known, of each person."""
        female = self._two if self._one.any() else self._unlike
        found = np.full(len(self._one), UNKNOWN, np.uint8)
        found[self._one & ~self._two] = MALE
        found[female & ~self._one] = FEMALE
        return found if self._known is None else np.where(self._known != UNKNOWN, self._known, found)

    def hint(self, preset: PresetName | None) -> str:
        """What the user must add for a program, empty where nothing."""
        if preset not in _HINTS or not self.has_x:
            return ""
        unknown = int((self.codes() == UNKNOWN).sum())
        if preset is PresetName.BOLT:
            return f"Chromosome X: {_HINTS[preset]}"
        if not unknown:
            return ""
        who = f"of {unknown:,} of {len(self._one):,} people"
        return f"Chromosome X: the calls do not tell the sex {who}. {_HINTS[preset]}"


def psam_text(samples: Sequence[str], sexes: NDArray[np.uint8] | None) -> bytes:
    """A .psam: NA where the sex is not known."""
    words = _words(samples, sexes, b"NA")
    lines = (b"%b\t%b\n" % (name.encode(), sex) for name, sex in zip(samples, words, strict=True))
    return b"#IID\tSEX\n" + b"".join(lines)


def fam_text(samples: Sequence[str], sexes: NDArray[np.uint8] | None) -> bytes:
    """A .fam without families and phenotypes: 0 where the sex is not known."""
    words = _words(samples, sexes, b"0")
    lines = (
        b"0\t%b\t0\t0\t%b\t-9\n" % (name.encode(), sex) for name, sex in zip(samples, words, strict=True)
    )
    return b"".join(lines)


def sample_text(samples: Sequence[str], sexes: NDArray[np.uint8] | None) -> bytes:
    """A .sample of the Oxford formats: NA where the sex is not known.

    Source: https://www.chg.ox.ac.uk/~gav/qctool_v2/documentation/sample_file_formats.html
    """
    words = _words(samples, sexes, b"NA")
    names = (name.encode() for name in samples)
    lines = (b"%b %b 0 %b\n" % (name, name, sex) for name, sex in zip(names, words, strict=True))
    return b"ID_1 ID_2 missing sex\n0 0 0 D\n" + b"".join(lines)


def _words(samples: Sequence[str], sexes: NDArray[np.uint8] | None, unknown: bytes) -> list[bytes]:
    if sexes is None:
        return [unknown] * len(samples)
    return [unknown if code == UNKNOWN else b"%d" % code for code in sexes.tolist()]
