"""PLINK 2 files in every packing that plink2 and Pgenlib write."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.genotypes.cohort import Reference, RowFlag
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.file_sets import file_set
from app.genotypes.readers.pgen_records import BrokenRecord, Cursor, difference_list
from tests.helpers.cohorts import cohort_of_vcf
from tests.helpers.read_cohorts import assert_same, read, survive, tool
from tests.helpers.shared import shared_data
from tests.unit.genotypes.readers.test_plink1 import plink_files

_HEADER = "##fileformat=VCFv4.2\n##contig=<ID=22>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"


def random_vcf(path: Path, seed: int, samples: int, *, phased: bool, most_alts: int) -> Path:
    """Rows that tempt plink2 into each of its packings: rare, common, all missing, like the row before."""
    rng = np.random.default_rng(seed)
    rows = []
    calls = np.zeros((samples, 2), int)
    for number in range(60):
        alts = int(rng.integers(1, most_alts + 1))
        kind = rng.integers(0, 5)
        if kind:
            calls = (rng.random((samples, 2)) < rng.choice([0.01, 0.2, 0.6, 0.99])).astype(int)
            calls *= rng.integers(1, alts + 1, (samples, 2))
        if kind == 4:
            calls[rng.random(samples) < rng.choice([0.02, 0.97])] = -1
        else:
            calls = np.minimum(calls, alts)
            calls[rng.integers(0, samples)] = [0, 1]
        bars = phased and rng.random() < 0.7
        some = rng.random(samples) < (0.5 if rng.random() < 0.3 else 1.1)
        cells = "".join(
            "\t" + "".join([str(a), "|" if bars and loose else "/", str(b)]).replace("-1", ".")
            for (a, b), loose in zip(calls.tolist(), some, strict=True)
        )
        alt = (
            ",".join("CGT" * 2 if i > 2 else "CGT"[i] for i in range(alts))
            if alts < 4
            else "C,G,T,AA,AC"[: 2 * alts]
        )
        rows.append(f"22\t{100 + number}\trs{number}\tA\t{alt}\t.\t.\t.\tGT{cells}\n")
    names = "".join(f"\tS{i}" for i in range(samples))
    path.write_text(_HEADER + names + "\n" + "".join(rows))
    return path


@given(
    seed=st.integers(0, 10_000),
    samples=st.sampled_from([1, 3, 30, 70, 300, 700]),
    phased=st.booleans(),
    most=st.integers(1, 3),
)
@settings(max_examples=14, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_what_plink2_writes_is_read(
    seed: int, samples: int, phased: bool, most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("p")
    vcf = random_vcf(folder / "x.vcf", seed, samples, phased=phased, most_alts=most)
    tool("plink2", "--vcf", vcf, "--make-pgen", "--out", folder / "x", "--threads", "1")
    wanted, found = cohort_of_vcf(vcf, folder / "w"), read(folder / "f", folder / "x.pvar", rows=13)
    assert_same(found, wanted)
    bars = np.asarray(found.flags) & RowFlag.PHASED > 0
    everything = slice(0, len(found))
    assert (found.phase(everything)[bars] == wanted.phase(everything)[bars]).all()
    assert bars.any() <= phased
    expected = np.asarray(wanted.flags) & RowFlag.PHASED > 0
    hets = np.asarray(found.counts)[:, 1] > 0
    assert (bars[hets] == expected[hets]).all()


@pytest.mark.parametrize(("samples", "provisional"), [(1, False), (5, True), (260, False)])
def test_what_pgenlib_writes_is_read(tmp_path: Path, samples: int, provisional: bool) -> None:
    pgenlib = pytest.importorskip("pgenlib")
    codes = np.random.default_rng(samples).choice(4, (40, samples), p=[0.8, 0.1, 0.05, 0.05]).astype(np.uint8)
    codes[0], codes[1], codes[2], codes[3] = 0, 1, 2, 3
    name = str(tmp_path / "x.pgen").encode()
    with pgenlib.PgenWriter(name, samples, variant_ct=40, nonref_flags=provisional) as writer:
        for row in codes.astype(np.int8):
            row[row == 3] = -9
            writer.append_biallelic(row)
    (tmp_path / "x.pvar").write_text("".join(f"chr1\tv{i}\t0\t{i}\tC\tA\n" for i in range(40)))
    (tmp_path / "x.psam").write_text("#IID\tSEX\n" + "".join(f"P{i}\t2\n" for i in range(samples)))
    cohort = read(tmp_path / "c", tmp_path / "x.pgen")
    assert (cohort.genotypes(slice(0, 40)) == codes).all()
    assert ((np.asarray(cohort.flags) & RowFlag.NO_REFERENCE > 0) == provisional).all()
    assert (cohort.refs[0], cohort.alts[0]) == ("A", "C")
    assert set(cohort.sex) == {2}
    assert cohort.origin.reference is (Reference.PROVISIONAL if provisional else Reference.KNOWN)


def test_some_references_are_provisional(tmp_path: Path) -> None:
    vcf = random_vcf(tmp_path / "x.vcf", 5, 6, phased=False, most_alts=1)
    lines = vcf.read_text().splitlines()
    odd = [
        line.replace("\t.\tGT", "\tPR\tGT") if place % 3 == 0 else line for place, line in enumerate(lines)
    ]
    odd.insert(1, '##INFO=<ID=PR,Number=0,Type=Flag,Description="provisional">')
    vcf.write_text("\n".join(odd) + "\n")
    tool("plink2", "--vcf", vcf, "--make-pgen", "pvar-cols=-info", "--out", tmp_path / "x")
    assert (tmp_path / "x.pgen").read_bytes()[11] >> 6 == 3
    cohort = read(tmp_path / "c", tmp_path / "x.pgen")
    wanted = ["\tPR\t" in line for line in odd if not line.startswith("#")]
    assert (np.asarray(cohort.flags) & RowFlag.NO_REFERENCE > 0).tolist() == wanted


def test_fixed_width_and_bed_inside(tmp_path: Path) -> None:
    pfile = shared_data("formats", "gsa48.pgen").with_suffix("")
    wanted = read(tmp_path / "w", shared_data("formats", "gsa48.bcf"))
    tool("plink2", "--pfile", pfile, "--make-pgen", "format=2", "--out", tmp_path / "fixed")
    assert (tmp_path / "fixed.pgen").read_bytes()[2] == 2
    assert_same(read(tmp_path / "a", tmp_path / "fixed.pgen"), wanted)
    tool("plink2", "--pfile", pfile, "--make-bed", "--out", tmp_path / "bed")
    (tmp_path / "bed.bed").rename(tmp_path / "bed.pgen")
    assert_same(read(tmp_path / "b", tmp_path / "bed.pgen"), wanted)


@pytest.mark.slow
@pytest.mark.parametrize("form", [(), ("format=2",)])
def test_more_than_one_block_of_variants(tmp_path: Path, form: tuple[str, ...]) -> None:
    codes = np.random.default_rng(8).choice(4, (66_500, 3), p=[0.7, 0.1, 0.1, 0.1]).astype(np.uint8)
    bed, *_ = plink_files(tmp_path, codes)
    tool("plink2", "--bfile", bed.with_suffix(""), "--make-pgen", *form, "--out", tmp_path / "y")
    found = read(tmp_path / "f", tmp_path / "y.pgen", rows=5000)
    assert (found.genotypes(slice(0, len(found))) == codes).all()
    assert (np.asarray(found.record) == np.arange(66_500)).all()


def test_dosages_are_left_out(tmp_path: Path) -> None:
    dosages = np.round(np.random.default_rng(4).beta(0.3, 0.3, (60, 20)) * 2, 3)
    lines = [
        f"22\t{100 + i}\trs{i}\tA\tC\t.\t.\t.\tDS\t" + "\t".join(map(str, r)) for i, r in enumerate(dosages)
    ]
    ds = '##FORMAT=<ID=DS,Number=1,Type=Float,Description="d">\n'
    head = _HEADER.replace("#CHROM", ds + "#CHROM") + "".join(f"\tS{i}" for i in range(20))
    (tmp_path / "x.vcf").write_text("\n".join([head, *lines]) + "\n")
    for kind in ("--make-pgen", "--make-bed"):
        tool("plink2", "--vcf", tmp_path / "x.vcf", "dosage=DS", kind, "--out", tmp_path / "x")
    pgen, bed = read(tmp_path / "a", tmp_path / "x.pgen"), read(tmp_path / "b", tmp_path / "x.bed")
    assert_same(pgen, bed)
    assert (pgen.genotypes(slice(0, 60)) == 3).any()


def test_shared_set_equals_the_others(tmp_path: Path) -> None:
    pgen = shared_data("formats", "gsa48.pgen")
    wanted = read(tmp_path / "w", shared_data("formats", "gsa48.bcf"))
    found = read(tmp_path / "f", pgen.with_suffix(".psam"))
    assert_same(found, wanted)
    assert [path.suffix for path in file_set(pgen.with_suffix(".pvar"))] == [".pgen", ".pvar", ".psam"]
    assert found.origin.reference is Reference.PROVISIONAL
    assert set(found.sex) == {1, 2}


def test_zstandard_list_of_variants(tmp_path: Path) -> None:
    pfile = shared_data("formats", "gsa48.pgen").with_suffix("")
    tool("plink2", "--pfile", pfile, "--make-pgen", "vzs", "--out", tmp_path / "x")
    assert (tmp_path / "x.pvar.zst").exists()
    wanted = read(tmp_path / "w", shared_data("formats", "gsa48.bcf"))
    assert_same(read(tmp_path / "f", tmp_path / "x.pgen"), wanted)


@pytest.mark.parametrize(
    ("part", "line", "code"),
    [
        ("psam", "", "plink2.people"),
        ("pvar", "", "plink2.variants"),
        ("pvar", "22\tx\trs\tA\tC", "plink2.pvar_columns"),
    ],
)
def test_lists_that_do_not_fit_are_refused(tmp_path: Path, part: str, line: str, code: str) -> None:
    for ending in ("pgen", "pvar", "psam"):
        source = shared_data("formats", f"gsa48.{ending}").read_bytes()
        (tmp_path / f"x.{ending}").write_bytes(source)
    lines = (tmp_path / f"x.{part}").read_text().splitlines()
    (tmp_path / f"x.{part}").write_text("\n".join([*lines[:-1], *([line] if line else [])]) + "\n")
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "c", tmp_path / "x.pgen")
    assert caught.value.code == code


def test_list_of_samples_beyond_the_last_is_refused() -> None:
    with pytest.raises(BrokenRecord):
        difference_list(Cursor(memoryview(b"\x02\x05\x00\x01")), 6, with_values=True)


@pytest.mark.parametrize("ending", ["pgen", "pvar", "psam"])
def test_hostile_bytes_raise_format_errors_only(tmp_path: Path, ending: str) -> None:
    vcf = random_vcf(tmp_path / "x.vcf", 3, 90, phased=True, most_alts=3)
    tool("plink2", "--vcf", vcf, "--make-pgen", "--out", tmp_path / "x")
    vcf.unlink()
    files = [tmp_path / f"x.{each}" for each in ("pgen", "pvar", "psam")]
    assert survive(tmp_path, files, tmp_path / f"x.{ending}", range(150)) > 20
