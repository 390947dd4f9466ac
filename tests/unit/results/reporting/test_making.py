"""From files on disk to a report, with what the files tell of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.domain.progress import silent
from app.domain.result_report import OutputFact, SoftwareFact
from app.genotypes.panels.store import PanelAbout, build_panel
from app.results.reporting.making import ReportErrand, ReportForm, make_reports, report_parts
from app.results.reporting.told_by_files import once, programs_in, with_told
from tests.helpers.imputed_files import site_lines
from tests.unit.results.reporting.parts import PEOPLE, result_folder, run_facts


def errand_of(folder: Path, **more: object) -> ReportErrand:
    outputs = tuple(
        OutputFact(path=each.name, size=each.stat().st_size)
        for each in sorted(folder.iterdir())
        if each.is_file()
    )
    return ReportErrand(run_facts(software=()), str(folder), outputs, **more)  # type: ignore[arg-type]


def site_list(folder: Path) -> Path:
    """A VCF of the sites of the result with frequencies of a panel."""
    path = folder / "panel.vcf"
    head = ["##fileformat=VCFv4.2", "##contig=<ID=20>", '##INFO=<ID=AF,Number=A,Type=Float,Description="x">']
    rows = ["\t".join([*line.split("\t")[:7], "AF=0.25"]) for line in site_lines()]
    path.write_text("\n".join([*head, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", *rows]) + "\n")
    return path


def test_files_tell_programs_and_header_lines(tmp_path: Path) -> None:
    folder = result_folder(tmp_path)
    told = {"engine": "beagle", "versions": {"beagle": "22Jul22.46e", "haplodesk": "0.1.0"}}
    (folder / "run.json").write_text(json.dumps(told))
    parts, _ = report_parts(errand_of(folder), silent)
    names = [(each.name, each.version) for each in parts.facts.software]
    assert names == [("Beagle", "22Jul22.46e"), ("Haplodesk", "0.1.0"), ("Minimac", "4.1.6")]
    assert ("mis_panel", "hapmap@2") in parts.facts.header
    assert all(each.sha256 for each in parts.outputs)


@pytest.mark.parametrize(("built", "kept"), [(False, False), (False, True), (True, True)])
def test_frequencies_are_drawn_where_the_panel_is_at_hand(tmp_path: Path, built: bool, kept: bool) -> None:
    folder = result_folder(tmp_path / "result")
    source = site_list(tmp_path)
    if built:
        build_panel([source], tmp_path / "list", PanelAbout("x", build="", population=""))
        source = tmp_path / "list"
    keep = str(tmp_path / "kept") if kept else ""
    errand = errand_of(folder, panel=(str(source),), keep_in=keep)
    page = make_reports(errand, (ReportForm.HTML,), silent)[ReportForm.HTML].decode()
    assert "ALT frequency in the result" in page
    assert "ALT frequency in the result" not in _without(folder)


def _without(folder: Path) -> str:
    return make_reports(errand_of(folder), (ReportForm.HTML,), silent)[ReportForm.HTML].decode()


def test_a_result_without_figures_has_a_report_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "qc_report.txt").write_text("all fine\n")
    made = make_reports(errand_of(tmp_path, people=PEOPLE), tuple(ReportForm), silent)
    assert b"qc_report.txt" in made[ReportForm.HTML]
    assert made[ReportForm.PDF].startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("Minimac4.v4.1.6", "Minimac4", "4.1.6"),
        ("Minimac v4.1.6", "Minimac", "4.1.6"),
        ("beagle.22Jul22.46e.jar", "Beagle", "22Jul22.46e"),
        ("eagle-2.4.1", "Eagle", "2.4.1"),
        ("Haplodesk v0.1.0 (minimac4)", "Haplodesk", "0.1.0"),
        ("Phasing with Eagle", "Eagle", ""),
    ],
)
def test_programs_are_read_from_texts(text: str, name: str, version: str) -> None:
    first = next(programs_in(text, "a file"))
    assert (first.name, first.version) == (name, version)


def test_a_program_is_told_once_and_with_its_version() -> None:
    told = [SoftwareFact(name="Minimac4"), SoftwareFact(name="minimac", version="4.1.6")]
    assert [each.version for each in once(told)] == ["4.1.6"]


def test_a_record_of_a_run_that_is_nested_without_end_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("[" * 100_000)
    assert with_told(run_facts(), tmp_path, ()).software == once(run_facts().software)
