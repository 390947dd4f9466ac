"""`convert`: what it answers and refuses."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.command_line import Cli
from tests.helpers.small_study import make_study, vcf_text


def test_a_file_in_another_format(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "a.vcf"
    source.write_text(vcf_text(make_study(5, samples=6, sites=40)))
    answer = cli("convert", source, tmp_path / "x.bed", "--json")
    assert answer.code == 0, answer.out
    assert answer.data == {
        "files": [str(tmp_path / f"x.{ending}") for ending in ("bed", "bim", "fam")],
        "sites": 40,
        "samples": 6,
    }
    assert "40 sites, 6 samples" in cli("convert", tmp_path / "x.bed", tmp_path / "b.vcf.gz").out


def test_what_is_refused(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "a.vcf"
    source.write_text(vcf_text(make_study(5, samples=6, sites=40)))
    answer = cli("convert", source, tmp_path / "x.gen", "--json")
    assert answer.code == 3
    assert answer.data["problem"]["title"] == "This format is not written"
    answer = cli("convert", tmp_path / "none.vcf", tmp_path / "x.vcf", "--json")
    assert answer.data["problem"]["title"] == "The file cannot be read"
    assert cli("convert", source).code == 2


def test_dosages_and_a_preset(cli: Cli, tmp_path: Path) -> None:
    source = tmp_path / "a.vcf"
    source.write_text(vcf_text(make_study(5, samples=6, sites=40)))
    answer = cli("convert", source, tmp_path / "x.bgen", "--preset", "regenie", "--json")
    assert answer.code == 0, answer
    assert answer.data["verified"] is True
    assert [Path(each).name for each in answer.data["files"]] == ["x.bgen", "x.bgen.bgi", "x.sample"]
    assert "--ref-first" in answer.data["command"]
    assert "read back and equal" in cli("convert", tmp_path / "x.bgen", tmp_path / "y.pgen").out
    wrong = cli("convert", source, tmp_path / "x.pgen", "--preset", "saige", "--json")
    assert wrong.data["problem"]["title"] == "The name does not fit the program"
    assert cli("convert", source, tmp_path / "x.vcf", "--preset", "saige").code == 3
