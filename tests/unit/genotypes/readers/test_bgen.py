"""BGEN of all versions, bit depths and ploidies; hard calls as PLINK 2 makes them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.genotypes.cohort import HET, MISSING, Reference, RowFlag
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.opening import open_reader
from app.genotypes.readers.probabilities import call_record, hard_calls, unpacked
from tests.helpers.cohorts import cohort_of_vcf
from tests.helpers.read_cohorts import assert_same, read, survive, tool
from tests.helpers.shared import shared_data
from tests.unit.genotypes.readers.test_plink2 import random_vcf

_ALLELES = (b"A", b"C", b"GT")


def bgen_bytes(records: list[bytes], samples: int, alleles: int = 2, names: bool = True) -> bytes:
    """A BGEN 1.2 with these blocks of probabilities."""
    ids = b"".join(struct.pack("<H", 2) + b"P%d" % i for i in range(samples)) if names else b""
    block = struct.pack("<II", 8 + len(ids), samples) + ids if names else b""
    head = struct.pack("<4I", 20 + len(block), 20, len(records), samples) + b"bgen"
    head += struct.pack("<I", 1 | 2 << 2 | (1 << 31 if names else 0))
    variants = b""
    for number, record in enumerate(records):
        packed = zlib.compress(record)
        variants += (
            struct.pack("<H", 0) + struct.pack("<H", 3) + b"rs%d" % number + struct.pack("<H", 1) + b"X"
        )
        variants += struct.pack("<IH", number + 5, alleles)
        variants += b"".join(struct.pack("<I", len(each)) + each for each in _ALLELES[:alleles])
        variants += struct.pack("<II", len(packed) + 4, len(record)) + packed
    return head + block + variants


def block(
    ploidy: list[int], missing: list[bool], phased: bool, bits: int, shares: list[float], alleles: int
) -> bytes:
    """One block of probabilities."""
    top = 2**bits - 1
    whole = sum(round(share * top) << bits * place for place, share in enumerate(shares))
    bytes_ = bytes(each | (128 if gone else 0) for each, gone in zip(ploidy, missing, strict=True))
    head = struct.pack("<IHBB", len(ploidy), alleles, min(ploidy), max(ploidy))
    return head + bytes_ + bytes([phased, bits]) + whole.to_bytes((bits * len(shares) + 7) // 8, "little")


def shares_of(genotype: tuple[int, ...], alleles: int, phased: bool) -> list[float]:
    """The probabilities of a certain genotype, without the last."""
    if phased or len(genotype) == 1:
        return [float(allele == each) for allele in genotype for each in range(alleles - 1)]
    order = [(low, high) for high in range(alleles) for low in range(high + 1)]
    low, high = sorted(genotype)
    return [float(each == (low, high)) for each in order[:-1]]


@given(
    seed=st.integers(0, 10_000),
    bits=st.sampled_from([1, 2, 7, 8, 13, 16, 31, 32]),
    alleles=st.integers(2, 3),
    phased=st.booleans(),
)
@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_any_bits_ploidy_and_alleles(
    seed: int, bits: int, alleles: int, phased: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("g")
    samples = int(rng.integers(1, 9))
    records, genotypes = [], []
    for _ in range(5):
        ploidy = rng.choice([1, 2], samples).tolist() if rng.random() < 0.5 else [2] * samples
        calls = [tuple(rng.integers(0, alleles, each).tolist()) for each in ploidy]
        missing = (rng.random(samples) < 0.2).tolist()
        shares = [share for call in calls for share in shares_of(call, alleles, phased)]
        records.append(block(ploidy, missing, phased, bits, shares, alleles))
        genotypes.append((calls, missing))
    path = folder / "x.bgen"
    path.write_bytes(bgen_bytes(records, samples, alleles))
    cohort = read(folder / "c", path, rows=3)
    assert len(cohort) == 5 * (alleles - 1)
    for row in range(len(cohort)):
        calls, missing = genotypes[int(cohort.record[row])]
        alt = row % (alleles - 1) + 1
        for person, (call, gone) in enumerate(zip(calls, missing, strict=True)):
            copies = call.count(alt) * 2 // len(call)
            here = slice(row, row + 1)
            assert cohort.genotypes(here)[0, person] == (MISSING if gone else copies)
            assert cohort.haploid(here)[0, person] == (len(call) == 1 and not gone)
            if phased and copies == 1 and not gone:
                assert cohort.phase(here)[0, person] == (call[0] == alt)
    assert ((np.asarray(cohort.flags) & RowFlag.PHASED > 0) == phased).all()


@pytest.mark.parametrize("name", ["v11", "v12_8bit", "v13_zstd"])
def test_shared_files_are_one_data_set(tmp_path: Path, name: str) -> None:
    wanted = read(tmp_path / "w", shared_data("formats", "gsa48.bcf"))
    found = read(tmp_path / "f", shared_data("formats", f"gsa48.{name}.bgen"))
    assert_same(found, wanted, either_reference=name == "v11")
    assert found.origin.reference is Reference.PROVISIONAL
    assert set(found.sex) == {1, 2}


def test_reads_what_the_bgen_library_reads(tmp_path: Path) -> None:
    bgen = pytest.importorskip("bgen")
    path = shared_data("formats", "gsa48.v12_8bit.bgen")
    cohort = read(tmp_path / "c", path)
    with bgen.BgenReader(str(path)) as theirs:
        for row, variant in zip(range(200), theirs, strict=False):
            assert (variant.pos, variant.alleles) == (
                cohort.position[row],
                [cohort.refs[row], cohort.alts[row]],
            )
            assert (variant.alt_dosage == cohort.genotypes(slice(row, row + 1))[0]).all()


@pytest.mark.parametrize(
    ("kind", "bits"),
    [("bgen-1.1", 16), ("bgen-1.2", 8), ("bgen-1.2", 16), ("bgen-1.3", 8), ("bgen-1.3", 16)],
)
def test_uncertain_genotypes_are_called_as_plink2_does(tmp_path: Path, kind: str, bits: int) -> None:
    rng = np.random.default_rng(bits)
    dosages = np.round(rng.beta(0.3, 0.3, (80, 30)) * 2, 3)
    rows = "".join(
        f"22\t{100 + i}\trs{i}\tA\tC\t.\t.\t.\tDS\t" + "\t".join(map(str, row)) + "\n"
        for i, row in enumerate(dosages.tolist())
    )
    vcf = tmp_path / "d.vcf"
    vcf.write_text(
        '##fileformat=VCFv4.2\n##contig=<ID=22>\n##FORMAT=<ID=DS,Number=1,Type=Float,Description="d">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
        + "\t".join(f"S{i}" for i in range(30))
        + "\n"
        + rows
    )
    more = () if kind == "bgen-1.1" else (f"bits={bits}",)
    tool("plink2", "--vcf", vcf, "dosage=DS", "--export", kind, "ref-first", *more, "--out", tmp_path / "x")
    sample = ("--sample", tmp_path / "x.sample")
    tool(
        "plink2",
        "--bgen",
        tmp_path / "x.bgen",
        "ref-first",
        *sample,
        "--make-bed",
        "--out",
        tmp_path / "theirs",
    )
    wanted, found = read(tmp_path / "w", tmp_path / "theirs.bed"), read(tmp_path / "f", tmp_path / "x.bgen")
    assert_same(found, wanted)
    assert 0.2 < (found.genotypes(slice(0, 80)) == MISSING).mean() < 0.8


def test_phased_haplotypes(tmp_path: Path) -> None:
    vcf = random_vcf(tmp_path / "x.vcf", 11, 40, phased=True, most_alts=1)
    vcf.write_text(vcf.read_text().replace("/", "|"))
    tool("plink2", "--vcf", vcf, "--export", "bgen-1.2", "ref-first", "bits=8", "--out", tmp_path / "x")
    wanted, found = cohort_of_vcf(vcf, tmp_path / "w"), read(tmp_path / "f", tmp_path / "x.bgen")
    everything = slice(0, len(found))
    assert_same(found, wanted)
    hets = wanted.genotypes(everything) == HET
    assert (found.phase(everything)[hets] == wanted.phase(everything)[hets]).all()


def test_file_without_names_needs_its_list(tmp_path: Path) -> None:
    path = tmp_path / "x.bgen"
    path.write_bytes(bgen_bytes([block([2, 2], [False] * 2, False, 8, [1, 0, 0, 1], 2)], 2, names=False))
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "c", path)
    assert caught.value.code == "bgen.no_samples"
    (tmp_path / "x.sample").write_text("ID_1 ID_2 missing\n0 0 0\na a 0\nb b 0\n")
    assert read(tmp_path / "c", path).samples == ("a", "b")


@pytest.mark.parametrize(
    ("at", "value", "code"),
    [
        (8, 9, "container.truncated"),
        (12, 2**31, "bgen.samples"),
        (16, 0x6E656762, "bgen.magic"),
        (20, 63, "bgen.header"),
    ],
)
def test_broken_headers(tmp_path: Path, at: int, value: int, code: str) -> None:
    raw = bytearray(bgen_bytes([block([2, 2], [False] * 2, False, 8, [1, 0, 0, 1], 2)], 2))
    raw[at : at + 4] = struct.pack(">I" if at == 16 else "<I", value)
    (tmp_path / "x.bgen").write_bytes(raw)
    if at == 16:
        raw[16:20] = b"BGEN"
        (tmp_path / "x.bgen").write_bytes(raw)
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "c", tmp_path / "x.bgen")
    assert caught.value.code == code


def test_ploidy_of_nobody_and_rests() -> None:
    ploidy = np.array([0, 2, 1], np.uint8)
    called = call_record(ploidy, ploidy < 0, False, 8, 2, np.array([0, 255, 0], np.uint8))
    assert called.codes.tolist() == [[MISSING, 1, 2]]
    assert hard_calls(np.array([0.1, 0.11, 0.95, 1.5, 2.0, 2.2, np.nan])).tolist() == [0, 3, 1, 3, 2, 3, 3]
    with pytest.raises(ValueError, match="cut"):
        unpacked(np.zeros(2, np.uint8), 8, 3)


def test_hostile_bytes_raise_format_errors_only(tmp_path: Path) -> None:
    records = [block([2, 1, 2], [False, True, False], False, 8, [1, 0, 1, 0, 1], 2) for _ in range(6)]
    path = tmp_path / "x.bgen"
    path.write_bytes(bgen_bytes(records, 3))
    assert survive(tmp_path, [path], path, range(250)) > 100


def test_a_name_with_control_characters_is_refused(tmp_path: Path) -> None:
    """Tabs and line ends in it would become columns and records of what is written with it."""
    record = block([2, 2], [False, False], False, 8, [1, 0, 1, 0], 2)
    path = tmp_path / "x.bgen"
    path.write_bytes(bgen_bytes([record], 2).replace(b"P1", b"\t1"))
    with pytest.raises(FormatError, match="control characters"):
        open_reader([path])


def test_a_chromosome_with_control_characters_is_refused(tmp_path: Path) -> None:
    record = block([2, 2], [False, False], False, 8, [1, 0, 1, 0], 2)
    path = tmp_path / "x.bgen"
    path.write_bytes(bgen_bytes([record], 2).replace(b"\x01\0X", b"\x01\0\n"))
    with pytest.raises(FormatError, match="something else"):
        list(open_reader([path]).batches())
