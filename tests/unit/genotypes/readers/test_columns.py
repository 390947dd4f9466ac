"""Columns of text cut in NumPy are what Python's own split gives."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.cohort import RowFlag
from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.columns import (
    ChromosomeNames,
    allele_pair_flags,
    dots_for_zero,
    integers,
    lines_of,
    split,
    text_pieces,
)
from app.genotypes.readers.contract import FormatError
from app.genotypes.rows import SiteFlag
from app.genotypes.texts import Texts

_LINE = st.lists(st.text(st.sampled_from("ab 1\t"), max_size=6), max_size=5).map("\t".join)


@given(
    lines=st.lists(_LINE, max_size=6),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    wanted=st.integers(1, 4),
)
@settings(max_examples=80, deadline=None)
def test_words_are_those_of_split(
    lines: list[str], ending: str, last: bool, wanted: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("l") / "x"
    path.write_bytes((ending.join(lines) + (ending if last else "")).encode())
    expected = [(number, line) for number, line in enumerate(lines, 1) if line]
    found = [
        (int(piece.number[row]), piece.raw(row).decode())
        for piece in lines_of(path)
        for row in range(len(piece))
    ]
    assert found == expected
    for tabs_only in (False, True):
        for piece in lines_of(path):
            words = split(piece, wanted, tabs_only=tabs_only)
            for row in range(len(piece)):
                parts = piece.raw(row).decode().split("\t" if tabs_only else None)
                assert words.count[row] == len(parts)
                mine = [words.column(column)[row] for column in range(wanted)]
                assert mine == (parts + [""] * wanted)[:wanted]


@given(
    st.lists(st.sampled_from(["0", "12", "-5", "999999999999", "1e5", "", "-", "1234567890123", "7a", "+3"]))
)
def test_integers(words: list[str]) -> None:
    texts = Texts.of(words)
    values, good = integers(texts.blob, texts.starts, texts.ends)
    for word, value, fine in zip(words, values.tolist(), good.tolist(), strict=True):
        bare = word.removeprefix("-")
        assert fine == (bare.isdigit() and len(bare) <= 12)
        assert value == (int(word) if fine else -1)


@given(st.lists(st.sampled_from(["1", "2", "22", "X", "chr1", "chr10", "a" * 80]), max_size=30))
def test_chromosomes_are_numbered_as_they_come(names: list[str]) -> None:
    numbers = ChromosomeNames(Path("x"))
    found = numbers.of(Texts.of(names))
    assert [numbers.names[number] for number in found] == names
    assert numbers.names == list(dict.fromkeys(names))


def test_a_column_of_something_else_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        ChromosomeNames(Path("x")).of(Texts.of(f"rs{number}" for number in range(6000)))
    assert caught.value.code == "content.chromosomes"


def test_alleles_and_their_flags() -> None:
    refs = dots_for_zero(Texts.of(["A", "a", "AC", "0", "A", "N", "G"]))
    alts = dots_for_zero(Texts.of(["C", "c", "A", "G", "A", "A", "<DEL>"]))
    flags = allele_pair_flags(refs, alts).tolist()
    assert flags == [
        0,
        SiteFlag.LOWER_CASE,
        SiteFlag.INDEL,
        SiteFlag.SYMBOLIC | RowFlag.NO_ALLELES,
        SiteFlag.SAME_ALLELES,
        SiteFlag.BAD_ALLELE,
        SiteFlag.SYMBOLIC,
    ]
    assert refs[3] == "."


@pytest.mark.parametrize("kind", ["plain", "gzip", "two members", "bgzf", "zstd"])
def test_packed_in_any_way_it_is_the_same(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    text = b"".join(b"%d\tline\n" % number for number in range(40_000))
    if kind == "bgzf":
        with BgzfWriter(path) as writer:
            writer.write(text)
    else:
        packed = {
            "plain": text,
            "gzip": gzip.compress(text),
            "two members": gzip.compress(text[:999]) + gzip.compress(text[999:]),
            "zstd": zstandard.ZstdCompressor().compress(text[:99])
            + zstandard.ZstdCompressor().compress(text[99:]),
        }
        path.write_bytes(packed[kind])
    assert b"".join(bytes(piece) for piece in text_pieces(path, 1 << 16)) == text
    assert all(bytes(piece).endswith(b"\n") for piece in text_pieces(path, 1 << 16))
    if kind != "zstd":
        with ByteStream(path) as stream:
            assert stream.take(7) + stream.take(len(text) - 7) == text
            assert not stream.need(1)
            assert stream.done == path.stat().st_size


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_damage_is_told(tmp_path: Path, kind: str) -> None:
    text = np.random.default_rng(1).integers(0, 256, 90_000, np.uint8).tobytes()
    packed = bytearray(gzip.compress(text) if kind == "gzip" else zstandard.ZstdCompressor().compress(text))
    packed[5000:5040] = bytes(40)
    (tmp_path / "x").write_bytes(packed[:60_000])
    with pytest.raises(FormatError) as caught:
        list(text_pieces(tmp_path / "x"))
    assert caught.value.code.startswith("container.")
