"""The second step: the look at each file (7.2, order by 7.12 G). Messages are the server's own."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.genotypes.server.chunks import chunk_numbers
from app.genotypes.server.header_rules import HeaderRules, names_differ
from app.genotypes.server.java import hash_order, java_int
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.server.stops import ServerStop
from app.genotypes.server.upload_rows import Batch, OddLine

_VALID = frozenset([*map(str, range(1, 24)), "X", "MT"])


@dataclass
class Validated:
    """What the step learns of one file. `raw` are chromosome names as written."""

    path: Path
    samples: int = 0
    snps: int = 0
    phased: bool = True
    chromosome: str = ""
    raw: set[str] = field(default_factory=set)
    chunks: set[int] = field(default_factory=set)
    header_lines: int = 0
    version: str = ""
    sample_names: list[str] = field(default_factory=list)

    @property
    def first_raw(self) -> str:
        """The name that the server takes when it needs one of them: the first of a hash set."""
        return hash_order(self.raw)[0]


class FileLook:
    """Looks at one file, line by line and batch by batch; ServerStop at the first fault."""

    def __init__(self, path: Path, parameters: ServerQcParameters) -> None:
        self._parameters = parameters
        self._header = HeaderRules(path)
        self.found = Validated(path)

    @property
    def in_header(self) -> bool:
        """Whether the line of columns has not come yet."""
        return not self._header.done

    def take(self, item: Batch | OddLine) -> None:
        """Regular rows or a line, in file order."""
        if isinstance(item, Batch):
            if self.in_header:
                self._header.take("")
            self._take_batch(item)
        else:
            self._take_line(item.raw.decode("utf-8", "replace"))

    def _take_line(self, line: str) -> None:
        if self.in_header:
            self._header.take(line)
            if self._header.done:
                found, header = self.found, self._header
                found.version, found.sample_names = header.version, header.names
                found.samples, found.header_lines = len(header.names), header.lines
        elif line.startswith("#CHROM"):
            names_differ(line)
        elif not line.startswith("#"):
            self._take_odd(line)

    def _take_odd(self, line: str) -> None:
        tiles = line.split("\t", 9)
        if len(tiles) < 3:
            raise ServerStop("The provided VCF file is not tab-delimited")
        position = java_int(tiles[1])
        if self.found.phased:
            self.found.phased = "/" not in _tile(tiles, 9)
        self._enter(tiles[0])
        ref, alt = _tile(tiles, 3), _tile(tiles, 4)
        if ref == alt:
            raise _same_alleles(tiles[2], ref, alt)
        self.found.snps += 1
        self.found.chunks |= set(chunk_numbers(np.array([position]), self._parameters.chunk_size).tolist())

    def _take_batch(self, batch: Batch) -> None:
        found = self.found
        if found.phased:
            found.phased = not _has_slash(batch)
        refs, alts = batch.texts(3), batch.texts(4)
        alike = np.flatnonzero((refs.lengths == alts.lengths) & (_first(refs) == _first(alts)))
        same = next((int(row) for row in alike if refs.raw(int(row)) == alts.raw(int(row))), len(batch))
        for number in np.unique(batch.chromosome[: same + 1]).tolist():
            self._enter(batch.names[number])
        if same < len(batch):
            raise _same_alleles(batch.texts(2)[same], refs[same], alts[same])
        found.snps += len(batch)
        found.chunks |= set(np.unique(chunk_numbers(batch.position, self._parameters.chunk_size)).tolist())

    def _enter(self, raw: str) -> None:
        self.found.raw.add(raw)
        chromosome = raw.replace("chr", "")
        if self.found.raw != {raw} and chromosome != self.found.chromosome:
            raise ServerStop(
                "The provided VCF file contains more than one chromosome. "
                "Please split your input VCF file by chromosome"
            )
        self.found.chromosome = chromosome

    def end(self, before: Sequence[Validated]) -> Validated:
        """The end of the file; `before` are the files that passed already."""
        self._header.end()
        _check_file(self.found, self._parameters, before)
        return self.found


def _first(texts: object) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    from app.genotypes.texts import Texts

    assert isinstance(texts, Texts)
    result = np.zeros(len(texts), np.uint8)
    some = texts.lengths > 0
    result[some] = texts.blob[texts.starts[some]]
    return result


def _has_slash(batch: Batch) -> bool:
    rows = batch.rows
    for begin, end in zip((rows.tabs[:, 8] + 1).tolist(), rows.end.tolist(), strict=True):
        if b"/" in rows.text[begin:end].tobytes():
            return True
    return False


def _same_alleles(name: str, ref: str, alt: str) -> ServerStop:
    return ServerStop(
        f"The provided VCF file is malformed at variation {html.escape(name)}: "
        f"reference allele ({html.escape(ref)}) and alternate allele  ({html.escape(alt)}) are the same."
    )


def check_population(parameters: ServerQcParameters) -> None:
    """What the server looks at before any file."""
    known = {each.lower() for each in parameters.populations}
    if known and parameters.population and parameters.population.lower() not in known:
        lines = [
            f"Population '{parameters.population}' is not supported by "
            f"reference panel '{parameters.panel_id}'.",
            "Available populations:",
            *(f" - {each}" for each in parameters.populations),
        ]
        raise ServerStop("\n".join(lines))


def check_all(files: Sequence[Validated], parameters: ServerQcParameters) -> None:
    """What the server looks at after all files."""
    if not files:
        raise ServerStop("No vcf.gz input files detected.")
    if parameters.phasing in ("no_phasing", "") and not all(each.phased for each in files):
        raise ServerStop("Your input data is unphased. Please select an algorithm for phasing.")


def _tile(tiles: list[str], place: int) -> str:
    if place >= len(tiles):
        raise ServerStop(f"Index {place} out of bounds for length {len(tiles)}")
    return tiles[place]


def _check_file(found: Validated, parameters: ServerQcParameters, before: Sequence[Validated]) -> None:
    if not found.snps:
        raise ServerStop("No genotypes found in the VCF file. It appears the file contains only the header.")
    if found.chromosome == "MT":
        found.phased = True
    if found.chromosome not in _VALID:
        raise ServerStop(f"Invalid chromosome found: {found.chromosome}")
    if before and before[-1].samples and before[-1].samples != found.samples:
        raise ServerStop(
            "Please double check, if all uploaded VCF files include the same amount of samples "
            f"({found.samples} vs {before[-1].samples})"
        )
    _check_size(found.samples, parameters)
    _check_prefix(found, parameters.build)


def _check_size(samples: int, parameters: ServerQcParameters) -> None:
    if parameters.min_samples and samples < parameters.min_samples:
        raise ServerStop(f"At least {parameters.min_samples} samples must be uploaded.")
    if parameters.max_samples and samples > parameters.max_samples:
        mail = parameters.contact_mail
        raise ServerStop(
            f"The maximum number of samples is {parameters.max_samples}. Please contact {parameters.contact} "
            f'(<a href="{mail}">{mail}</a>) to discuss this large imputation.'
        )


def _check_prefix(found: Validated, build: str) -> None:
    prefixed = any(raw.startswith("chr") for raw in found.raw)
    if build not in ("hg19", "hg38") or prefixed == (build == "hg38"):
        return
    wanted = found.chromosome if build == "hg19" else "chr" + found.chromosome
    raise ServerStop(
        f"Your upload data contains chromosome '{found.first_raw}'. This is not a valid {build} encoding. "
        f"Please ensure that your input data is build {build} and chromosome is encoded as '{wanted}'."
    )
