"""The fast twin of the server against the slow one, on random uploads with everything that is odd."""

import re
import subprocess
import tracemalloc
from pathlib import Path
from random import Random
from shutil import which

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.server.panel_sites import PanelArrays, in_order
from app.genotypes.server.parameters import ExcludedSite, ServerQcAnswer, ServerQcParameters
from app.genotypes.server.sites import LONGEST_TEXT
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


LONG = 1_000_000


def _long_upload(column: int) -> bytes:
    """Twelve records with one very long text each."""
    names = "\t".join(f"S{n}" for n in range(6))
    head = f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n"
    told = {2: "x" * LONG, 4: "ACGT" * (LONG // 4) + ",T", 6: "q" * LONG + ";DUP", 7: "a=b;" * (LONG // 4)}
    lines = []
    for number in range(12):
        row = ["20", str(100 + number), "v", "A", "G", ".", "PASS", ".", "GT", *["0|1", "0|0"] * 3]
        row[column] = told[column]
        lines.append("\t".join(row) + "\n")
    return (head + "".join(lines)).encode()


def _cut(answer: ServerQcAnswer) -> ServerQcAnswer:
    """With the texts of sites as long as the twin keeps them."""

    def cut(text: str) -> str:
        tail = "," if "," in text[LONGEST_TEXT:] else ""
        return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…{tail}"

    def each(site: ExcludedSite) -> ExcludedSite:
        return site.model_copy(update={"id": cut(site.id), "ref": cut(site.ref), "alt": cut(site.alt)})

    sites = {"excluded_sites": answer.excluded_sites, "typed_only_sites": answer.typed_only_sites}
    return answer.model_copy(update={name: tuple(map(each, listed)) for name, listed in sites.items()})


@pytest.mark.parametrize("lifted", [False, True])
@pytest.mark.parametrize("column", [2, 4, 6, 7])
def test_long_texts_take_little_memory_and_change_no_answer(
    tmp_path: Path, column: int, lifted: bool
) -> None:
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(_long_upload(column))
    parameters = ServerQcParameters(population="eur", populations={"eur": 60}, min_samples=0)
    if lifted:
        (tmp_path / "a.chain").write_text(CHAIN)
        known = {"panel_build": "hg38", "chain": str(tmp_path / "a.chain")}
        parameters = parameters.model_copy(update=known)
    panel = PanelArrays({"20": in_order([(50 + number, "A", "C") for number in range(400)])})
    tracemalloc.start()
    try:
        fast = run_server_qc([path], parameters, panel)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(fast.excluded_sites) >= 11
    assert told(fast) == told(_cut(ask_oracle([path], parameters, panel)))
    assert peak < 40_000_000
