"""Exporting in this process; and files of the same names, kept or replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.domain.export import ExportFormat, ExportRequest, PresetName
from app.domain.problem import ProblemError
from app.domain.progress import Progress
from app.operations.export_here import export_here
from tests.helpers.dose_rows import haplotypes, write_result


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "result"
    folder.mkdir()
    write_result(folder / "chr20.dose.vcf.gz", haplotypes(30, 6))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "chr20.bim").write_text("mine")
    return folder


def test_what_is_there_is_refused_before_the_work(source: Path, out: Path) -> None:
    told: list[Progress] = []
    with pytest.raises(ProblemError, match="--replace"):
        export_here(ExportRequest(str(source), str(out), ExportFormat.BED), told.append)
    assert not told
    assert [each.name for each in out.iterdir()] == ["chr20.bim"]


def test_others_are_replaced_where_it_is_allowed(source: Path, out: Path) -> None:
    (out / "other.txt").write_text("stays")
    made = export_here(ExportRequest(str(source), str(out), ExportFormat.BED, replace=True))
    assert sorted(each.name for each in out.iterdir()) == ["chr20.bed", "chr20.bim", "chr20.fam", "other.txt"]
    assert (out / "chr20.bim").read_text() != "mine"
    assert made.sets[0].files == tuple(str(out / f"chr20.{ending}") for ending in ("bed", "bim", "fam"))
    assert made.kept == 30


def test_they_come_back_where_not_all_can_be_moved(source: Path, out: Path) -> None:
    (out / "chr20.fam").mkdir()
    with pytest.raises(ProblemError):
        export_here(ExportRequest(str(source), str(out), ExportFormat.BED, replace=True))
    assert sorted(each.name for each in out.iterdir()) == ["chr20.bim", "chr20.fam"]
    assert (out / "chr20.bim").read_text() == "mine"


def test_a_link_is_replaced_and_not_what_it_points_to(source: Path, out: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.bim"
    (out / "chr20.bim").replace(target)
    try:
        os.symlink(target, out / "chr20.bim")
    except OSError:
        pytest.skip("links cannot be made here")
    export_here(ExportRequest(str(source), str(out), ExportFormat.BED, replace=True))
    assert target.read_text() == "mine"
    assert not (out / "chr20.bim").is_symlink()


def test_the_source_is_never_replaced(tmp_path: Path) -> None:
    source = write_result(tmp_path / "chr20.vcf.gz", haplotypes(30, 6))
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with pytest.raises(ProblemError, match="there already"):
        export_here(ExportRequest(str(source), str(tmp_path), replace=True))
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_interrupted_it_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_here(ExportRequest(str(source), str(tmp_path / "new")), interrupt)
    assert not (tmp_path / "new").exists()


def test_an_index_of_the_replaced_file_does_not_stay(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    export_here(ExportRequest(str(source), str(out), preset=PresetName.SAIGE_VCF))
    assert (out / "chr20.vcf.gz.csi").exists()
    export_here(ExportRequest(str(source), str(out), ExportFormat.VCF, replace=True))
    assert sorted(each.name for each in out.iterdir()) == ["chr20.vcf.gz", "chr20.vcf.gz.tbi"]


def test_they_come_back_where_it_is_interrupted(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out / "chr20.bed").write_text("mine too")
    calls: list[Path] = []
    replace = os.replace

    def at_the_second(old: Path, new: Path) -> None:
        if Path(new).parent == out:
            calls.append(Path(new))
            if len(calls) == 2:
                raise KeyboardInterrupt
        replace(old, new)

    monkeypatch.setattr("app.genotypes.repair.staging.os.replace", at_the_second)
    with pytest.raises(KeyboardInterrupt):
        export_here(ExportRequest(str(source), str(out), ExportFormat.BED, replace=True))
    assert sorted(each.name for each in out.iterdir()) == ["chr20.bed", "chr20.bim"]
    assert [(out / name).read_text() for name in ("chr20.bed", "chr20.bim")] == ["mine too", "mine"]
