"""Oxford .gen and .haps."""

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.cohort import MISSING, RowFlag
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.file_sets import file_set
from app.genotypes.readers.opening import open_reader
from tests.helpers.read_cohorts import assert_same, read, survive, tool
from tests.helpers.shared import shared_data

_SAMPLE = "ID_1 ID_2 missing sex\n0 0 0 D\nf a 0 1\nf b 0 2\n"


def oxford_files(folder: Path, text: str, ending: str = "gen") -> Path:
    """A file of two people with its list."""
    (folder / "x.sample").write_text(_SAMPLE)
    path = folder / f"x.{ending}"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["gsa48.gen.gz", "gsa48.phased.haps.gz"])
def test_shared_files_are_one_data_set(tmp_path: Path, name: str) -> None:
    wanted = read(tmp_path / "w", shared_data("formats", "gsa48.bcf"))
    assert_same(read(tmp_path / "f", shared_data("formats", name)), wanted)


def test_certain_uncertain_and_unknown(tmp_path: Path) -> None:
    path = oxford_files(
        tmp_path, "22 a 5 A C 1 0 0 0 0 1\n22 b 6 A C 0 1 0 0 0 0\r\n22 c 7 A C 0.95 0.05 0 0.3 0.4 0.3\n"
        "22 d 8 A C 0.6 0.4 0 0.04 0.92 0.04 \n"
    )  # fmt: skip
    cohort = read(tmp_path / "c", path, rows=3)
    codes = cohort.genotypes(slice(0, 4)).tolist()
    assert codes == [[0, 2], [1, MISSING], [0, 1], [MISSING, 1]]
    assert cohort.samples == ("a", "b")
    assert cohort.sex == (1, 2)
    assert cohort.families == ("f", "f")
    assert file_set(tmp_path / "x.sample") == (path, tmp_path / "x.sample")


def test_two_ids_before_the_position(tmp_path: Path) -> None:
    cohort = read(tmp_path / "c", oxford_files(tmp_path, "22 snp1 rs1 5 A C 1 0 0 0 1 0\n"))
    assert (list(cohort.ids), cohort.position.tolist(), cohort.names) == (["rs1"], [5], ("22",))


def test_haplotypes_with_gaps_stars_and_men(tmp_path: Path) -> None:
    text = "X r 5 A C 0 1 1 0\nX s 6 A C 1 - 0 0\nX t 7 A C 0* 1* ? ?\n"
    cohort = read(tmp_path / "c", oxford_files(tmp_path, text, "haps"))
    rows = slice(0, 3)
    assert cohort.genotypes(rows).tolist() == [[1, 1], [2, 0], [1, MISSING]]
    assert cohort.phase(rows).tolist() == [[False, True], [False, False], [False, False]]
    assert cohort.haploid(rows).tolist() == [[False, False], [True, False], [False, False]]
    assert (np.asarray(cohort.flags) & RowFlag.PHASED > 0).tolist() == [True, True, False]


def test_dosages_are_called_as_plink2_does(tmp_path: Path) -> None:
    gen = tmp_path / "x.gen"
    rng = np.random.default_rng(2)
    shares = rng.dirichlet([0.2] * 3, (50, 2))
    rows = [" ".join(f"{each:.3f}" for each in row.ravel()) for row in shares]
    oxford_files(tmp_path, "".join(f"22 rs{i} {i + 1} A C {row}\n" for i, row in enumerate(rows)))
    tool(
        "plink2",
        "--gen",
        gen,
        "ref-first",
        "--sample",
        tmp_path / "x.sample",
        "--make-bed",
        "--out",
        tmp_path / "t",
    )
    wanted, found = read(tmp_path / "w", tmp_path / "t.bed"), read(tmp_path / "f", gen)
    different = (wanted.genotypes(slice(0, 50)) != found.genotypes(slice(0, 50))).sum()
    assert different <= 1  # PLINK 2 rounds dosages to 1/16384 first


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("22 a 5 A C 1 0 0 0 0 1\n22 b 6 A C 1 0 0\n", "oxford.columns"),
        ("22 a 5 A C 1 0 0\n", "oxford.columns"),
        ("22 a 5e6 A C 1 0 0 0 0 1\n", "oxford.position"),
        ("22 a 5 A C 1 0 0 0 0 x\n", "oxford.value"),
        ("22 a 5 A C nan 0 0 0 0 1\n", "oxford.value"),
        ("\n", "oxford.no_variants"),
    ],
)
def test_broken_lines_are_told(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(tmp_path / "c", oxford_files(tmp_path, text))
    assert caught.value.code == code


def test_missing_list_of_people_is_told(tmp_path: Path) -> None:
    path = oxford_files(tmp_path, "22 a 5 A C 1 0 0 0 0 1\n")
    (tmp_path / "x.sample").unlink()
    with pytest.raises(FormatError) as caught:
        open_reader([path])
    assert caught.value.code == "oxford.missing_file"


@pytest.mark.parametrize("ending", ["gen", "haps"])
@pytest.mark.parametrize("victim", ["x", "sample"])
def test_hostile_bytes_raise_format_errors_only(tmp_path: Path, ending: str, victim: str) -> None:
    values = "0.5 0.5 0 0 0 1" if ending == "gen" else "0 1 1 0"
    path = oxford_files(tmp_path, "".join(f"22 rs{i} {i + 5} A C {values}\n" for i in range(9)), ending)
    files = [path, tmp_path / "x.sample"]
    assert survive(tmp_path, files, path if victim == "x" else files[1], range(120)) > 20
