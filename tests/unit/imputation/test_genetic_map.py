"""Maps in the forms that are around."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.imputation.genetic_map import CONSTANT, read_map

FORMS = {
    "plink": "20 . 0.0 1000\n20 . 1.0 2000\n21 . 9.0 1500\n",
    "plink with chr": "chr20 . 0.0 1000\nchr20 rs1 1.0 2000\n",
    "plink without chromosome": ". . 0.0 1000\n. . 1.0 2000\n",
    "gmap": "pos\tchr\tcM\n1000\t20\t0.0\n2000\t20\t1.0\n",
    "table": "chrom\tpos\tcM\n20\t1000\t0\n20\t2000\t1.0\n21\t1200\t3\n",
    "hapmap": "Chromosome\tPosition(bp)\tRate(cM/Mb)\tMap(cM)\nchr20\t1000\t1000\t0.0\nchr20\t2000\t0\t1.0\n",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_forms(text: str, tmp_path: Path) -> None:
    path = tmp_path / "map.txt"
    path.write_text(text)
    known = read_map(path, "chr20")
    assert known.at(np.array([1000, 1500, 2000])).tolist() == [0.0, 0.5, 1.0]
    assert known.at(np.array([0, 1_002_000])).tolist() == pytest.approx([-0.001, 2.0])


def test_packed_and_written_back(tmp_path: Path) -> None:
    path = tmp_path / "map.gz"
    path.write_bytes(gzip.compress(FORMS["plink"].encode()))
    read_map(path, "20").write_plink(tmp_path / "again", "20")
    assert read_map(tmp_path / "again", "20").positions.tolist() == [1000, 2000]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "what is this",
        "20 . 0 1000\n20 . x 2000\n",
        "20 . 0 1000\n20 . nan 2000\n",
        "20 . 0 1000\n20 . inf 2000\n",
        "20 . 0 1000\n20 . 1e308 2000\n",
        f"20 . 0 1000\n20 . 1 {'9' * 400}\n",
        FORMS["plink"].replace("20", "5"),
    ],
)
def test_what_is_no_map_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "map.txt"
    path.write_text(text)
    with pytest.raises(ProblemError, match=r"map\.txt"):
        read_map(path, "20")


def test_without_a_map_a_megabase_is_a_centimorgan() -> None:
    assert CONSTANT.at(np.array([0, 1_000_000])).tolist() == [0.0, 1.0]


def test_a_map_of_hapmap_without_its_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.txt"
    path.write_text("chr20\t61098\t2.9\t0.000000\nchr20\t61270\t2.8\t0.000496\n")
    with pytest.raises(ProblemError, match="no whole number"):
        read_map(path, "20")


def test_x_may_be_numbered(tmp_path: Path) -> None:
    path = tmp_path / "map.txt"
    path.write_text("23 . 0.0 1000\n23 . 1.0 2000\n")
    assert read_map(path, "chrX").positions.tolist() == [1000, 2000]


def test_a_map_never_falls(tmp_path: Path) -> None:
    path = tmp_path / "map.txt"
    path.write_text("20 . 1.0 1000\n20 . 0.4 2000\n20 . 2.0 3000\n")
    assert read_map(path, "20").at(np.array([1000, 2000, 3000])).tolist() == [1.0, 1.0, 2.0]
