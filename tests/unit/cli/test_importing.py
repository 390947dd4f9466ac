"""`results import` and the books that `results report` shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.operations import import_result, judge_result, unpack
from tests.helpers.archives import PASSWORD, by_pyzipper, written
from tests.helpers.command_line import Cli
from tests.helpers.direct_work import _directly
from tests.helpers.imputed_files import dose_text, info_text, packed, site_lines

SITES = site_lines(sites=100)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (import_result, judge_result, unpack):
        monkeypatch.setattr(module, "run_in_process", _directly)
    monkeypatch.setattr("app.cli.work.report.run_in_process", _directly)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    return {
        "chr20.dose.vcf.gz": packed(dose_text(SITES[:-2]), tmp_path),
        "chr20.info.gz": packed(info_text(SITES), tmp_path),
    }


def test_a_folder_is_taken_in_and_reported(cli: Cli, tmp_path: Path, files: dict[str, bytes]) -> None:
    folder = written(tmp_path / "old", files)
    answer = cli("results", "import", folder, "--name", "From 2019", "--json")
    assert answer.code == 0
    result = answer.data["result"]
    assert (result["name"], result["job"], result["state"]) == ("From 2019", None, "verified")
    assert result["ledger"]["adds_up"]
    (row,) = result["ledger"]["chromosomes"]
    assert (row["imputed"], row["downloaded"]) == (100, 98)
    assert [each["count"] for each in row["losses"]] == [2]
    assert result["ledger"]["unexplained"] == 2
    report = cli("results", "report", result["id"], "--json").data
    assert report["variants"] == 100
    assert report["ledger"]["chromosomes"] == result["ledger"]["chromosomes"]
    assert {each["path"] for each in report["ledger"]["files"]} == set(files)
    text = cli("results", "report", folder).out
    assert "In the info file and not in the dose file" in text
    assert "2 sites got lost without a reason that anybody tells." in text
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)


def test_archives_with_their_password(cli: Cli, tmp_path: Path, files: dict[str, bytes]) -> None:
    archive = by_pyzipper(tmp_path / "chr_20.zip", files, PASSWORD, 256, 2)
    told = cli("results", "import", archive, "--to", tmp_path / "new", "--json")
    assert (told.code, told.data["problem"]["kind"]) == (3, "input")
    assert not (tmp_path / "new").exists()
    words = ("results", "import", archive, "--to", tmp_path / "new", "--password-stdin")
    answer = cli(*words, stdin=PASSWORD + "\n")
    assert answer.code == 0
    assert "chr20.dose.vcf.gz" in answer.out
    assert (tmp_path / "new" / "chr20.dose.vcf.gz.tbi").is_file()
    assert PASSWORD not in answer.out + answer.err


def test_a_result_is_forgotten_and_its_files_stay_or_go(
    cli: Cli, tmp_path: Path, files: dict[str, bytes]
) -> None:
    folder = written(tmp_path / "old", files)
    in_place = cli("results", "import", folder, "--json").data["result"]["id"]
    refused = cli("results", "forget", in_place, "--delete-files", "--json")
    assert (refused.code, refused.data["problem"]["kind"]) == (3, "input")
    assert "its files stay where they are" in cli("results", "forget", in_place).out
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)
    copied = cli("results", "import", folder, "--to", tmp_path / "new", "--json").data["result"]["id"]
    answer = cli("results", "forget", copied, "--delete-files", "--json").data
    assert answer["forgotten"]["files_deleted"]
    assert not (tmp_path / "new").exists()
    assert cli("results", "report", copied, "--json").code == 3
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)


@pytest.mark.allow_log("The quality could not be computed")
def test_a_cut_file_is_taken_in_and_the_answer_is_no(
    cli: Cli, tmp_path: Path, files: dict[str, bytes]
) -> None:
    cut = files["chr20.dose.vcf.gz"][:-40]
    answer = cli("results", "import", written(tmp_path / "cut", {"chr20.dose.vcf.gz": cut}), "--json")
    assert (answer.code, answer.data["result"]["state"]) == (1, "incomplete")
    told = cli("results", "import", tmp_path / "cut").out
    assert "1 of 1 files is damaged or cut; " in told
    assert "verified;" not in told
