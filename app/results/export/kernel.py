"""The extension in C that packs and unpacks rows, where this computer has it; without it, the same bytes."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

import deflate


class Kernel(Protocol):
    """What `_export.c` offers; arrays are contiguous and of the sizes that its comments tell."""

    def quantise(self, haplotypes: Any, total: Any, delta: Any, rows: int, samples: int) -> int:
        """0, 1 where calls are haploid, -1 - row where a dosage lies outside."""
        ...

    def lines(
        self,
        text: Any,
        starts: Any,
        stops: Any,
        rows: int,
        samples: int,
        pair: int,
        total: Any,
        delta: Any,
        odd: Any,
        alone: Any,
    ) -> None:
        """HDS (`pair`) or DS of lines; `odd` 1 where a line must be read otherwise, 2 with haploid calls."""
        ...

    def beyond(self, total: Any, count: int, *limits: int) -> tuple[int, ...]:
        """Missing dosages, then those farther than each of six limits."""
        ...

    def pgen(
        self, total: Any, delta: Any, rows: int, samples: int, limit: int, out: Any, lengths: Any, kinds: Any
    ) -> int:
        """Bytes of records written to `out`."""
        ...

    def unpgen(
        self, data: Any, lengths: Any, kinds: Any, rows: int, samples: int, total: Any, delta: Any, base: Any
    ) -> int:
        """-1, or the row that cannot be read."""
        ...

    def bgen(self, total: Any, delta: Any, rows: int, samples: int, phased: int, out: Any) -> None:
        """Raw blocks of 10 + 3 * samples bytes."""
        ...

    def unbgen(self, block: Any, samples: int, phased: int, dosage: Any) -> int:
        """Dosages in 1/255 of one block; 0 when it is no such block."""
        ...

    def use(self, path: str) -> bool:
        """Take the functions of libdeflate from a loaded library; whether they are there."""
        ...

    def zlib(self, data: Any, rows: int, size: int, level: int, out: Any, lengths: Any) -> int:
        """Rows of one size, each packed by zlib; the bytes in all, -1 when it cannot be."""
        ...

    def sites(self, *sites_and_rows_and_out: Any) -> int:
        """Bytes of lines of sites written to `out`; see `sites.packed_sites` for the first eight."""
        ...

    def variants(self, *sites_and_rest: Any) -> int:
        """Bytes of variants of a BGEN with their packed blocks."""
        ...

    def unvariants(
        self, data: Any, at: int, samples: int, phased: int, rows: int, lines: Any, dosage: Any
    ) -> tuple[int, int, int]:
        """Variants that were read, where the next begins, and the bytes of their lines; needs `use`."""
        ...

    def bcf(self, *rows_and_room: Any) -> tuple[int, int]:
        """Records of BCF, how many and their bytes; see `bcf_quick.QuickRecords`."""
        ...

    def walk(self, data: Any, at: int) -> tuple[int, int, int]:
        """Whole records of a BCF, where the next begins, and the bytes that it needs."""
        ...

    def pvar(self, text: Any, starts: Any, stops: Any, rows: int, chromosome: bytes, out: Any) -> int:
        """Bytes of lines of a .pvar from those of a VCF; -1 where it must be done otherwise."""
        ...

    def bed(self, total: Any, rows: int, samples: int, limit: int, out: Any) -> int:
        """Packed rows; gives the calls that are missing."""
        ...


def export_kernel() -> Kernel | None:
    """The extension; None where it was not built, or is switched off by HAPLODESK_NO_KERNEL=1."""
    return _found() if os.environ.get("HAPLODESK_NO_KERNEL", "") in ("", "0") else None


@cache
def packs_rows() -> bool:
    """Whether the extension can pack and unpack by libdeflate, which Windows keeps hidden."""
    kernel = _found()
    library = getattr(getattr(deflate, "_deflate", None), "__file__", None)
    return kernel is not None and bool(library) and kernel.use(str(library))


@cache
def _found() -> Kernel | None:
    try:
        found = import_module("app.results._export")
    except ImportError:
        return None
    return cast(Kernel, found)
