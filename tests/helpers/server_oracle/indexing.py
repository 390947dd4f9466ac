"""What `tabix -p vcf` says of a file, line by line."""

from __future__ import annotations

import re
from pathlib import Path

from app.genotypes.bgzf import Compression, ContainerError, open_text_blocks
from app.genotypes.server.stops import ServerStop

_NUMBER = re.compile(rb"\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)")


def index(path: Path) -> None:
    """Raise ServerStop when tabix could not index the file."""
    try:
        with open_text_blocks(path) as blocks:
            if blocks.size == 0 or blocks.compression is not Compression.BGZF:
                raise ServerStop("[tabix] the compression of the file is not BGZF")
            _check(b"".join(bytes(piece) for piece in blocks).split(b"\n"))
    except ContainerError as error:
        raise ServerStop(f"[tabix] {error}") from error
    except OSError as error:
        raise ServerStop(f"[tabix] {error.strerror}") from error


def _check(lines: list[bytes]) -> None:
    seen: list[tuple[bytes, int]] = []
    for line in lines:
        words = line.split(b"\t")
        number = _NUMBER.match(words[1]) if len(words) > 1 else None
        if line.startswith(b"#") or number is None:
            continue
        digits = number[2].lower()
        value = int(digits, 16 if b"x" in digits else 8 if digits[:1] == b"0" else 10)
        begin = max(0, (-value if number[1] == b"-" else value) - 1)
        if seen and seen[-1][0] != words[0] and words[0] in {name for name, _ in seen}:
            raise ServerStop("[E::hts_idx_push] Chromosome blocks not continuous")
        if seen and seen[-1][0] == words[0] and begin < seen[-1][1]:
            raise ServerStop("[E::hts_idx_push] Unsorted positions")
        end = re.search(rb"(?:^|;)END=(\d+)", words[7]) if len(words) > 7 else None
        reach = begin + (len(words[3]) if len(words) > 3 else 1)
        if max(reach, int(end[1]) if end else 0) > 1 << 29:
            raise ServerStop("[E::hts_idx_check_range] Region cannot be stored in a tbi index")
        seen.append((words[0], begin))
