"""`results filter` answers as the contract says."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.commands.filter_results import FORMATS, PRESETS
from app.domain.export import ExportFormat, PresetName
from tests.helpers.command_line import Cli
from tests.helpers.direct_work import work_directly
from tests.helpers.dose_rows import haplotypes, write_result


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the work here: starting a process takes seconds."""
    work_directly(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "result"
    made.mkdir()
    r2 = [0.2 + 0.1 * (row % 8) for row in range(40)]
    write_result(made / "chr20.dose.vcf.gz", haplotypes(40, 6), r2=r2)
    return made


def test_kept_and_dropped_add_up_and_files_are_there(cli: Cli, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("--min-r2", "0.5", "--min-maf", "0.05", "--format", "bed", "--hard-call-threshold", "0.2")
    told = cli("--json", "results", "filter", str(folder), "--out", str(out), *words)
    assert told.code == 0, told
    assert told.data["variants"] == 40
    assert told.data["kept"] + sum(told.data["dropped"].values()) == 40
    assert told.data["dropped"]["R2 too low"] == 15
    assert all(Path(each).is_file() for each in told.data["files"])
    assert told.data["sets"][0]["verified"] is True
    assert set(told.data["sets"][0]["lost_calls"]) == {"0.05", "0.1", "0.2", "0.3", "0.4", "0.49"}


def test_the_text_says_how_many_and_what_to_do_next(cli: Cli, folder: Path, tmp_path: Path) -> None:
    told = cli("results", "filter", str(folder), "--out", str(tmp_path / "out"), "--preset", "regenie")
    assert told.code == 0, told
    assert "40 (100.0 %)" in told.out
    assert "regenie --step 2 --bgen chr20.bgen --ref-first --sample chr20.sample" in told.out
    assert "equal" in told.out


def test_hard_calls_tell_what_is_lost(cli: Cli, folder: Path, tmp_path: Path) -> None:
    told = cli("results", "filter", str(folder), "--out", str(tmp_path / "out"), "--preset", "gcta")
    assert "hard-call threshold  calls lost" in told.out


def test_r2_by_frequency_and_people_from_a_file(cli: Cli, folder: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.txt"
    people.write_text("P1\n\nP4\n")
    out = str(tmp_path / "out")
    words = ("--min-r2", "0.05:0.3,0:0.8", "--samples", str(people), "--format", "tsv")
    told = cli("--json", "results", "filter", str(folder), "--out", out, *words)
    assert told.code == 0, told
    assert told.data["sets"][0]["samples"] == 2


def test_a_result_of_the_program_is_booked_in_its_ledger(cli: Cli, folder: Path, tmp_path: Path) -> None:
    brought = cli("--json", "results", "import", str(folder)).data["result"]
    words = ("--out", str(tmp_path / "out"), "--min-r2", "0.5", "--format", "bed")
    told = cli("--json", "results", "filter", brought["id"], *words)
    assert told.code == 0, told
    assert told.data["kept"] == 25
    (row,) = cli("--json", "results", "report", brought["id"]).data["ledger"]["chromosomes"]
    assert row["converted"] == 25
    reasons = {each["reason"]: each["count"] for each in row["losses"] if each["stage"] == "converted"}
    assert reasons == {"R2 under the cut-off": 15}


def test_what_is_neither_a_path_nor_a_job_is_told(cli: Cli, tmp_path: Path) -> None:
    told = cli("results", "filter", "nothing-of-that-name", "--out", str(tmp_path / "out"))
    assert told.code != 0
    assert "There is no job 'nothing-of-that-name'." in told.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["x", "0:0.3:1", "0.1:2", "1.5", "0:0.3,0:0.4"])
def test_wrong_cutoffs_are_wrong_usage(cli: Cli, folder: Path, tmp_path: Path, value: str) -> None:
    told = cli("results", "filter", str(folder), "--out", str(tmp_path / "out"), "--min-r2", value)
    assert told.code == 2
    assert not (tmp_path / "out").exists()


def test_a_list_of_people_that_is_not_there(cli: Cli, folder: Path, tmp_path: Path) -> None:
    words = ("--out", str(tmp_path / "out"), "--samples", str(tmp_path / "none"))
    assert cli("results", "filter", str(folder), *words).code == 3


@pytest.mark.parametrize("words", [("--format", "sav"), ("--preset", "plink")])
def test_what_is_not_known_is_wrong_usage(
    cli: Cli, folder: Path, tmp_path: Path, words: tuple[str, str]
) -> None:
    assert cli("results", "filter", str(folder), "--out", str(tmp_path / "out"), *words).code == 2


def test_the_names_on_the_command_line_are_those_of_the_program() -> None:
    assert set(FORMATS) == {each.value for each in ExportFormat}
    assert set(PRESETS) == {each.value for each in PresetName}
