"""Lists of people in their four spellings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.genotypes.cohort import CASE, CONTROL, FEMALE, MALE, UNKNOWN
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.people import People, read_fam, read_psam, read_sample


def written(folder: Path, text: str) -> Path:
    """A list with this text."""
    path = folder / "list"
    path.write_text(text, encoding="utf-8")
    return path


def test_fam_with_parents(tmp_path: Path) -> None:
    people = read_fam(written(tmp_path, "F dad 0 0 1 -9\nF mum 0 0 2 -9\r\nF kid dad mum 0 1\n"))
    assert people.names() == ("dad", "mum", "kid")
    columns = people.columns()
    assert columns["sex"] == [MALE, FEMALE, UNKNOWN]
    assert columns["fathers"] == ["0", "0", "dad"]
    assert columns["mothers"] == ["0", "0", "mum"]


@pytest.mark.parametrize(
    ("text", "names", "sex"),
    [
        ("#IID\tSEX\tPOP\na\t1\tGBR\nb\tNA\tGBR\n", ("a", "b"), [MALE, UNKNOWN]),
        ("##x\n#FID\tIID\tPAT\tMAT\tSEX\nf\ta\t0\t0\tM\n", ("a",), [MALE]),
        ("#IID SEX\na female\n", ("a",), [FEMALE]),
        ("f\ta\t0\t0\t2\t-9\n", ("a",), [FEMALE]),
    ],
)
def test_psam(tmp_path: Path, text: str, names: tuple[str, ...], sex: list[int]) -> None:
    people = read_psam(written(tmp_path, text))
    assert people.names() == names
    assert people.sex == sex


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ID_1 ID_2 missing sex\n0 0 0 D\nf a 0 1\nf b 0 2\n", ("a", "b")),
        ("ID_1 ID_2 missing\n0 0 0\nf a 0\ng a 0\n", ("f_a", "g_a")),
        ("ID missing\n0 0\nx 0\ny 0\n", ("x", "y")),
        ("\ufeffID_1 ID_2 missing\n0 0 0\nü ü 0\n", ("ü",)),
    ],
)
def test_sample(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    assert read_sample(written(tmp_path, text)).names() == names


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("#IID\tSEX\na\n", "plink2.psam_columns"),
        ("#FID\tSEX\nf\t1\n", "plink2.psam_columns"),
        ("#IID\na\na\n", "plink2.duplicate_samples"),
        ("#IID\n", "plink2.no_samples"),
    ],
)
def test_broken_psam(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_psam(written(tmp_path, text))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_fam, "f a 0 0 1 2\nf b 0 0 1 1\nf c 0 0 1 -9\n"),
        (read_psam, "#IID\tSEX\tPOP\tPHENO1\na\t1\tGBR\t2\nb\t1\tGBR\t1\nc\t1\tGBR\tNA\n"),
        (read_psam, "f\ta\t0\t0\t2\t2\nf\tb\t0\t0\t2\t1\nf\tc\t0\t0\t2\t0\n"),
        (read_sample, "ID_1 ID_2 missing age ill\n0 0 0 C B\na a 0 50 1\nb b 0 51 0\nc c 0 52 NA\n"),
    ],
)
def test_cases_and_controls(tmp_path: Path, read: Callable[[Path], People], text: str) -> None:
    assert read(written(tmp_path, text)).columns()["phenotype"] == [CASE, CONTROL, UNKNOWN]


@pytest.mark.parametrize("phenotype", ["-9", "0", "1.73"])
def test_a_measurement_is_no_phenotype(tmp_path: Path, phenotype: str) -> None:
    people = read_fam(written(tmp_path, f"f a 0 0 1 {phenotype}\nf b 0 0 1 {phenotype}\n"))
    assert "phenotype" not in people.columns()
