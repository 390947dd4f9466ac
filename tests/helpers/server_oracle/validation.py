"""The second step: the look at each file (7.2, order by 7.12 G). Messages are the server's own."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.genotypes.bgzf import ContainerError, ContainerFault, read_lines
from app.genotypes.server.damaged import has_damaged_end
from app.genotypes.server.header_rules import HeaderRules, names_differ
from app.genotypes.server.java import hash_order, java_int
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.server.stops import ServerStop

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


def validate(files: Sequence[Path], parameters: ServerQcParameters) -> list[Validated]:
    """Raise ServerStop with the server's message at the first fault."""
    _check_population(parameters)
    done: list[Validated] = []
    for path in files:
        found = _read(path, parameters.chunk_size)
        _check_file(found, parameters, done)
        done.append(found)
    if not done:
        raise ServerStop("No vcf.gz input files detected.")
    if parameters.phasing in ("no_phasing", "") and not all(each.phased for each in done):
        raise ServerStop("Your input data is unphased. Please select an algorithm for phasing.")
    return done


def _check_population(parameters: ServerQcParameters) -> None:
    known = {each.lower() for each in parameters.populations}
    if known and parameters.population and parameters.population.lower() not in known:
        lines = [
            f"Population '{parameters.population}' is not supported by "
            f"reference panel '{parameters.panel_id}'.",
            "Available populations:",
            *(f" - {each}" for each in parameters.populations),
        ]
        raise ServerStop("\n".join(lines))


def _read(path: Path, chunk_size: int) -> Validated:
    found = Validated(path)
    header = HeaderRules(path)
    for raw in _lines(path):
        line = raw.decode("utf-8", "replace")
        if not header.done:
            header.take(line)
        elif line.startswith("#CHROM"):
            names_differ(line)
        elif not line.startswith("#"):
            _record(found, line, chunk_size)
    header.end()
    found.version, found.header_lines = header.version, header.lines
    found.sample_names, found.samples = header.names, len(header.names)
    return found


def _lines(path: Path) -> Iterator[bytes]:
    try:
        yield from read_lines(path)
        if has_damaged_end(path):
            raise ServerStop("Corrupt GZIP trailer")
    except ContainerError as error:
        cut = error.fault is ContainerFault.TRUNCATED
        raise ServerStop("Unexpected end of ZLIB input stream" if cut else "Corrupt GZIP trailer") from error


def _record(found: Validated, line: str, chunk_size: int) -> None:
    tiles = line.split("\t", 9)
    if len(tiles) < 3:
        raise ServerStop("The provided VCF file is not tab-delimited")
    position = java_int(tiles[1])
    if found.phased:
        found.phased = "/" not in _tile(tiles, 9)
    chromosome = tiles[0].replace("chr", "")
    found.raw.add(tiles[0])
    if found.chromosome and chromosome != found.chromosome:
        raise ServerStop(
            "The provided VCF file contains more than one chromosome. "
            "Please split your input VCF file by chromosome"
        )
    found.chromosome = chromosome
    ref, alt = _tile(tiles, 3), _tile(tiles, 4)
    if ref == alt:
        raise ServerStop(
            f"The provided VCF file is malformed at variation {html.escape(tiles[2])}: "
            f"reference allele ({html.escape(ref)}) and alternate allele  ({html.escape(alt)}) are the same."
        )
    found.snps += 1
    found.chunks.add(chunk_number(position, chunk_size))


def chunk_number(position: int, chunk_size: int) -> int:
    """The chunk of a position; an exact multiple belongs to the chunk before."""
    number = abs(position) // chunk_size * (-1 if position < 0 else 1)
    return number - 1 if position % chunk_size == 0 else number


def _tile(tiles: list[str], place: int) -> str:
    if place >= len(tiles):
        raise ServerStop(f"Index {place} out of bounds for length {len(tiles)}")
    return tiles[place]


def _check_file(found: Validated, parameters: ServerQcParameters, before: list[Validated]) -> None:
    if not found.snps:
        raise ServerStop("No genotypes found in the VCF file. It appears the file contains only the header.")
    if found.chromosome not in _VALID:
        raise ServerStop(f"Invalid chromosome found: {found.chromosome}")
    if before and before[-1].samples and before[-1].samples != found.samples:
        raise ServerStop(
            "Please double check, if all uploaded VCF files include the same amount of samples "
            f"({found.samples} vs {before[-1].samples})"
        )
    if parameters.min_samples and found.samples < parameters.min_samples:
        raise ServerStop(f"At least {parameters.min_samples} samples must be uploaded.")
    if parameters.max_samples and found.samples > parameters.max_samples:
        raise ServerStop(
            f"The maximum number of samples is {parameters.max_samples}. "
            f'Please contact {parameters.contact} (<a href="{parameters.contact_mail}">'
            f"{parameters.contact_mail}</a>) to discuss this large imputation."
        )
    _check_prefix(found, parameters.build)
    if found.chromosome == "MT":
        found.phased = True


def _check_prefix(found: Validated, build: str) -> None:
    prefixed = any(raw.startswith("chr") for raw in found.raw)
    if build in ("hg19", "hg38") and prefixed == (build == "hg19"):
        wanted = found.chromosome if build == "hg19" else "chr" + found.chromosome
        raise ServerStop(
            f"Your upload data contains chromosome '{hash_order(found.raw)[0]}'. This is not a valid {build} "
            f"encoding. Please ensure that your input data is build {build} and "
            f"chromosome is encoded as '{wanted}'."
        )
