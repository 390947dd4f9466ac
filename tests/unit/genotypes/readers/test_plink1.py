"""PLINK 1 files: sizes are proved, both orders are read, nothing hostile gets through."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes.cohort import Reference, RowFlag, count, pack, unpack
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.file_sets import file_set
from app.genotypes.readers.packing import from_bed, packed_counts, swapped, to_bed, turned
from app.genotypes.rows import SiteFlag
from tests.helpers.read_cohorts import assert_same, flipped, read, survive
from tests.helpers.shared import shared_data

MADE = ("broken", "made")
BED_OF_CODE = np.array([3, 2, 0, 1], np.uint8)


def plink_files(
    folder: Path, codes: np.ndarray, alleles: str = "G\tA", fam: str = "F{0} I{0} 0 0 {1} -9"
) -> list[Path]:
    """A bed, bim and fam of [rows, samples] codes, written in the plainest way."""
    rows, samples = codes.shape
    bim = "".join(f"22\trs{i}\t0\t{100 + i}\t{alleles}\n" for i in range(rows))
    people = "".join(fam.format(i, i % 3) + "\n" for i in range(samples))
    paths = [folder / f"x.{ending}" for ending in ("bed", "bim", "fam")]
    paths[0].write_bytes(b"\x6c\x1b\x01" + pack(BED_OF_CODE[codes]).tobytes())
    paths[1].write_text(bim)
    paths[2].write_text(people)
    return paths


@given(rows=st.integers(0, 9), samples=st.integers(1, 70), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_recoding_equals_a_table(rows: int, samples: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 4, (rows, samples), dtype=np.uint8)
    packed = pack(codes)
    bed = pack(BED_OF_CODE[codes])
    assert (from_bed(bed, samples) == packed).all()
    assert (to_bed(packed, samples) == bed).all()
    assert (packed_counts(packed, samples) == count(codes)).all()
    assert (unpack(swapped(packed, samples), samples) == flipped(codes)).all()
    columns = pack(np.ascontiguousarray(codes.T))
    assert (turned(columns, rows, samples) == packed).all()


def test_what_is_in_the_files_is_read(tmp_path: Path) -> None:
    codes = np.random.default_rng(4).integers(0, 4, (11, 7), dtype=np.uint8)
    bed, bim, fam = plink_files(tmp_path, codes)
    cohort = read(tmp_path / "c", bim, rows=4)
    assert file_set(fam) == file_set(bed) == (bed, bim, fam)
    assert (cohort.genotypes(slice(0, 11)) == codes).all()
    assert list(cohort.refs)[0] == "A"
    assert list(cohort.alts)[0] == "G"
    assert cohort.samples == tuple(f"I{i}" for i in range(7))
    assert cohort.sex == (0, 1, 2, 0, 1, 2, 0)
    assert cohort.families[3] == "F3"
    assert cohort.origin.reference is Reference.PROVISIONAL
    assert (np.asarray(cohort.flags) == RowFlag.NO_REFERENCE).all()


@pytest.mark.parametrize("samples", [1, 4, 5, 1000])
def test_person_by_person_is_equal(tmp_path: Path, samples: int) -> None:
    codes = np.random.default_rng(samples).integers(0, 4, (21, samples), dtype=np.uint8)
    bed, *_ = plink_files(tmp_path, codes)
    bed.write_bytes(b"\x6c\x1b\x00" + pack(np.ascontiguousarray(BED_OF_CODE[codes].T)).tobytes())
    assert (read(tmp_path / "c", bed, rows=6).genotypes(slice(0, 21)) == codes).all()


def test_family_and_person_name_people_who_share_an_id(tmp_path: Path) -> None:
    bed, *_ = plink_files(tmp_path, np.zeros((2, 3), np.uint8), fam="F{0}\tsame\tdad\tsame\t1")
    cohort = read(tmp_path / "c", bed)
    assert cohort.samples == ("F0_same", "F1_same", "F2_same")
    assert cohort.mothers[1] == "F1_same"
    assert cohort.fathers[1] == "dad"


def test_digits_for_letters_and_unknown_alleles(tmp_path: Path) -> None:
    bed, bim, _ = plink_files(tmp_path, np.zeros((3, 3), np.uint8), alleles="4\t3")
    lines = bim.read_text().splitlines()
    bim.write_text("\n".join([lines[0], lines[1].replace("4\t3", "0\t1"), lines[2].replace("4\t3", "1 2")]))
    cohort = read(tmp_path / "c", bed)
    assert list(zip(cohort.refs, cohort.alts, strict=True)) == [("G", "T"), ("A", "."), ("C", "A")]
    assert cohort.flags[1] & RowFlag.NO_ALLELES
    assert cohort.flags[1] & SiteFlag.SYMBOLIC


@pytest.mark.parametrize(
    ("folder", "code"),
    [
        ("plink_bed_truncated", "plink.bed_size"),
        ("plink_bed_wrong_magic", "plink.bed_magic"),
        ("plink_bim_line_missing", "plink.bed_size"),
        ("plink_fam_dup_id", "plink.duplicate_samples"),
        ("plink_bim_12_alleles", "plink.alleles_12"),
        ("plink_fam_missing", "plink.missing_file"),
    ],
)
def test_damage_is_refused_with_its_code(tmp_path: Path, folder: str, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "c", shared_data(*MADE, folder, "x.bed"))
    assert caught.value.code == code
    assert caught.value.advice


@pytest.mark.parametrize(
    "folder",
    ["plink_bed_sample_major", "plink_bim_zero_alleles", "plink_bim_pos0_chr0", "plink_fam_spaces_5cols"],
)
def test_oddities_are_read(tmp_path: Path, folder: str) -> None:
    wanted = read(tmp_path / "ok", shared_data(*MADE, "plink_ok", "x.bed"))
    found = read(tmp_path / "c", shared_data(*MADE, folder, "x.bed"))
    assert (np.asarray(found.packed) == np.asarray(wanted.packed)).all()
    if folder == "plink_bed_sample_major":
        assert_same(found, wanted)


@pytest.mark.parametrize(
    ("part", "text", "code", "place"),
    [
        (1, "22 rs0 0 100 A G\n22 rs1 0 1.7e7 A G\n", "plink.bim_position", "line 2"),
        (1, "22 rs0 0 100 A G\n\n22 rs1 0\n", "plink.bim_columns", "line 3"),
        (1, "", "plink.no_variants", ""),
        (2, "a b\n", "plink.fam_columns", "line 1"),
        (2, "\n\n", "plink.no_samples", ""),
    ],
)
def test_broken_lists_are_told_with_their_line(
    tmp_path: Path, part: int, text: str, code: str, place: str
) -> None:
    paths = plink_files(tmp_path, np.zeros((2, 3), np.uint8))
    paths[part].write_text(text)
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "c", paths[0])
    assert (caught.value.code, caught.value.place) == (code, place)


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_hostile_bytes_raise_format_errors_only(tmp_path: Path, victim: int) -> None:
    paths = plink_files(tmp_path, np.random.default_rng(1).integers(0, 4, (9, 6), dtype=np.uint8))
    assert survive(tmp_path, paths, paths[victim], range(120)) > 20
