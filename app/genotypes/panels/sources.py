"""Opens a source of panel sites, whatever it is: a table, a legend, a VCF or a BCF."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import (
    Compression,
    ContainerError,
    ContainerFault,
    detect_compression,
    inflate_block,
    open_text_blocks,
)
from app.genotypes.panels.bcf_sites import bcf_frequency_name, bcf_rows, is_bcf
from app.genotypes.panels.layout import Layout, layout_of
from app.genotypes.panels.site_rows import SiteRows
from app.genotypes.panels.tables import Read, table_rows
from app.genotypes.panels.vcf_sites import Keys, keys_of, vcf_rows


@dataclass(frozen=True)
class Source:
    """A file of sites that was looked at; `how` says how it is read, `frequency_name` what is taken.

    `has_people`: it is a VCF as text that holds genotypes too.
    """

    path: Path
    how: Layout | Keys | str
    frequency_name: str = ""
    has_people: bool = False

    def rows(self, read: Read) -> Iterator[SiteRows]:
        """The sites in pieces; ProblemError for whatever is wrong with the file."""
        with told(self.path):
            if isinstance(self.how, Layout):
                yield from table_rows(self.path, self.how, read)
            elif isinstance(self.how, Keys):
                yield from vcf_rows(self.path, self.how, read)
            else:
                yield from bcf_rows(self.path, self.how, read)


def look(path: Path, population: str = "") -> Source:
    """What a file is; ProblemError when it is no source of sites. `population` chooses the frequency."""
    with told(path):
        if is_bcf(_beginning(path)):
            return Source(path, population, bcf_frequency_name(path, population))
        header = _vcf_header(path)
        if header:
            keys = keys_of(header, population)
            return Source(path, keys, keys.name, _has_people(path))
        layout = layout_of(path, population)
        return Source(path, layout, layout.frequency_name)


def _beginning(path: Path) -> bytes:
    """The first unpacked bytes of a file that is BGZF or plain."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if detect_compression(head) is not Compression.BGZF:
        return head[:16]
    size = int.from_bytes(head[16:18], "little") + 1
    with contextlib.suppress(ContainerError):
        return bytes(inflate_block(memoryview(head)[:size], 0)[:16])
    return b""


def _vcf_header(path: Path) -> list[str]:
    """The header lines of a VCF, empty when the file is none."""
    lines: list[str] = []
    with open_text_blocks(path) as blocks:
        for piece in blocks:
            data = bytes(piece)
            if not lines and not data.startswith(b"##fileformat=VCF"):
                return []
            text = data.decode("utf-8", "replace").splitlines()
            lines += [line for line in text if line.startswith("##")]
            if not text[-1].startswith("#"):
                break
    return lines


def _has_people(path: Path) -> bool:
    from app.genotypes.matrix import read_samples

    try:
        return bool(read_samples(path))
    except ProblemError:  # no line of columns: the rows tell what is wrong with it
        return False


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns what reading a file can raise into a ProblemError that names the file."""
    try:
        yield
    except ContainerError as error:
        endless = error.fault is ContainerFault.LINE_TOO_LONG
        raise problem(
            Kind.INPUT,
            "The file is damaged",
            f"{path.name} {'holds a line that does not end' if endless else f'is {error.fault}'}.",
            "Copy or get the file again.",
            subject=path.name,
            details=str(error),
        ) from error
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The file cannot be read",
            f"{path.name}: {error.strerror or error}.",
            "Check that the file is there and may be read.",
            subject=path.name,
            details=str(error),
        ) from error
