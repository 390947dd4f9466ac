"""Ways to damage bytes: blind ones, such as know lines and fields, and such as know what is packed inside."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random

from tests.helpers.small_study import bgzf, zipped

Mutation = Callable[[bytes, Random], bytes]
_MOST = 1 << 20
_NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_WORDS = (
    b"", b"\t", b"\n", b"\r", b"\0", b" ", b",", b"-1", b"0", b".", b"./.", b"0/1/2", b"0|", b"nan", b"inf",
    b"1e308", b"99999999999999999999", b"2147483648", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3\xa9", b"chr", b"X",
    b"#", b"##", b"#CHROM", b'"', b"<DEL>", b"*", b"A" * 300, b"GT:DS", b"MT", b"[Data]", b"\xe2\x80\xa8",
)  # fmt: skip


def flip_bit(data: bytes, draw: Random) -> bytes:
    place = draw.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << draw.randrange(8)]) + data[place + 1 :]


def set_byte(data: bytes, draw: Random) -> bytes:
    place = draw.randrange(len(data))
    return data[:place] + bytes([draw.randrange(256)]) + data[place + 1 :]


def early_byte(data: bytes, draw: Random) -> bytes:
    """Near the beginning, where headers are."""
    place = min(len(data) - 1, int(draw.expovariate(1 / 24)))
    return data[:place] + bytes([draw.choice((0, 1, 2, 3, 127, 128, 255))]) + data[place + 1 :]


def set_number(data: bytes, draw: Random) -> bytes:
    width = draw.choice((1, 2, 4, 8))
    place = draw.randrange(max(1, len(data) - width))
    if draw.random() < 0.5:
        place = min(place, int(draw.expovariate(1 / 32)))
    value = draw.choice(_NUMBERS) & (1 << 8 * width) - 1
    return data[:place] + value.to_bytes(width, draw.choice(("little", "big"))) + data[place + width :]


def cut_end(data: bytes, draw: Random) -> bytes:
    return data[: draw.randrange(len(data))]


def cut_a_little(data: bytes, draw: Random) -> bytes:
    return data[: -draw.randint(1, 30)]


def remove(data: bytes, draw: Random) -> bytes:
    start = draw.randrange(len(data))
    return data[:start] + data[start + draw.choice((1, 2, 7, 100, 3000)) :]


def repeat(data: bytes, draw: Random) -> bytes:
    start = draw.randrange(len(data))
    size = draw.choice((1, 3, 50, 1000))
    return data[:start] + data[start : start + size] * draw.choice((2, 3, 20)) + data[start + size :]


def insert_word(data: bytes, draw: Random) -> bytes:
    place = draw.randrange(len(data) + 1)
    return data[:place] + draw.choice(_WORDS) + data[place:]


def swap(data: bytes, draw: Random) -> bytes:
    a, b = sorted(draw.randrange(len(data) + 1) for _ in range(2))
    return data[:a] + data[b:] + data[a:b]


def noise_at_end(data: bytes, draw: Random) -> bytes:
    return data + draw.randbytes(draw.choice((1, 5, 400)))


def _by_lines(change: Callable[[list[bytes], int, Random], None]) -> Mutation:
    def mutation(data: bytes, draw: Random) -> bytes:
        lines = data.split(b"\n")
        change(lines, draw.randrange(len(lines)), draw)
        return b"\n".join(lines)

    mutation.__name__ = change.__name__.strip("_")
    return mutation


def _remove_line(lines: list[bytes], place: int, draw: Random) -> None:
    del lines[place]


def _repeat_line(lines: list[bytes], place: int, draw: Random) -> None:
    lines[place:place] = [lines[place]] * draw.choice((1, 2, 50))


def _move_line(lines: list[bytes], place: int, draw: Random) -> None:
    lines.insert(draw.randrange(len(lines)), lines.pop(place))


def _cut_line(lines: list[bytes], place: int, draw: Random) -> None:
    lines[place] = lines[place][: draw.randrange(len(lines[place]) + 1)]


def _empty_line(lines: list[bytes], place: int, draw: Random) -> None:
    lines[place] = draw.choice((b"", b"\t", b"   ", b"\r", b"\0"))


def _shuffle_lines(lines: list[bytes], place: int, draw: Random) -> None:
    tail = lines[place:]
    draw.shuffle(tail)
    lines[place:] = tail


def _fields(line: bytes) -> tuple[bytes, list[bytes]]:
    split = next((each for each in (b"\t", b",", b" ") if each in line), b"\t")
    return split, line.split(split)


def _set_field(lines: list[bytes], place: int, draw: Random) -> None:
    split, words = _fields(lines[place])
    words[draw.randrange(min(len(words), draw.choice((6, 12, 10_000))))] = draw.choice(_WORDS)
    lines[place] = split.join(words)


def _remove_field(lines: list[bytes], place: int, draw: Random) -> None:
    split, words = _fields(lines[place])
    del words[draw.randrange(len(words))]
    lines[place] = split.join(words)


def _repeat_field(lines: list[bytes], place: int, draw: Random) -> None:
    split, words = _fields(lines[place])
    at = draw.randrange(len(words))
    words[at:at] = [words[at]] * draw.choice((1, 1, 300))
    lines[place] = split.join(words)


def _other_separator(lines: list[bytes], place: int, draw: Random) -> None:
    split, words = _fields(lines[place])
    lines[place] = draw.choice((b"\t", b",", b" ", b";", b"\t\t")).join(words)


def other_line_ends(data: bytes, draw: Random) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", draw.choice((b"\r\n", b"\r", b"\n\n", b"\n\r")))


def packed_inside(data: bytes, draw: Random) -> bytes:
    """Damage what is inside gzip or ZIP and pack it again, so that the parser behind meets it."""
    if data[:2] == b"\x1f\x8b":
        try:
            text = mutate(gzip.decompress(data), draw)
        except (OSError, EOFError, zlib.error):
            return flip_bit(data, draw)
        return draw.choice((lambda t: bgzf(t, 3000), gzip.compress, bytes))(text)
    if data[:2] == b"PK":
        return _zip_inside(data, draw)
    return draw.choice((gzip.compress, lambda t: bgzf(t, 3000), lambda t: zipped({"x.txt": t})))(data)


def _zip_inside(data: bytes, draw: Random) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except Exception:  # noqa: BLE001 whatever a broken archive brings
        return flip_bit(data, draw)
    return zipped({name: mutate(text, draw) for name, text in members.items()})


def bgen_inside(data: bytes, draw: Random) -> bytes:
    """Damage the packed genotypes of a BGEN file and pack them again with right lengths."""
    places = []
    start = data.find(b"\x78\x9c")
    while start > 0:
        places.append(start)
        start = data.find(b"\x78\x9c", start + 2)
    if not places or len(data) < 24 or data[16:20] != b"bgen":
        return set_number(data, draw)
    place = draw.choice(places)
    stream = zlib.decompressobj()
    try:
        body = stream.decompress(data[place:])
    except zlib.error:
        return flip_bit(data, draw)
    rest = stream.unused_data
    changed = (
        set_number(body, draw) if body and draw.random() < 0.7 else body[: draw.randrange(len(body) + 1)]
    )
    packed = zlib.compress(changed)
    if data[20] >> 2 & 15 == 2 and place >= 8:
        sizes = struct.pack("<II", len(packed) + 4, len(changed) if draw.random() < 0.8 else len(body))
        return data[: place - 8] + sizes + packed + rest
    return data[: place - 4] + struct.pack("<I", len(packed)) + packed + rest


BLIND: tuple[Mutation, ...] = (
    flip_bit, set_byte, early_byte, set_number, cut_end, cut_a_little, remove, repeat, insert_word, swap,
    noise_at_end,
)  # fmt: skip
TEXTUAL: tuple[Mutation, ...] = (
    *map(
        _by_lines,
        (
            _remove_line, _repeat_line, _move_line, _cut_line, _empty_line, _shuffle_lines, _set_field,
            _set_field, _set_field, _remove_field, _repeat_field, _other_separator,
        ),
    ),
    other_line_ends,
)  # fmt: skip
STRUCTURED: tuple[Mutation, ...] = (packed_inside, bgen_inside)


def mutate(data: bytes, draw: Random) -> bytes:
    """One to six changes, of kinds that fit the bytes."""
    packed = data[:2] in (b"\x1f\x8b", b"PK") or data[16:20] == b"bgen"
    text = b"\0" not in data[:200]
    for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
        if not data:
            return data
        kinds = (
            STRUCTURED
            if packed and draw.random() < 0.6
            else TEXTUAL
            if text and draw.random() < 0.6
            else BLIND
        )
        data = draw.choice(kinds)(data, draw)[:_MOST]
    return data
