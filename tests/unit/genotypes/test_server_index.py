"""Which damaged and odd files `tabix -p vcf` takes, by rule and (where it is installed) by the program."""

import gzip
import subprocess
from pathlib import Path
from shutil import which

import pytest

from app.genotypes.bgzf import EOF_MARKER, pack_block
from app.genotypes.server.panel_sites import PanelArrays
from app.genotypes.server.parameters import ServerQcAnswer, ServerQcParameters
from app.genotypes.server_qc import run_server_qc
from tests.helpers.server_oracle.oracle import ask_oracle

HEADER = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP\n"


def row(position: str, info: str = ".", name: str = ".") -> bytes:
    return f"20\t{position}\t{name}\tA\tG\t.\tPASS\t{info}\tGT\t0/1\n".encode()


def blocks(*texts: bytes) -> list[bytes]:
    return [pack_block(text, 6) for text in texts]


HEAD, FIRST, NEXT, EARLIER = blocks(HEADER, row("5"), row("9"), row("3"))
(HALF,) = blocks(row("7")[:8])
(FEWER,) = blocks(b"20\t7")
(LOWER,) = blocks(b"20\t4")
BAD_SUM = NEXT[:-8] + b"abcd" + NEXT[-4:]
FILES = {
    "cut behind a line": (HEAD + FIRST + NEXT[:30], False),
    "cut amid a line": (HEAD + FIRST + HALF + NEXT[:30], True),
    "cut in a block's header, amid a line": (HEAD + FIRST + HALF + NEXT[:7], True),
    "cut amid a line whose rest is not sorted": (HEAD + FIRST + LOWER + NEXT[:30], False),
    "cut amid a line whose rest is sorted": (HEAD + FIRST + FEWER + NEXT[:30], True),
    "wrong sum behind a line": (HEAD + FIRST + BAD_SUM + NEXT, False),
    "wrong sum amid a line": (HEAD + FIRST + HALF + BAD_SUM + NEXT, True),
    "wrong sum amid a line, then not sorted": (HEAD + FIRST + HALF + BAD_SUM + EARLIER, False),
    "wrong length": (HEAD + FIRST[:-4] + b"abcd" + NEXT, True),
    "no block amid a line": (HEAD + HALF + b"no block at all, but bytes", False),
    "bytes behind the end": (HEAD + FIRST + EOF_MARKER + b"1", False),
    "gzip behind the end": (HEAD + FIRST + EOF_MARKER + gzip.compress(row("9")), True),
    "half a gzip behind the end": (HEAD + FIRST + EOF_MARKER + gzip.compress(row("9"))[:-9], False),
    "a damaged end": (HEAD + FIRST + EOF_MARKER[:-1] + b"1", True),
    "an end with a wrong sum": (HEAD + FIRST + EOF_MARKER[:-8] + b"abcd" + bytes(4), False),
    "an empty block amid a line": (HEAD + HALF + EOF_MARKER + NEXT, True),
}
TEXTS = {
    "no position, a later one in ID": (row("5") + row("", name="9"), True),
    "no position, an earlier one in ID": (row("5") + row("", name="3"), False),
    "END in base 16": (row("5", "END=0x20000001"), False),
    "END in base 8": (row("5", "END=04000000001"), False),
    "END behind a space": (row("5", "END= 536870913"), False),
    "END hidden by another name": (row("5", "XEND=536870913"), True),
    "END behind another name": (row("5", "XEND=1;END=536870913"), False),
    "END of nothing": (row("5", "END=;END=536870913"), True),
    "END brings a long REF back": (row("536870912").replace(b"A\t", b"AAAAAA\t", 1), False),
    "END of a site at the edge": (row("536870911", "END=536870912").replace(b"A\t", b"AAAAA\t", 1), True),
    "a zero byte ends a column": (row("5", "END=536870913").replace(b"A\t", b"\0\t", 1), True),
    "lone returns are no line ends": (row("5").replace(b"\n", b"\r") + row("3"), True),
    "below every number": (row("5") + row("-99999999999999999999"), True),
    "above every number with a long REF": (row("5") + row("9" * 20).replace(b"A\t", b"AA\t", 1), True),
    "above every number": (row("5") + row("99999999999999999999"), False),
}
CASES = {name: packed for name, packed in FILES.items()} | {
    name: (b"".join(blocks(HEADER + text)) + EOF_MARKER, good) for name, (text, good) in TEXTS.items()
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.vcf.gz"


def both(path: Path) -> tuple[ServerQcAnswer, ServerQcAnswer]:
    parameters = ServerQcParameters()
    return run_server_qc([path], parameters, PanelArrays({})), ask_oracle([path], parameters, PanelArrays({}))


@pytest.mark.parametrize("name", CASES)
def test_what_is_indexed(path: Path, name: str) -> None:
    packed, good = CASES[name]
    path.write_bytes(packed)
    fast, slow = both(path)
    assert (fast.stage != "index") == (slow.stage != "index") == good, fast.index_error


@pytest.mark.skipif(which("tabix") is None, reason="the program tabix is not installed")
@pytest.mark.parametrize("name", CASES)
def test_what_the_program_indexes(path: Path, name: str) -> None:
    packed, good = CASES[name]
    path.write_bytes(packed)
    real = subprocess.run(["tabix", "-p", "vcf", str(path)], capture_output=True, check=False)
    assert (real.returncode == 0) == good, real.stderr


def test_the_reading_stops_where_the_index_did_not(path: Path) -> None:
    path.write_bytes(HEAD + FIRST + HALF + NEXT[:30])
    fast, slow = both(path)
    assert (fast.stage, fast.error) == ("validate", "Unexpected end of ZLIB input stream")
    assert (slow.stage, slow.error) == (fast.stage, fast.error)


def test_a_fault_before_the_damage_comes_first(path: Path) -> None:
    same = row("4").replace(b"A\tG", b"G\tG")
    path.write_bytes(HEAD + pack_block(same, 6) + HALF + NEXT[:30])
    assert all("are the same" in str(each.error) for each in both(path))
