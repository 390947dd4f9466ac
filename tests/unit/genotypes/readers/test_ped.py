"""PLINK text: .ped with .map and .tped with .tfam."""

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.cohort import MISSING, Reference, RowFlag
from app.genotypes.readers import ped as ped_module
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.file_sets import file_set
from app.genotypes.rows import SiteFlag
from tests.helpers.read_cohorts import assert_same, read, survive, tool
from tests.helpers.shared import shared_data
from tests.unit.genotypes.readers.test_plink1 import plink_files

_MAP = "22 a 0 5\n22 b 0 6\nX c 0 7\n"


def ped_files(folder: Path, text: str, sites: str = _MAP) -> Path:
    """A .ped with its .map."""
    (folder / "x.map").write_text(sites)
    path = folder / "x.ped"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["gsa48.ped.gz", "gsa48.map", "gsa48.tped.gz", "gsa48.tfam"])
def test_shared_files_are_one_data_set(tmp_path: Path, name: str) -> None:
    wanted = read(tmp_path / "w", shared_data("formats", "gsa48.bcf"))
    found = read(tmp_path / "f", shared_data("formats", name))
    assert_same(found, wanted, either_reference=True)
    assert found.origin.reference is Reference.UNKNOWN
    assert (np.asarray(found.flags) & RowFlag.NO_REFERENCE).all()
    assert set(found.sex) == {1, 2}


def test_a_large_one_is_turned_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ped_module, "_TURNED_AT_ONCE", 48 * 300)
    wanted = read(tmp_path / "w", shared_data("formats", "gsa48.tped.gz"))
    assert_same(read(tmp_path / "f", shared_data("formats", "gsa48.ped.gz"), rows=100), wanted)


@pytest.mark.parametrize("seed", range(3))
def test_random_cohorts_by_way_of_plink2(tmp_path: Path, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 4, (40, 9), dtype=np.uint8)
    codes[:, 0], codes[:, 1] = 0, 2
    bed, *_ = plink_files(tmp_path, codes)
    tool("plink2", "--bfile", bed.with_suffix(""), "--export", "ped", "--out", tmp_path / "y")
    tool("plink2", "--bfile", bed.with_suffix(""), "--export", "tped", "--out", tmp_path / "y")
    wanted = read(tmp_path / "w", bed)
    assert_same(read(tmp_path / "a", tmp_path / "y.ped", rows=7), wanted, either_reference=True)
    assert_same(read(tmp_path / "b", tmp_path / "y.tped", rows=7), wanted, either_reference=True)


def test_half_calls_tabs_digits_and_short_maps(tmp_path: Path) -> None:
    path = ped_files(
        tmp_path,
        "# people\nf\ta\t0\t0\t1\t-9\t1 3\t0 1\t0 0\nf b 0 0 2 1  3 3  4 4  0 0\n\n",
        "22\ta\t5\n22\tb\t-6\nX\tc\t7\n",
    )
    cohort = read(tmp_path / "c", path)
    assert file_set(tmp_path / "x.map") == (path, tmp_path / "x.map")
    assert list(zip(cohort.refs, cohort.alts, strict=True)) == [("A", "G"), ("T", "."), (".", ".")]
    assert cohort.genotypes(slice(0, 3)).tolist() == [[1, 2], [MISSING, 0], [MISSING, MISSING]]
    assert cohort.flags[1] & SiteFlag.HALF_CALL
    assert cohort.position.tolist() == [5, -6, 7]
    assert cohort.sex == (1, 2)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("f a 0 0 1 1 A A C C\n", "plink.ped_columns"),
        ("f a 0 0 1\n", "plink.ped_columns"),
        ("f a 0 0 1 1 A A C C G X\n", "plink.alleles"),
        ("f a 0 0 1 1 A A C C G GT\n", "plink.long_alleles"),
        ("f a 0 0 1 1 1 2 1 1 2 2\n", "plink.alleles_12"),
        ("f a 0 0 1 1 A A C C G G\n" * 2, "plink.duplicate_samples"),
        ("", "content.empty"),
    ],
)
def test_broken_files_are_told(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "c", ped_files(tmp_path, text))
    assert caught.value.code == code


def test_missing_map_is_told(tmp_path: Path) -> None:
    path = ped_files(tmp_path, "f a 0 0 1 1 A A C C G G\n")
    (tmp_path / "x.map").unlink()
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "c", path)
    assert caught.value.code == "plink.missing_file"


@pytest.mark.parametrize("victim", ["x.ped", "x.map", "x.tped", "x.tfam"])
def test_hostile_bytes_raise_format_errors_only(tmp_path: Path, victim: str) -> None:
    ped_files(tmp_path, "".join(f"f p{i} 0 0 1 -9 A C G G T 0\n" for i in range(5)))
    (tmp_path / "x.tped").write_text("".join(f"22 rs{i} 0 {i} A C G G\n" for i in range(5)))
    (tmp_path / "x.tfam").write_text("f a 0 0 1 -9\nf b 0 0 2 -9\n")
    files = [
        tmp_path / f"x.{each}"
        for each in (("ped", "map") if victim in ("x.ped", "x.map") else ("tped", "tfam"))
    ]
    assert survive(tmp_path, files, tmp_path / victim, range(120)) > 20
