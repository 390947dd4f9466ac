"""The sites of a block without its alleles: positions, ids, REF and ALT, packed by what they usually are.

SNVs take one byte that deflate turns into two or three bits; an id `rs` is its number; one that only repeats
the place and the alleles, as `22:16050075:A:G`, is the number of its pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.imputation.panel_format.numbers import BadBlock, Unpacker, pack_bytes, pack_numbers

MOST_TEXT = 256 << 20
_DOT, _RS, _TEXT = 0, 1, 2
_PATTERNS = ("{c}:{p}:{r}:{a}", "{c}:{p}", "{c}_{p}_{r}_{a}", "{c}-{p}-{r}-{a}", "{c}:{p}_{r}/{a}")
_LETTERS = "ACGT"
_LONG = 16
_PAIRS = {(r, a): 4 * i + j for i, r in enumerate(_LETTERS) for j, a in enumerate(_LETTERS)}
_REFS = np.array([_LETTERS[code // 4] for code in range(16)] + [""], dtype=object)
_ALTS = np.array([_LETTERS[code % 4] for code in range(16)] + [""], dtype=object)


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites in order of position; one ALT allele each. `positions` int64 [n], the others text [n]."""

    positions: NDArray[np.int64]
    ids: NDArray[np.object_]
    refs: NDArray[np.object_]
    alts: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, rows: slice | NDArray[np.intp] | NDArray[np.bool_]) -> Sites:
        """Some of them."""
        return Sites(self.positions[rows], self.ids[rows], self.refs[rows], self.alts[rows])


def join_sites(pieces: Sequence[Sites]) -> Sites:
    """One after another."""
    if len(pieces) == 1:
        return pieces[0]
    none = Sites(np.zeros(0, dtype=np.int64), *(np.zeros(0, dtype=object) for _ in range(3)))
    whole = [none, *pieces]
    return Sites(
        np.concatenate([each.positions for each in whole]),
        np.concatenate([each.ids for each in whole]),
        np.concatenate([each.refs for each in whole]),
        np.concatenate([each.alts for each in whole]),
    )


def pack_sites(sites: Sites, contig: str) -> bytes:
    """The columns of a block."""
    steps = np.diff(sites.positions, prepend=0).astype(np.uint32)
    return pack_numbers(steps) + _pack_alleles(sites) + _pack_ids(sites, contig)


def nameless(positions: NDArray[np.int64]) -> Sites:
    """Sites of which no more than the position is known."""
    nothing = np.broadcast_to(np.array(None, dtype=object), len(positions))
    return Sites(positions, nothing, nothing, nothing)


def unpack_sites(data: memoryview, count: int, contig: str, *, ids: bool = True) -> Sites:
    """The columns of a block with so many sites; BadBlock for bytes that cannot be one.

    Without `ids`, which take more memory than all others, each id is a dot.
    """
    block = Unpacker(data, MOST_TEXT)
    steps = block.numbers(count)
    if len(steps) != count:
        raise BadBlock("positions that do not fit")
    positions = np.cumsum(steps, dtype=np.int64)
    refs, alts = _unpack_alleles(block, count)
    if not ids:
        return Sites(positions, np.full(count, ".", dtype=object), refs, alts)
    names = _unpack_ids(block, Sites(positions, refs, refs, alts), contig)
    block.end()
    return Sites(positions, names, refs, alts)


def unpack_positions(data: memoryview, count: int) -> NDArray[np.int64]:
    """Only the positions of a block."""
    steps = Unpacker(data, MOST_TEXT).numbers(count)
    if len(steps) != count:
        raise BadBlock("positions that do not fit")
    return np.cumsum(steps, dtype=np.int64)


def _pack_alleles(sites: Sites) -> bytes:
    pairs = list(zip(sites.refs.tolist(), sites.alts.tolist(), strict=True))
    codes = bytes([_PAIRS.get(pair, _LONG) for pair in pairs])
    texts = "\n".join("\t".join(pair) for pair, code in zip(pairs, codes, strict=True) if code == _LONG)
    return pack_bytes(codes) + pack_bytes(texts.encode())


def _unpack_alleles(block: Unpacker, count: int) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    codes = np.frombuffer(block.bytes(count), dtype=np.uint8)
    long = np.flatnonzero(codes == _LONG)
    texts = _lines(block, len(long), tabs=1)
    if len(codes) != count or codes.max(initial=0) > _LONG:
        raise BadBlock("alleles that do not fit")
    refs, alts = _REFS[codes], _ALTS[codes]
    for row, text in zip(long.tolist(), texts, strict=True):
        refs[row], _, alts[row] = text.partition("\t")
    return refs, alts


def _lines(block: Unpacker, count: int, tabs: int) -> list[str]:
    """So many lines with so many tabs each; counted first, as a file made by hand may have millions."""
    data = bytes(block.bytes())
    if (data.count(b"\n") + 1 if data else 0) != count:
        raise BadBlock("texts that do not fit")
    try:
        lines = data.decode().split("\n") if data else []
    except UnicodeDecodeError as error:
        raise BadBlock("text that is none") from error
    if any(line.count("\t") != tabs for line in lines):
        raise BadBlock("texts that do not fit")
    return lines


def _pack_ids(sites: Sites, contig: str) -> bytes:
    kinds, numbers, texts = bytearray(), [], []
    columns = sites.ids.tolist(), sites.positions.tolist(), sites.refs.tolist(), sites.alts.tolist()
    for name, position, ref, alt in zip(*columns, strict=True):
        if name == ".":
            kinds.append(_DOT)
        elif name[:2] == "rs" and (number := _number(name[2:])) is not None:
            kinds.append(_RS)
            numbers.append(number)
        elif (pattern := _pattern(name, contig, position, ref, alt)) is not None:
            kinds.append(_TEXT + 1 + pattern)
        else:
            kinds.append(_TEXT)
            texts.append(name)
    return pack_bytes(bytes(kinds)) + pack_numbers(np.array(numbers, dtype=np.uint32)) + _joined(texts)


def _joined(texts: list[str]) -> bytes:
    return pack_bytes("\n".join(texts).encode())


def _number(text: str) -> int | None:
    """What stands behind `rs`, where the number gives the same text again."""
    plain = text.isascii() and text.isdigit() and len(text) <= 9 and text[0] != "0"
    return int(text) if plain else None


def _pattern(name: str, contig: str, position: int, ref: str, alt: str) -> int | None:
    if not name.startswith(contig):
        return None
    for number, pattern in enumerate(_PATTERNS):
        if name == pattern.format(c=contig, p=position, r=ref, a=alt):
            return number
    return None


def _unpack_ids(block: Unpacker, sites: Sites, contig: str) -> NDArray[np.object_]:
    kinds = np.frombuffer(block.bytes(len(sites)), dtype=np.uint8)
    numbered, written = np.flatnonzero(kinds == _RS), np.flatnonzero(kinds == _TEXT)
    numbers, texts = block.numbers(len(numbered)), _lines(block, len(written), tabs=0)
    if (
        len(kinds) != len(sites)
        or len(numbered) != len(numbers)
        or kinds.max(initial=0) > _TEXT + len(_PATTERNS)
    ):
        raise BadBlock("ids that do not fit")
    ids = np.full(len(sites), ".", dtype=object)
    ids[numbered] = [f"rs{number}" for number in numbers.tolist()]
    ids[written] = texts
    for row in np.flatnonzero(kinds > _TEXT).tolist():
        pattern = _PATTERNS[kinds[row] - _TEXT - 1]
        ids[row] = pattern.format(c=contig, p=int(sites.positions[row]), r=sites.refs[row], a=sites.alts[row])
    return ids
