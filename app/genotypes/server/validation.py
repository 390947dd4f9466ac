"""The second step: the look at each file (7.2, order by 7.12 G). Messages are the server's own."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.genotypes.bgzf import read_lines
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.server.stops import ServerStop

_VALID = frozenset([*map(str, range(1, 24)), "X", "MT"])
_JAVA_INT = re.compile(r"[+-]?\d+\Z")
_VERSIONS = ("VCFv4.0", "VCFv4.1", "VCFv4.2", "VCFv4.3")


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
    if parameters.phasing == "no_phasing" and not all(each.phased for each in done):
        raise ServerStop("Your input data is unphased. Please select an algorithm for phasing.")
    return done


def _check_population(parameters: ServerQcParameters) -> None:
    if parameters.populations and parameters.population not in parameters.populations:
        lines = [
            f"Population '{parameters.population}' is not supported by "
            f"reference panel '{parameters.panel_id}'.",
            "Available populations:",
            *(f" - {each}" for each in parameters.populations),
        ]
        raise ServerStop("\n".join(lines))


def _read(path: Path, chunk_size: int) -> Validated:
    found = Validated(path)
    in_header = True
    for raw in read_lines(path):
        line = raw.decode("utf-8", "replace")
        if in_header and line.startswith("#"):
            in_header = _header_line(found, line)
            continue
        if in_header:
            raise _malformed(path, _NO_COLUMNS)
        if not line.startswith("#"):
            _record(found, line, chunk_size)
    if in_header:
        raise _malformed(path, _NO_COLUMNS)
    return found


_NO_COLUMNS = "We never saw the required CHROM header line (starting with one #) for the input VCF file"


def _malformed(path: Path, what: str) -> ServerStop:
    return ServerStop(
        f"Unable to parse header with error: Your input file has a malformed header: {what}, "
        f"for input source: file://{path.as_posix()}"
    )


def _header_line(found: Validated, line: str) -> bool:
    """Take in a header line; False after the last one."""
    found.header_lines += 1
    if line.startswith("##"):
        if line.startswith("##fileformat="):
            found.version = line[13:].strip()
            if found.version not in _VERSIONS:
                raise _malformed(found.path, f"{found.version} is not a supported version")
        return True
    if not found.version:
        raise _malformed(found.path, "We never saw a header line specifying VCF version")
    columns = line.split("\t")
    seen: set[str] = set()
    for name in columns:
        if name in seen:
            raise ServerStop(f"Two individuals or more have the following ID: {html.escape(name)}")
        seen.add(name)
    found.sample_names = columns[9:]
    found.samples = len(found.sample_names)
    return False


def _record(found: Validated, line: str, chunk_size: int) -> None:
    tiles = line.split("\t", 9)
    if len(tiles) < 3:
        raise ServerStop("The provided VCF file is not tab-delimited")
    position = java_int(tiles[1])
    if found.phased:
        found.phased = "/" not in _tile(tiles, 9)
    chromosome = tiles[0].removeprefix("chr")
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
    number = position // chunk_size
    return number - 1 if position % chunk_size == 0 else number


def java_int(text: str) -> int:
    """A position as the server parses it, or its complaint."""
    if not _JAVA_INT.match(text) or not -(2**31) <= int(text) < 2**31:
        raise ServerStop(html.escape(f'For input string: "{text}"'))
    return int(text)


def _tile(tiles: list[str], place: int) -> str:
    if place >= len(tiles):
        raise ServerStop(f"Index {place} out of bounds for length {len(tiles)}")
    return tiles[place]


def _check_file(found: Validated, parameters: ServerQcParameters, before: list[Validated]) -> None:
    if not found.snps:
        raise ServerStop("No genotypes found in the VCF file. It appears the file contains only the header.")
    if found.chromosome not in _VALID:
        raise ServerStop(f"Invalid chromosome found: {html.escape(found.chromosome)}")
    if before and before[-1].samples != found.samples:
        raise ServerStop(
            "Please double check, if all uploaded VCF files include the same amount of samples "
            f"({found.samples} vs {before[-1].samples})"
        )
    if parameters.min_samples and found.samples < parameters.min_samples:
        raise ServerStop(f"At least {parameters.min_samples} samples must be uploaded.")
    if parameters.max_samples and found.samples > parameters.max_samples:
        raise ServerStop(
            f"The maximum number of samples is {parameters.max_samples}. "
            f"Please contact {parameters.contact} to discuss this large imputation."
        )
    _check_prefix(found, parameters.build)
    if found.chromosome == "MT":
        found.phased = True


def _check_prefix(found: Validated, build: str) -> None:
    for raw in sorted(found.raw, key=len):
        prefixed = raw.startswith("chr")
        wanted = raw.removeprefix("chr") if build == "hg19" else "chr" + raw
        if prefixed == (build == "hg19"):
            raise ServerStop(
                f"Your upload data contains chromosome '{raw}'. This is not a valid {build} encoding. "
                f"Please ensure that your input data is build {build} and "
                f"chromosome is encoded as '{wanted}'."
            )
