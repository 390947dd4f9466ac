"""Alleles come out of a block as they went in; the extension and NumPy make the same bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.imputation.built_in.stretch import stretch_of
from app.imputation.panel_format import codec, numpy_codec
from app.imputation.panel_format.codec import Packer, Rules, unpack
from app.imputation.panel_format.kernel import extension
from app.imputation.panel_format.numbers import BadBlock, Unpacker, pack_bytes, pack_numbers

needs_extension = pytest.mark.skipif(extension is None, reason="the extension is not compiled")


@st.composite
def panels(draw: st.DrawFn) -> NDArray[np.uint8]:
    """Random sites of haplotypes that are copies of few, as in a population; some rare, some fixed."""
    seed, size = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([1, 2, 5, 31, 64, 65, 130, 700]))
    random = np.random.default_rng(seed)
    founders = random.integers(0, 2, (draw(st.integers(0, 60)), 6), dtype=np.uint8)
    rows = founders[:, random.integers(0, 6, size)]
    rare = random.random(len(rows)) < 0.4
    rows[rare] = random.random((int(rare.sum()), size)) < random.choice([0, 1 / size, 5 / size, 0.97])
    return rows


def packed(rows: NDArray[np.uint8], rules: Rules) -> bytes:
    packer = Packer(rows.shape[1], rules)
    assert packer.add(rows) == len(rows)
    return packer.finish()


@given(panels(), st.sampled_from([Rules(), Rules(0, 1), Rules(10, 40)]))
@settings(max_examples=60, deadline=None)
def test_alleles_come_back(rows: NDArray[np.uint8], rules: Rules) -> None:
    size = rows.shape[1]
    found = unpack(memoryview(packed(rows, rules)), len(rows), size, rules)
    wanted = stretch_of(rows, np.arange(len(rows)))
    for name in ("form", "start", "count", "carriers", "bits"):
        assert getattr(found, name).tolist() == getattr(wanted, name).tolist(), name


@needs_extension
@given(panels(), st.sampled_from([Rules(), Rules(0, 1), Rules(10, 40)]))
@settings(max_examples=40, deadline=None)
def test_both_codecs_make_the_same_bytes(rows: NDArray[np.uint8], rules: Rules) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fast = packed(rows, rules)
        one = unpack(memoryview(fast), len(rows), rows.shape[1], rules)
        patch.setenv("HAPLODESK_NO_KERNEL", "1")
        assert packed(rows, rules) == fast
        two = unpack(memoryview(fast), len(rows), rows.shape[1], rules)
    assert one.carriers.tolist() == two.carriers.tolist()
    assert one.bits.tolist() == two.bits.tolist()


@needs_extension
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_both_codecs_refuse_the_same_streams(data: st.DataObject) -> None:
    """Numbers that no packer wrote: neither crashes, neither takes what the other refuses."""
    size = data.draw(st.integers(1, 40))
    alts = np.array(data.draw(st.lists(st.integers(0, size), max_size=5)), dtype=np.uint32)
    number = st.one_of(st.integers(0, size), st.integers(0, 2**32 - 1))
    streams = [
        np.array(data.draw(st.lists(number, max_size=4)), dtype=np.uint32) for _ in range(numpy_codec.STREAMS)
    ]
    form, start, count = codec.forms(alts, size)
    answers = []
    for work in (codec._unpack_fast, numpy_codec.unpack):
        carriers = np.zeros(int(count[form != 2].sum()), dtype=np.uint32)
        bits = np.zeros((int((form == 2).sum()), (size + 7) // 8), dtype=np.uint8)
        sound = work(streams, size, Rules(2, 2), alts, form, start, carriers, bits)
        answers.append((sound, carriers.tolist() if sound else [], bits.tolist() if sound else []))
    assert answers[0] == answers[1]


def test_a_block_ends_where_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MOST_SITES", 7)
    rows = np.random.default_rng(1).integers(0, 2, (20, 30), dtype=np.uint8)
    packer = Packer(30)
    assert packer.add(rows) == 7
    assert packer.full
    assert len(unpack(memoryview(packer.finish()), 7, 30, Rules()).bits) == 7
    assert packer.add(rows[7:]) == 7
    monkeypatch.setattr(codec, "_LIMIT", 50)
    for kernel in ("", "1"):
        monkeypatch.setenv("HAPLODESK_NO_KERNEL", kernel)
        packer = Packer(30)
        done = packer.add(rows)
        assert 0 < done < 20
        assert packer.add(rows[done:]) == 0
        packer.finish()
        assert packer.add(rows[done:]) > 0


@given(st.lists(st.integers(0, 2**32 - 1), max_size=50), st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_numbers_and_bytes_come_back(numbers: list[int], plain: bytes) -> None:
    block = Unpacker(memoryview(pack_numbers(np.array(numbers, dtype=np.uint32)) + pack_bytes(plain)), 1000)
    assert block.numbers().tolist() == numbers
    assert bytes(block.bytes()) == plain
    block.end()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x06",
        b"\x01\x05\0\0\0\x06\0\0\0abcdef",
        b"\x01\xff\xff\xff\x7f\x04\0\0\0abcd",
        b"\x01\x09\0\0\0\x04\0\0\0abcd",
        b"\x02" + pack_bytes(b"\x01") + pack_bytes(b"\x01"),
        b"\x01" + pack_bytes(b"\x81"),
    ],
    ids=["empty", "planes", "longer", "bomb", "no-stream", "too-many", "too-few"],
)
def test_numbers_that_cannot_be(data: bytes) -> None:
    with pytest.raises(BadBlock):
        Unpacker(memoryview(data), 1000).numbers()


def test_a_block_of_other_sites_is_refused() -> None:
    rows = np.random.default_rng(2).integers(0, 2, (9, 50), dtype=np.uint8)
    data = memoryview(packed(rows, Rules()))
    for sites, size in ((8, 50), (9, 20), (9, 51)):
        with pytest.raises(BadBlock):
            unpack(data, sites, size, Rules())


@needs_extension
def test_what_is_no_allele_is_not_packed() -> None:
    rows = np.zeros((3, 40), dtype=np.uint8)
    rows[1] = 2
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        Packer(40).add(rows)


@needs_extension
@pytest.mark.parametrize("kept", ["order twice", "order beyond", "rank"])
def test_an_order_that_is_none_is_not_followed(kept: str) -> None:
    packer = Packer(40)
    scratch = packer._state._scratch  # type: ignore[union-attr]
    if kept == "rank":
        scratch[40:42] = 0
    else:
        scratch[1] = 0 if kept == "order twice" else 40
    with pytest.raises(ValueError, match="impossible state"):
        packer.add(np.eye(40, dtype=np.uint8))
