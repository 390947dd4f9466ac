"""What `tabix -p vcf` says of a file, line by line."""

from __future__ import annotations

import re
from pathlib import Path

from app.genotypes.bgzf import Compression, ContainerError, ContainerFault, open_text_blocks
from app.genotypes.server.damaged import has_damaged_end, lines_of_damaged
from app.genotypes.server.stops import ServerStop

_NUMBER = re.compile(rb"\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)")
_END = re.compile(rb"\AEND=|;END=")


def index(path: Path) -> None:
    """Raise ServerStop when tabix could not index the file."""
    try:
        with open_text_blocks(path) as blocks:
            if blocks.size == 0 or blocks.compression is not Compression.BGZF:
                raise ServerStop("[tabix] the compression of the file is not BGZF")
            if has_damaged_end(path):
                raise ContainerError(ContainerFault.CORRUPT, blocks.size, "the last block is damaged")
            _check(b"".join(bytes(piece) for piece in blocks).split(b"\n"))
    except ContainerError:
        _check([*lines_of_damaged(path)])
    except OSError as error:
        raise ServerStop(f"[tabix] {error.strerror}") from error


def _check(lines: list[bytes]) -> None:
    seen: list[tuple[bytes, int]] = []
    for line in lines:
        words = re.split(rb"[\t\0]", line.removesuffix(b"\r"))
        number = _NUMBER.match(line, len(words[0]) + 1) if len(words) > 1 else None
        if line.startswith(b"#") or number is None or (value := _value(number)) < -(1 << 62):
            continue
        begin = max(0, min(value, (1 << 63) - 1) - 1)
        if len(words) > 3 and begin + len(words[3]) >= 1 << 63:
            continue
        if seen and seen[-1][0] != words[0] and words[0] in {name for name, _ in seen}:
            raise ServerStop("[E::hts_idx_push] Chromosome blocks not continuous")
        if seen and seen[-1][0] == words[0] and begin < seen[-1][1]:
            raise ServerStop("[E::hts_idx_push] Unsorted positions")
        told = _END.search(words[7]) if len(words) > 7 else None
        number = _NUMBER.match(words[7], told.end()) if told else None
        end = begin + (len(words[3]) if len(words) > 3 else 1)
        if number is not None and _value(number) > begin:
            end = _value(number)
        if max(begin, end) > 1 << 29:
            raise ServerStop("[E::hts_idx_check_range] Region cannot be stored in a tbi index")
        seen.append((words[0], begin))


def _value(number: re.Match[bytes]) -> int:
    digits = number[2].lower()
    value = int(digits, 16 if b"x" in digits else 8 if digits[:1] == b"0" else 10)
    return -value if number[1] == b"-" else value
