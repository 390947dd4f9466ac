"""Variant records of a .pgen with dosages and phase, packed row by row where there is no extension in C.

Written from the PLINK 2 file format specification draft (2.3). Of the ways to pack hard calls those are used
that need no other record; which one, and how lists of dosages are kept, follows from counts alone, so that
this module and `_export.c` write the same bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import pack
from app.results.export.rounding import ABSENT, MISSING, ONE, Deltas, Doses, Totals, hard_calls

PHASE_BIT, LIST_BIT, BITS_BIT, EXPLICIT_BIT = 0x10, 0x20, 0x60, 0x80
_GROUP = 64
_PAIRS = {(0, 1): 1, (0, 2): 2, (0, 3): 3, (1, 2): 5, (1, 3): 6, (2, 3): 9}
Bits = NDArray[np.bool_]


def most_bytes(samples: int) -> int:
    """Room that a record can need."""
    return 6 * samples + 64


def records_of(doses: Doses, limit: int) -> tuple[list[bytes], list[int]]:
    """Records and their types of rows; `limit` is how far a dosage lies at most from its hard call."""
    codes = hard_calls(doses.total, limit)
    delta = doses.delta
    made = [
        _record(codes[row], doses.total[row], None if delta is None else delta[row])
        for row in range(len(doses))
    ]
    return [each[0] for each in made], [each[1] for each in made]


def _record(codes: NDArray[np.uint8], total: Totals, delta: Deltas | None) -> tuple[bytes, int]:
    record, kind = _main_track(codes)
    known = total != MISSING
    exact = total & np.uint16(ONE - 1) == 0
    listed = known & (~exact | (codes == ABSENT))
    explicit = np.zeros(len(codes), bool)
    if delta is not None:
        step = delta.astype(np.int32)
        phased = (codes == 1) & (np.abs(step) >= ONE // 2)
        whole = total.astype(np.int32)
        implied = phased & (np.abs(step) == np.minimum(whole, 2 * ONE - whole))
        explicit = known & (step != 0) & ~implied
        listed |= explicit
        if phased.any():
            record += _phase_track(codes == 1, phased, step > 0)
            kind |= PHASE_BIT
    if listed.any():
        track, bits = _presence(listed)
        record += track + total[listed].astype("<u2").tobytes()
        kind |= bits
    if delta is not None and explicit.any():
        record += np.packbits(explicit[listed], bitorder="little").tobytes()
        record += delta[explicit].astype("<i2").tobytes()
        kind |= EXPLICIT_BIT
    return record, kind


def _main_track(codes: NDArray[np.uint8]) -> tuple[bytes, int]:
    samples = len(codes)
    counts = np.bincount(codes, minlength=4)
    order = sorted(range(4), key=lambda code: (-counts[code], code))
    most, second = order[0], order[1]
    others = samples - int(counts[most])
    rest = others - int(counts[second])
    if most != 1 and 8 * others <= samples and 21 * others <= min(4 * samples, 2 * samples + 21 * rest):
        ids = np.flatnonzero(codes != most)
        return _difference_list(ids, samples, codes[ids]), 4 | most
    if rest < max(1, samples // 16) and 2 * samples + 21 * rest < 4 * samples:
        low, high = min(most, second), max(most, second)
        ids = np.flatnonzero((codes != low) & (codes != high))
        bits = np.packbits(codes == high, bitorder="little").tobytes()
        return bytes([_PAIRS[low, high]]) + bits + _difference_list(ids, samples, codes[ids]), 1
    return pack(codes[None, :]).tobytes(), 0


def _difference_list(ids: NDArray[np.intp], samples: int, values: NDArray[np.uint8] | None = None) -> bytes:
    """Samples in rising order, with two-bit values where they are given."""
    count = len(ids)
    if not count:
        return b"\0"
    width = 1 + (samples > 1 << 8) + (samples > 1 << 16) + (samples > 1 << 24)
    groups = [ids[at : at + _GROUP] for at in range(0, count, _GROUP)]
    steps = [b"".join(map(_varint, np.diff(group).tolist())) for group in groups]
    first = b"".join(int(group[0]).to_bytes(width, "little") for group in groups)
    sizes = bytes(len(each) - (_GROUP - 1) for each in steps[:-1])
    packed = b"" if values is None else pack(values[None, :]).tobytes()
    return _varint(count) + first + sizes + packed + b"".join(steps)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _phase_track(hets: Bits, phased: Bits, swapped: Bits) -> bytes:
    turned = swapped[phased]
    if (phased == hets).all():
        return np.packbits(np.concatenate([[False], turned]), bitorder="little").tobytes()
    there = np.packbits(np.concatenate([[True], phased[hets]]), bitorder="little").tobytes()
    return there + np.packbits(turned, bitorder="little").tobytes()


def _presence(listed: Bits) -> tuple[bytes, int]:
    ids = np.flatnonzero(listed)
    if 16 * len(ids) <= len(listed):
        return _difference_list(ids, len(listed)), LIST_BIT
    return np.packbits(listed, bitorder="little").tobytes(), BITS_BIT
