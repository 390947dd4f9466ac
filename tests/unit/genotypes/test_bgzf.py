"""BGZF, gzip and plain text: what is written comes back, damage is told with its place."""

import gzip
import hashlib
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes.bgzf import (
    EOF_MARKER,
    BgzfWriter,
    Compression,
    ContainerError,
    ContainerFault,
    TextBlocks,
    open_text_blocks,
    pack_block,
    read_lines,
    split_points,
)
from app.genotypes.direct_inflate import direct_inflate

TEXT = b"".join(b"line %d of some text that packs well\n" % n for n in range(20_000))


def read(path: Path, piece_bytes: int = 1 << 20) -> bytes:
    with open_text_blocks(path, piece_bytes=piece_bytes) as blocks:
        return b"".join(bytes(piece) for piece in blocks)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as writer:
        writer.write(TEXT)
    return path


def test_written_bgzf_is_gzip_and_comes_back(packed: Path) -> None:
    assert gzip.decompress(packed.read_bytes()) == TEXT
    with open_text_blocks(packed, piece_bytes=100_000, digest=True) as blocks:
        assert blocks.compression is Compression.BGZF
        assert blocks.eof_marker is True
        pieces = [bytes(piece) for piece in blocks]
        assert blocks.sha256 == hashlib.sha256(packed.read_bytes()).hexdigest()
        assert blocks.packed_done == blocks.size
    assert b"".join(pieces) == TEXT
    assert len(pieces) > 5
    assert all(piece.endswith(b"\n") for piece in pieces)


@given(st.lists(st.binary(max_size=200), max_size=40), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_any_bytes_come_back(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], level: int
) -> None:
    path = tmp_path_factory.mktemp("bgzf") / "x"
    with BgzfWriter(path, level) as writer:
        for part in parts:
            writer.write(part)
    assert read(path) == b"".join(parts)


def test_plain_and_gzip_of_several_members(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.vcf", tmp_path / "b.vcf.gz"
    plain.write_bytes(TEXT + b"no line end")
    packed.write_bytes(gzip.compress(TEXT) + gzip.compress(b"more") + b"\0" * 512)
    assert read(plain, 4096) == TEXT + b"no line end"
    assert read(packed, 4096) == TEXT + b"more"
    with open_text_blocks(packed) as blocks:
        assert (blocks.compression, blocks.eof_marker) == (Compression.GZIP, None)


def test_missing_marker_is_told_but_the_text_is_read(packed: Path) -> None:
    packed.write_bytes(packed.read_bytes()[: -len(EOF_MARKER)])
    with open_text_blocks(packed) as blocks:
        assert blocks.eof_marker is False
        assert b"".join(bytes(piece) for piece in blocks) == TEXT


@pytest.mark.parametrize("cut", [5, 400, 30_000])
def test_cut_file_is_truncated(packed: Path, cut: int) -> None:
    whole = packed.read_bytes()
    packed.write_bytes(whole[: -len(EOF_MARKER) - cut])
    with pytest.raises(ContainerError) as caught:
        read(packed)
    assert caught.value.fault is ContainerFault.TRUNCATED


def test_changed_byte_is_corrupt_with_its_block(packed: Path) -> None:
    whole = bytearray(packed.read_bytes())
    second = int.from_bytes(whole[16:18], "little") + 1
    whole[second + 200] ^= 0x55
    packed.write_bytes(whole)
    with pytest.raises(ContainerError) as caught:
        read(packed)
    assert (caught.value.fault, caught.value.offset) == (ContainerFault.CORRUPT, second)


def test_cut_and_changed_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    whole = gzip.compress(TEXT)
    path.write_bytes(whole[:-20])
    with pytest.raises(ContainerError, match="truncated"):
        read(path)
    path.write_bytes(whole[:500] + b"\xff" * 40 + whole[540:])
    with pytest.raises(ContainerError, match="corrupt"):
        read(path)


def test_text_without_line_ends_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.genotypes.bgzf.LONGEST_LINE", 300_000)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(2_000_000)))
    with pytest.raises(ContainerError) as caught:
        read(path, 4096)
    assert caught.value.fault is ContainerFault.LINE_TOO_LONG


needs_extension = pytest.mark.skipif(direct_inflate() is None, reason="the extension in C is not there")


def told(path: Path, direct: bool, start: int) -> tuple[bytes, str, int, str | None]:
    """Text, damage, packed bytes and checksum of a file."""
    text, damage = b"", ""
    with TextBlocks(path, piece_bytes=3000, digest=True, start=start, direct=direct) as blocks:
        try:
            for piece in blocks:
                text += bytes(piece)
        except ContainerError as error:
            damage = str(error)
        return text, damage, blocks.packed_done, blocks.sha256


@needs_extension
@given(st.randoms(use_true_random=False), st.integers(0, 6), st.sampled_from([1, 40, 4000]), st.booleans())
@settings(max_examples=120, deadline=None)
def test_damage_is_told_alike_with_the_extension_and_without(
    tmp_path_factory: pytest.TempPathFactory, rng: Random, changes: int, block: int, part: bool
) -> None:
    text = bytes(rng.choice(b"abc\n\n") for _ in range(rng.randint(1, 30 * block)))
    blocks = [pack_block(text[at : at + block], 1) for at in range(0, len(text), block)]
    packed = bytearray(b"".join(blocks) + EOF_MARKER)
    for _ in range(changes):
        at = rng.randrange(len(packed))
        if rng.random() < 0.2:
            del packed[at : at + rng.randint(1, 60)]
        else:
            packed[at] ^= rng.choice([1, 4, 0x80, 0xFF])
        packed = packed or bytearray(b"x")
    path = tmp_path_factory.mktemp("damage") / "x"
    path.write_bytes(packed)
    start = split_points(path, 2)[-1] if part else 0
    assert told(path, True, start) == told(path, False, start)


@needs_extension
def test_the_extension_refuses_places_outside_and_can_be_switched_off(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inflate = direct_inflate()
    assert inflate is not None
    view, text = memoryview(packed.read_bytes()), bytearray(100_000)
    after, fill = inflate(view, 0, len(view), text, 10, 11)
    assert (after, text[10:fill]) == (int.from_bytes(view[16:18], "little") + 1, TEXT[:0xFF00])
    assert inflate(view, 0, len(view), bytearray(1000), 0, 1) == (0, 0)  # no room
    for at, place in ((-1, 0), (len(view) + 1, 0), (0, -1), (0, 100_001)):
        with pytest.raises(ValueError, match="outside"):
            inflate(view, at, len(view), text, place, 1 << 20)
    monkeypatch.setenv("HAPLODESK_NO_KERNEL", "1")
    assert direct_inflate() is None


def test_failed_writing_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    writer = BgzfWriter(path)
    writer.write(TEXT)
    writer.__exit__(KeyError, KeyError(), None)
    assert list(tmp_path.iterdir()) == []


def test_lines(packed: Path) -> None:
    assert list(read_lines(packed)) == TEXT.splitlines()


@given(
    st.lists(st.binary(max_size=60).map(lambda b: b.replace(b"\n", b"x")), max_size=400),
    st.integers(2, 9),
    st.sampled_from(["bgzf", "plain", "gzip"]),
    st.integers(1, 4000),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_parts_read_alone_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    parts: int,
    how: str,
    block: int,
    ends: bool,
    direct: bool,
) -> None:
    text = b"\n".join(lines) + (b"\n" if ends else b"")
    path = tmp_path_factory.mktemp("parts") / "x"
    packed = b"".join(pack_block(text[at : at + block], 1) for at in range(0, len(text), block)) + EOF_MARKER
    path.write_bytes({"bgzf": packed, "plain": text, "gzip": gzip.compress(text)}[how])
    points = split_points(path, parts)
    assert points[0] == 0
    found = []
    for start, stop in zip(points, [*points[1:], None], strict=True):
        with open_text_blocks(path, piece_bytes=256, start=start, stop=stop, direct=direct) as blocks:
            found.append(b"".join(bytes(piece) for piece in blocks))
    assert b"".join(found) == text
    assert all(part.endswith(b"\n") for part in [part for part in found if part][:-1])


def test_a_large_file_is_really_split(packed: Path) -> None:
    points = split_points(packed, 3)
    assert len(points) == 3
    assert split_points(packed, 1) == [0]
    plain = packed.with_name("plain")
    plain.write_bytes(TEXT)
    assert split_points(plain, 4) == [0, *(len(TEXT) * part // 4 for part in (1, 2, 3))]


def test_damage_in_a_part_is_told_with_its_place_in_the_file(packed: Path) -> None:
    start = split_points(packed, 2)[1]
    whole = bytearray(packed.read_bytes())
    whole[start + 100] ^= 0x55
    packed.write_bytes(whole)
    with pytest.raises(ContainerError) as caught, open_text_blocks(packed, start=start) as blocks:
        list(blocks)
    assert caught.value.offset == start


def test_a_file_that_is_shortened_while_it_is_read_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as writer:
        writer.write(Random(1).randbytes(20_000_000))
    with open_text_blocks(path) as blocks:
        pieces = iter(blocks)
        assert len(next(pieces))
        os.truncate(path, 100_000)
        with pytest.raises(ContainerError, match="truncated"):
            sum(map(len, pieces))


def test_many_empty_members_are_not_copied_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"") * 12_000 + gzip.compress(TEXT) + bytes(100))
    given: list[int] = []
    inflate = TextBlocks._inflate_some

    def counting(member: object, pending: bytes, start: int) -> bytes:
        given.append(len(pending))
        return inflate(member, pending, start)

    monkeypatch.setattr(TextBlocks, "_inflate_some", staticmethod(counting))
    assert read(path) == TEXT
    assert sum(given) < 40 * path.stat().st_size


@pytest.mark.parametrize("start", [b"##INFO=<ID=", b"20\t1000\t", b"20\t1\tv\tA\t"])
def test_a_line_must_have_its_fixed_columns_soon(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as writer:
        writer.write(b"##fileformat=VCFv4.2\n" + start + b"A" * 3_000_000 + b"\t" * 9 + b"\n")
    with (
        open_text_blocks(path, piece_bytes=1 << 16, longest_head=1 << 20) as blocks,
        pytest.raises(ContainerError, match="line too long"),
    ):
        sum(map(len, blocks))


def test_a_line_of_many_samples_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    line = b"20\t1000\t.\tA\tG\t.\t.\t.\tGT" + b"\t0/1" * 800_000 + b"\n"
    with BgzfWriter(path) as writer:
        writer.write(line)
    with open_text_blocks(path, piece_bytes=1 << 16, longest_head=1 << 20) as blocks:
        assert b"".join(bytes(piece) for piece in blocks) == line


def test_windows_do_not_change_the_text(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.genotypes.bgzf._WINDOW_BYTES", 70_000)
    with open_text_blocks(packed, digest=True) as blocks:
        assert b"".join(bytes(piece) for piece in blocks) == TEXT
        assert blocks.sha256 == hashlib.sha256(packed.read_bytes()).hexdigest()
