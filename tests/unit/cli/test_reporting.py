"""`results report` writes what is asked for and answers as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.command_line import Cli
from tests.helpers.direct_work import work_directly
from tests.unit.results.merging.made_results import made_results
from tests.unit.results.reporting.parts import PEOPLE, result_folder


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    work_directly(monkeypatch)
    monkeypatch.setattr("app.cli.work.report.run_in_process", _here)


async def _here(function, *args, report=lambda _: None):  # type: ignore[no-untyped-def]
    return function(*args, report)


def test_a_report_of_a_folder(cli: Cli, tmp_path: Path) -> None:
    folder = result_folder(tmp_path / "result")
    page, paper = tmp_path / "page", tmp_path / "paper.pdf"
    told = cli("--json", "results", "report", str(folder), "--html", str(page), "--pdf", str(paper))
    assert told.code == 0, told
    assert {"samples", "variants", "by_chromosome", "by_maf", "er2", "ledger"} <= set(told.data)
    assert told.data["written"] == [str(page), str(paper)]
    assert page.read_text().startswith("<!doctype html>")
    assert paper.read_bytes().startswith(b"%PDF-")
    assert not any(name in page.read_text() for name in PEOPLE)
    assert sorted(each.name for each in folder.iterdir()) == ["chr20.dose.vcf.gz"]


def test_files_are_replaced_only_when_that_is_said(cli: Cli, tmp_path: Path) -> None:
    folder = result_folder(tmp_path / "result")
    page = tmp_path / "page.html"
    page.write_text("mine")
    arguments = ("--json", "results", "report", str(folder), "--html", str(page))
    assert cli(*arguments).code == 3
    assert page.read_text() == "mine"
    assert cli(*arguments, "--force").code == 0
    assert page.read_text() != "mine"


def test_two_reports_are_not_one_file(cli: Cli, tmp_path: Path) -> None:
    folder = result_folder(tmp_path / "result")
    same = str(tmp_path / "same")
    assert cli("results", "report", str(folder), "--html", same, "--pdf", same).code == 3
    assert not Path(same).exists()


def test_a_crate_is_made_and_verified(cli: Cli, tmp_path: Path) -> None:
    folder = result_folder(tmp_path / "result")
    made = cli("--json", "results", "report", str(folder), "--crate")
    assert made.code == 0, made
    assert made.data["crate"] == {"files": 6}
    whole = cli("--json", "results", "verify", str(folder))
    assert whole.code == 0
    assert whole.data["whole"] is True
    assert whole.data["faults"] == []
    dose = folder / "chr20.dose.vcf.gz"
    dose.write_bytes(dose.read_bytes()[:-1])
    spoilt = cli("--json", "results", "verify", str(folder))
    assert spoilt.code == 1
    (fault,) = spoilt.data["faults"]
    assert (fault["path"], fault["kind"]) == ("chr20.dose.vcf.gz", "changed")
    assert "chr20.dose.vcf.gz" in cli("results", "verify", str(folder)).out


def test_a_folder_without_a_crate_is_a_problem(cli: Cli, tmp_path: Path) -> None:
    assert cli("results", "verify", str(result_folder(tmp_path / "result"))).code == 3


def test_a_comparison_is_written_as_page_and_pdf(cli: Cli, tmp_path: Path) -> None:
    folders = [str(each.write(tmp_path / f"panel{k}")) for k, each in enumerate(made_results(2))]
    page, paper = tmp_path / "compared.html", tmp_path / "compared.pdf"
    told = cli("--json", "results", "compare", *folders, "--html", str(page), "--pdf", str(paper))
    assert told.code == 0, told
    assert told.data["written"] == [str(page), str(paper)]
    assert "panel0" in page.read_text()
    assert str(tmp_path) not in page.read_text()
    assert paper.read_bytes().startswith(b"%PDF-")
    again = cli("--json", "results", "compare", *folders, "--html", str(page))
    assert again.code == 3


def test_a_crate_beside_a_result(cli: Cli, tmp_path: Path) -> None:
    folder, apart = result_folder(tmp_path / "result"), tmp_path / "crate"
    assert cli("--json", "results", "report", str(folder), "--crate-at", str(apart)).code == 0
    assert [each.name for each in folder.iterdir()] == ["chr20.dose.vcf.gz"]
    assert cli("results", "verify", str(apart), "--result", str(folder)).code == 0
    (folder / "chr20.dose.vcf.gz").unlink()
    assert cli("results", "verify", str(apart), "--result", str(folder)).code == 1


def test_a_crate_beside_a_result_does_not_lie_in_it(cli: Cli, tmp_path: Path) -> None:
    folder = result_folder(tmp_path / "result")
    assert cli("results", "report", str(folder), "--crate-at", str(folder / "crate")).code == 3
    assert [each.name for each in folder.iterdir()] == ["chr20.dose.vcf.gz"]
