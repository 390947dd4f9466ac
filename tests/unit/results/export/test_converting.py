"""One file in another format, with its dosages: every source to every target."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from app.domain.export import PresetName
from app.domain.problem import ProblemError
from app.results.export.converting import carries_dosages, convert_with_dosages, ending_of
from tests.helpers.dose_rows import haplotypes, needs_plink2, plink2, write_result
from tests.helpers.shared import shared_data
from tests.helpers.small_study import make_study, vcf_text

VALUES = haplotypes(40, 12)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """x.vcf.gz, and what is made of it."""
    write_result(tmp_path / "x.vcf.gz", VALUES)
    for ending in ("bcf", "pgen", "bgen"):
        convert_with_dosages(tmp_path / "x.vcf.gz", tmp_path / f"x.{ending}")
    return tmp_path


def table(path: Path, folder: Path) -> np.ndarray:
    """Dosages of a file, by way of a table."""
    target = folder / f"{path.suffix[1:]}.tsv.gz"
    made = convert_with_dosages(path, target)
    assert made.files == (str(target),)
    rows = [line.split("\t")[7:] for line in gzip.decompress(target.read_bytes()).decode().splitlines()[1:]]
    return np.array([[np.nan if cell == "NA" else float(cell) for cell in row] for row in rows])


@pytest.mark.parametrize(
    ("ending", "near"), [("vcf.gz", 6e-4), ("bcf", 6e-4), ("pgen", 6e-4), ("bgen", 3e-3)]
)
def test_dosages_stay_whatever_the_source(sources: Path, ending: str, near: float) -> None:
    found = table(sources / f"x.{ending}", sources)
    wanted = VALUES.sum(axis=2)
    assert (np.isnan(found) == np.isnan(wanted)).all()
    assert np.nanmax(np.abs(found - wanted)) < near


@pytest.mark.parametrize("start", ["bcf", "pgen", "bgen"])
@pytest.mark.parametrize("end", ["vcf.gz", "bcf", "pgen", "bgen", "bed"])
def test_every_pair_of_formats_is_read_back_and_equal(sources: Path, start: str, end: str) -> None:
    target = sources / f"y.{end}"
    made = convert_with_dosages(sources / f"x.{start}", target)
    assert made.verified
    assert made.kept == 40
    assert target.is_file()


def test_haplotypes_stay_in_formats_that_have_them(sources: Path) -> None:
    convert_with_dosages(sources / "x.pgen", sources / "y.vcf.gz")
    lines = gzip.decompress((sources / "y.vcf.gz").read_bytes()).decode().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    assert {row[8] for row in rows} == {"GT:DS:HDS"}
    for row, values in zip(rows, VALUES, strict=True):
        for cell, pair in zip(row[9:], values, strict=True):
            told = cell.split(":")[2]
            if told == ".":
                assert np.isnan(pair[0])
            else:
                np.testing.assert_allclose(list(map(float, told.split(","))), pair, atol=6e-4)


@needs_plink2
def test_hard_calls_become_any_format(tmp_path: Path) -> None:
    source = tmp_path / "a.vcf"
    source.write_text(vcf_text(make_study(5, samples=6, sites=40)))
    plink2(tmp_path, "--vcf", "a.vcf", "--make-bed", "--out", "a")
    for ending in ("pgen", "bgen", "bcf"):
        assert convert_with_dosages(tmp_path / "a.bed", tmp_path / f"b.{ending}").verified
    plink2(tmp_path, "--pfile", "b", "--make-bed", "--out", "c")
    assert (tmp_path / "c.bed").read_bytes() == (tmp_path / "a.bed").read_bytes()


@pytest.fixture(scope="module")
def of_cohort(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Dosages of the real cohort that comes in many formats."""
    return table(shared_data("formats", "gsa48.pgen"), tmp_path_factory.mktemp("cohort"))


@pytest.mark.parametrize(
    "name", ["gsa48.v11.bgen", "gsa48.v12_8bit.bgen", "gsa48.v13_zstd.bgen", "gsa48.gen.gz"]
)
def test_real_files_of_one_cohort_have_the_same_dosages(
    tmp_path: Path, of_cohort: np.ndarray, name: str
) -> None:
    found = table(shared_data("formats", name), tmp_path)
    assert found.shape == (4003, 48)
    other = 2 - found if "v11" in name else found  # that file has REF second, which no BGEN tells
    assert np.array_equal(other, of_cohort, equal_nan=True)


@pytest.mark.parametrize(
    ("name", "people"), [("chrX_PAR1_nonPAR_slice.26.vcf.gz", 26), ("dosage_only_DS.373.vcf.gz", 373)]
)
@pytest.mark.parametrize("ending", ["pgen", "bgen"])
def test_real_files_with_one_copy_or_dosages_alone(
    tmp_path: Path, name: str, people: int, ending: str
) -> None:
    made = convert_with_dosages(shared_data("formats", name), tmp_path / f"y.{ending}")
    assert made.verified
    assert made.samples == people


def test_which_conversions_carry_dosages(sources: Path) -> None:
    study = sources / "a.vcf"
    study.write_text(vcf_text(make_study(5, samples=6, sites=40)))
    assert not carries_dosages(study, sources / "a.bed")
    assert not carries_dosages(study, sources / "b.vcf.gz")
    assert carries_dosages(study, sources / "b.pgen")
    assert carries_dosages(sources / "x.vcf.gz", sources / "b.vcf.gz")
    assert carries_dosages(sources / "x.bgen", sources / "b.bed")
    assert not carries_dosages(sources / "x.bgen", sources / "b.vcf")
    assert ending_of(Path("a.dosage.tsv.gz")) == ".dosage.tsv.gz"
    assert ending_of(Path(".bgen")) == ""


def test_a_preset_wants_its_ending(sources: Path) -> None:
    with pytest.raises(ProblemError, match=r"wants \.bgen"):
        convert_with_dosages(sources / "x.vcf.gz", sources / "y.pgen", PresetName.REGENIE)
    made = convert_with_dosages(sources / "x.vcf.gz", sources / "y.bgen", PresetName.REGENIE)
    assert made.command.startswith("regenie --step 2 --bgen y.bgen")
    assert made.chromosomes == ("20",)


@pytest.mark.parametrize("name", ["x.pgen", "x.bgen", "x.bcf"])
def test_a_cut_source_is_told(sources: Path, name: str) -> None:
    path = sources / name
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ProblemError):
        convert_with_dosages(path, sources / "y.tsv.gz")
    assert not (sources / "y.tsv.gz").exists()


def test_what_is_there_is_not_overwritten(sources: Path) -> None:
    (sources / "y.fam").write_text("mine")
    with pytest.raises(ProblemError, match="there already"):
        convert_with_dosages(sources / "x.pgen", sources / "y.bed")
    assert (sources / "y.fam").read_text() == "mine"
    assert not (sources / "y.bed").exists()
