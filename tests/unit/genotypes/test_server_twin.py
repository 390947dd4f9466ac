"""The fast twin of the server against the slow one, on random uploads with everything that is odd."""

import re
import subprocess
from pathlib import Path
from random import Random
from shutil import which

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.server.panel_sites import PanelArrays, in_order
from app.genotypes.server.parameters import ServerQcAnswer, ServerQcParameters
from app.genotypes.server_qc import run_server_qc
from tests.helpers.server_oracle.oracle import ask_oracle
from tests.unit.genotypes.server_uploads import CHAIN, upload

BESIDE = {
    "low_call_samples",
    "unrepairable",
    "vcf_versions",
    "most_per_10_mb",
    "index_error",
    "chunks",
    "people_found",
}
"""Fields that the server does not print."""


def both(folder: Path, seed: int) -> tuple[ServerQcAnswer, ServerQcAnswer]:
    sent = upload(Random(seed))
    parameters = sent.parameters
    if sent.chain:
        (folder / "a.chain").write_text(CHAIN)
        parameters = parameters.model_copy(update={"chain": str(folder / "a.chain")})
    paths = [folder / f"f{number}.vcf.gz" for number in range(len(sent.files))]
    for path, content in zip(paths, sent.files, strict=True):
        with BgzfWriter(path) as out:
            out.write(content)
    panel = PanelArrays({chromosome: in_order(rows) for chromosome, rows in sent.rows.items()})
    return run_server_qc(paths, parameters, panel), ask_oracle(paths, parameters, panel)


def told(answer: ServerQcAnswer) -> dict[str, object]:
    """What the server prints. Files that it writes anew have other line numbers: not compared."""
    row = answer.model_dump(exclude=BESIDE)
    if answer.stage == "qc" and answer.counters is None:
        row["error"] = re.sub(r"Line \d+|\.lifted\.vcf\.gz", "", answer.error or "")
        del row["lift_over_failed"]  # the list is there already when the judging of sites breaks off
    return row


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_fast_and_slow_say_the_same(tmp_path: Path, seed: int) -> None:
    fast, slow = both(tmp_path, seed)
    assert told(fast) == told(slow)
    assert sorted(fast.chunks) == sorted(slow.chunks)


ODD = {
    "large": ("20", 600_000_000, "A", "."),
    "last": ("20", 536_870_912, "A", "."),
    "behind the last": ("20", 536_870_912, "AC", "."),
    "zero": ("20", 0, "A", "."),
    "hexadecimal": ("20", "0x10", "A", "."),
    "octal": ("20", "010", "A", "."),
    "not a number": ("20", "abc", "A", "."),
    "exponent": ("20", "12e5", "A", "."),
    "negative": ("20", -5, "A", "."),
    "signed": ("20", "+7", "A", "."),
    "END": ("20", 9, "A", "AC=1;END=700000000"),
    "no END": ("20", 9, "A", "XEND=700000000"),
    "other chromosome": ("21", 9, "A", "."),
    "no chromosome": ("", 9, "A", "."),
}


@pytest.mark.skipif(which("tabix") is None, reason="the program tabix is not installed")
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("before", [None, 6, 9, 20])
@pytest.mark.parametrize("after", [None, 6, 20])
def test_index_as_the_program_makes_it(
    tmp_path: Path, name: str, before: int | None, after: int | None
) -> None:
    chromosome, position, ref, info = ODD[name]
    rows = [(chromosome, position, ref, info)]
    rows = [("20", before, "A", ".")] * (before is not None) + rows + [("20", after, "A", ".")] * bool(after)
    lines = [f"{c}\t{p}\t.\t{r}\tG\t.\t.\t{i}\tGT\t0/1\n" for c, p, r, i in rows]
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\n" + "".join(lines)).encode())
    real = subprocess.run(["tabix", "-p", "vcf", str(path)], capture_output=True, check=False)
    found = run_server_qc([path], ServerQcParameters(), PanelArrays({}))
    assert (found.stage == "index") == (real.returncode != 0), found.index_error


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_fast_and_slow_say_the_same_of_many(tmp_path: Path, block: int) -> None:
    for seed in range(200 * block, 200 * block + 200):
        fast, slow = both(tmp_path, seed)
        assert told(fast) == told(slow), seed
