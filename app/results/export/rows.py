"""What a writer of any format takes: rows of one chromosome with their sites, texts and dosages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import deflate
import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch
from app.results.export.kernel import Kernel
from app.results.export.rounding import Doses
from app.results.export.sites import site_lines, site_words


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows in the order of the file; `doses` and `batch` have a row for each.

    `columns` are QUAL, FILTER and INFO as they were; `ids` has no unknown ones but in VCF and BCF.
    `pvar` are the lines of a .pvar where they were made at once; `columns` are empty then.
    """

    chromosome: str
    position: NDArray[np.int64]
    ids: Texts
    refs: Texts
    alts: Texts
    columns: Sequence[tuple[bytes, bytes, bytes]]
    doses: Doses
    batch: DoseBatch
    pvar: bytes = b""

    def __len__(self) -> int:
        return len(self.position)

    @cached_property
    def sites(self) -> list[bytes]:
        """Chromosome, position, ID, REF and ALT of each row, with tabs between them."""
        return site_words(self.chromosome, self.position, self.ids, self.refs, self.alts)

    def site_lines(self, kernel: Kernel | None = None) -> bytes:
        """The sites with a line end behind each: what a file read back must have too."""
        return site_lines(self.chromosome, self.position, self.ids, self.refs, self.alts, kernel)


class Checksum:
    """CRC-32 and Adler-32 of bytes: 64 bits at the speed of memory; for faults, not for foes."""

    def __init__(self) -> None:
        self._crc, self._adler = 0, 1

    def update(self, data: bytes | memoryview) -> None:
        """Take in bytes."""
        if len(data):
            self._crc, self._adler = deflate.crc32(data, self._crc), deflate.adler32(data, self._adler)

    def __str__(self) -> str:
        return f"{self._crc:08x}{self._adler:08x}"


@dataclass
class Fingerprint:
    """What is in a file, whatever its bytes: how many variants, which samples, hashes of sites and values."""

    variants: int = 0
    samples: tuple[str, ...] = ()
    _sites: Checksum = field(default_factory=lambda: Checksum())
    _values: dict[int, Checksum] = field(default_factory=dict)
    _raw: Checksum = field(default_factory=lambda: Checksum())

    def add(self, count: int, sites: bytes, *values: NDArray[np.generic]) -> None:
        """Take in rows; each array of values has a checksum of its own."""
        self.variants += count
        self._sites.update(sites)
        for place, each in enumerate(values):
            self._values.setdefault(place, Checksum()).update(np.ascontiguousarray(each).data.cast("B"))

    def add_raw(self, data: bytes | memoryview) -> None:
        """Take in packed bytes, for formats that have bits which no value follows from."""
        self._raw.update(data)

    def differs_from(self, other: Fingerprint) -> str:
        """In what another file is not the same: a few words, empty where it is."""
        if self.variants != other.variants:
            return f"{other.variants:,} variants instead of {self.variants:,}"
        if self.samples != other.samples:
            return "other samples"
        if self.sites != other.sites:
            return "other positions, identifiers or alleles"
        if self.values != other.values or self.raw != other.raw:
            return "other dosages or calls"
        return ""

    @property
    def values_or_raw(self) -> str:
        """The hash of the values, of formats whose lines are kept that of the lines."""
        return self.values or self.raw

    @property
    def raw(self) -> str:
        """Hash of the packed bytes that were told."""
        return str(self._raw)

    @property
    def sites(self) -> str:
        """Hash of the sites in order."""
        return str(self._sites)

    @property
    def values(self) -> str:
        """Hash of the dosages or calls in order."""
        return "".join(str(each) for each in self._values.values())


class Writer(Protocol):
    """A file being written under the name `.part`; it has its name only after `finish`."""

    wrote: Fingerprint

    def write(self, rows: Rows) -> None:
        """Add rows. OSError or ProblemError."""
        ...

    def finish(self) -> tuple[Path, ...]:
        """Close the file and the others of its set; gives them, the one with the genotypes first."""
        ...

    def abort(self) -> None:
        """Leave nothing behind; harmless after `finish`."""
        ...

    def read_back(self) -> Fingerprint:
        """What the finished files hold, read from the disk. FormatError or ContainerError when damaged."""
        ...
