"""The extension in C and NumPy read any text alike, in every array."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes import row_block
from app.genotypes.bgzf import MARGIN
from app.genotypes.cohort import unpack
from app.genotypes.row_block import Place, RowReader
from app.genotypes.vcf_reader import VcfReader
from tests.unit.genotypes.vcf_text import names, record, vcf

needs_kernel = pytest.mark.skipif(row_block.compiled is None, reason="the extension in C was not built")

PLAIN = ["0/0", "0/1", "1/0", "1/1", "./."]
PHASED = ["0|0", "0|1", "1|0", "1|1", ".|."]
ODD = [
    *("./1", "0/.", "0", "1", ".", "2/1", "0/2", "2|2", "1/2", "0/0/1", "1/1/1", "10/1", "12345/0"),
    *("123456/0", "", "/", "0/", "x/y", "A/A", "0/1/", "-1/0", ".|1", "1|.", "253/254", "255", "0|1/1"),
    *("0" * 70, "././.", "1:x", ":", "0/1:3:4", "0|1:9"),
]
ALLELES = ["A", "C", "G", "T", "a", "g", "N", "AT", "at", ".", "*", "<DEL>", "A[1:3[", "", "-", "A,C", "C,"]
FORMATS = ["GT", "GT", "GT", "GT:DS", "DS:GT", "DS", "PGT:GT", "GT:PGT", "XGTX", "", ":GT", "GT:GT"]
HEADS = {
    0: ["20", "20", "20", "20", "X", "chr1", "", "n" * 300],
    1: ["7", "1000", "0", "", "-1", "1e5", "9999999999", "12345678901"],
    2: [".", "rs1", "", "id;id2"],
    5: [".", "30"],
    6: ["PASS", ".", "PASS", "q10", "", "PASSX"],
    7: [".", "AC=1;AN=2", "x" * 200],
}


def row(rng: random.Random, samples: int, odd: float) -> str:
    strange = rng.random() < odd
    pool = rng.choice(
        [PLAIN, PHASED, PLAIN + PHASED, PLAIN + ODD, PHASED + ODD] if strange else [PLAIN, PHASED]
    )
    fields = [str(rng.choice(HEADS[k])) if k in HEADS and strange else "." for k in range(8)]
    fields[3], fields[4] = (rng.choice(ALLELES), rng.choice([*ALLELES, "G,T", "G,T,C"])) if strange else "AG"
    if not strange:
        fields[:2], fields[6] = ["20", str(rng.randint(1, 10**6))], "PASS"
    keys = rng.choice(FORMATS) if strange else "GT"
    count = samples if rng.random() > odd / 4 else max(0, samples + rng.choice([-1, 1]))
    cells = [rng.choice(pool) for _ in range(count)]
    if ":" in keys and rng.random() < 0.9:
        cells = [":".join(rng.choice(pool) for _ in range(rng.randint(1, 3))) for _ in cells]
    return "\t".join([*fields, keys, *cells])


def text_of(rng: random.Random, samples: int, odd: float, rows: int) -> bytes:
    lines = []
    for _ in range(rows):
        line = row(rng, samples, odd)
        if rng.random() < odd / 4:
            line = rng.choice(
                ["", "#x", "##a\tb\tc\td\te\tf\tg\th\ti\tj", "a b c", "a\tb", "\r", line.replace("\t", " ")]
            )
        lines.append(line + ("\r\n" if rng.random() < odd / 3 else "\n"))
    return "".join(lines).encode()


def damaged(rng: random.Random, text: bytes, changes: int) -> bytes:
    changed = bytearray(text)
    for _ in range(changes):
        at = rng.randrange(len(changed) + 1)
        kind = rng.random()
        if kind < 0.4 and at < len(changed):
            changed[at] = rng.choice(b"\t\n\r:/|.,01#9\0\xff")
        elif kind < 0.7:
            del changed[at : at + rng.randint(1, 8)]
        else:
            changed[at:at] = rng.choice([b"\t", b"\n", b"\r\n", b"\0", b"0/1", b":"])
    return bytes(changed)


ARRAYS = ("line", "record", "position", "code", "flags", "counts", "server", "stored", "slow")
PLANES = ("packed", "phase", "haploid", "server_missing")


def everything(text: bytes, samples: int, kernel: bool) -> dict[str, Any]:
    """All that a reader says of a text, whatever blocks it made."""
    reader = RowReader(samples, kernel=kernel)
    assert reader.compiled is kernel
    buffer = bytearray(text + bytes(MARGIN + 4 * samples))
    found: dict[str, list[Any]] = {
        name: [] for name in (*ARRAYS, *PLANES, "texts", "names", "formats", "multi")
    }
    at = 0
    while True:
        at = reader.fill(buffer, at, len(text)) if len(text) else 0
        block, rows = reader.block, reader.block.rows
        for name in (*ARRAYS, *PLANES):
            found[name] += getattr(block, name)[:rows].tolist()
        found["texts"] += list(zip(*(list(block.texts(k).raws()) for k in range(4)), strict=True))
        for which, key in ((0, "names"), (1, "formats")):
            starts, words = block.changes(which)
            assert not len(words) or starts[0] == 0
            times = np.diff(starts, append=rows).tolist()
            assert all(one != two for one, two in zip(words, words[1:], strict=False))
            found[key] += [word for word, many in zip(words, times, strict=True) for _ in range(many)]
        multi = int(reader.state[Place.MULTI])
        numbers = block.record[block.multi_row[:multi]].tolist()
        found["multi"] += [*zip(numbers, block.multi[:multi].tolist(), strict=True)]
        if at >= len(text):
            break
        reader.start_block()
    return found | {
        "faults": reader.faults,
        "het": reader.het().tolist(),
        "missing": reader.missing().tolist(),
        "lines": reader.lines,
        "records": reader.records,
    }


def assert_alike(text: bytes, samples: int) -> None:
    mine, other = everything(text, samples, True), everything(text, samples, False)
    for name, values in mine.items():
        assert values == other[name], name


@needs_kernel
@given(st.integers(0, 2**32), st.integers(0, 40), st.sampled_from([0.0, 0.05, 0.6]), st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_any_rows_are_read_alike(seed: int, samples: int, odd: float, rows: int) -> None:
    rng = random.Random(seed)
    assert_alike(text_of(rng, samples, odd, rows), samples)


@needs_kernel
@given(st.integers(0, 2**32), st.integers(0, 12), st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_damaged_text_is_read_alike(seed: int, samples: int, changes: int) -> None:
    rng = random.Random(seed)
    text = text_of(rng, samples, rng.choice([0.0, 0.3]), 12)
    assert_alike(damaged(rng, text, changes), samples)


@needs_kernel
@pytest.mark.parametrize("samples", [1, 3, 4, 5, 63, 64, 65, 700])
def test_many_rows_of_many_samples_are_read_alike(samples: int) -> None:
    rng = random.Random(samples)
    assert_alike(text_of(rng, samples, 0.02, 900 if samples < 700 else 300), samples)


@needs_kernel
def test_long_texts_and_many_alleles_find_room() -> None:
    long = "A" * 700_000
    rows = [
        record(n, ["0/1", "1|2"], ref=long if n == 3 else "A", alt="C,G" if n % 2 else "T") for n in range(9)
    ]
    assert_alike("".join(rows).encode(), 2)
    text = "".join(record(n, ["1/2"] * 3000, alt="C,G") for n in range(40)).encode()
    assert_alike(text, 3000)


@needs_kernel
def test_the_extension_refuses_arrays_that_do_not_fit() -> None:
    reader = RowReader(4)
    fill, arrays = row_block.compiled.fill, reader.block.arrays()  # type: ignore[union-attr]
    text = bytearray(b"x\n")
    for wrong in (arrays[:-1], (*arrays[:9], arrays[9][:1], *arrays[10:])):
        with pytest.raises(ValueError, match="array"):
            fill(wrong, text, 0, 2)
    for begin, stop in ((-1, 1), (0, 3), (2, 1)):
        with pytest.raises(ValueError, match="fit"):
            fill(arrays, text, begin, stop)
    reader.state[Place.ROWS] = 10**6
    with pytest.raises(ValueError, match="fit"):
        fill(arrays, text, 0, 2)


@pytest.mark.parametrize("kernel", [True, False])
def test_counts_by_our_rules_by_the_servers_and_as_packed(tmp_path: Path, kernel: bool) -> None:
    if kernel and row_block.compiled is None:
        pytest.skip("the extension in C was not built")
    path = tmp_path / "a.vcf"
    cells = ["0/0", "./1", "2/2", "1|2", ".", "1", "0/1/1", "x"]
    path.write_bytes(vcf([record(1, cells), record(2, ["0|1", "1|0"] * 4)], names(8)))
    with VcfReader(path, kernel=kernel) as reader:
        (batch,) = reader.batches()
    assert batch.site_counts.tolist() == [[1, 2, 2, 1], [0, 8, 0, 0]]
    assert batch.server_counts.tolist() == [[1, 1, 3, 1], [0, 8, 0, 0]]
    assert batch.packed is not None
    assert unpack(batch.packed, 8).tolist() == [[0, 3, 3, 3, 3, 2, 3, 3], [1] * 8]
    assert batch.server_missing().astype(int).tolist() == [[0, 0, 0, 0, 1, 0, 0, 0], [0] * 8]
    assert batch.phase_bits is not None
    assert batch.phase_bits.tolist() == [[0], [0b10101010]]
    assert batch.line.tolist() == [6, 7]


def test_the_extension_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAPLODESK_NO_KERNEL", "1")
    assert not RowReader(3).compiled
