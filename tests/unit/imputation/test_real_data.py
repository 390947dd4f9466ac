"""The built-in engine on real people, beside Minimac4; only where the shared data are."""

import shutil
from pathlib import Path

import pytest

from app.imputation.contract import EngineName, ImputationFiles, ImputationRequest, PhasingName, Tools
from app.imputation.panel_files import take_panel
from app.imputation.panel_packing import packed
from app.imputation.part_run import PartTask, impute_part
from app.imputation.run import impute_files
from app.results.accuracy import AccuracyBin, accuracy
from tests.helpers.shared import shared_data
from tests.helpers.stretches import stretch

FIRST, LAST = 25_000_000, 30_000_000
OVERLAP = 500_000
BORDER = (37_000_000, 42_999_999)  # the border of chunks at 40 Mb lies in the middle


def imputed(
    out: Path, engine: EngineName, panel: Path, target: Path, phasing: PhasingName
) -> ImputationFiles:
    return impute_files(
        ImputationRequest(
            panel_vcf=panel,
            target_vcf=target,
            out_dir=out,
            chromosome="22",
            engine=engine,
            phasing=phasing,
            map_file=shared_data("maps", "plink.chr22.GRCh37.map"),
            first=FIRST,
            last=LAST,
            overlap_bp=OVERLAP,
        )
    )


def bins(made: ImputationFiles, truth: Path) -> list[AccuracyBin]:
    told = accuracy([made.dose], truth)
    return [each for each in told.by_maf if each.sites > 50]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed")
def test_no_worse_than_minimac4(tmp_path: Path) -> None:
    panel, target, truth = (
        stretch(shared_data("impute_chr22_eur", name), tmp_path / name, FIRST - OVERLAP, LAST + OVERLAP)
        for name in ("panel.chr22.vcf.gz", "target.gsa_v3.vcf.gz", "truth.chr22.vcf.gz")
    )
    ours = imputed(tmp_path / "ours", EngineName.BUILTIN, panel, target, PhasingName.BUILTIN)
    theirs = imputed(tmp_path / "theirs", EngineName.MINIMAC4, panel, target, PhasingName.BUILTIN)
    assert ours.figures.written == theirs.figures.written
    assert ours.figures.typed == theirs.figures.typed
    pairs = list(zip(bins(ours, truth), bins(theirs, truth), strict=True))
    assert len(pairs) >= 4
    for mine, other in pairs:
        assert mine.r2 is not None
        assert other.r2 is not None
        assert mine.r2 > other.r2 - 0.01
        assert mine.r2 > 0.85


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed")
def test_chunks_are_as_good_as_the_whole(tmp_path: Path) -> None:
    """Two chunks that meet in the middle, against Minimac4 over all at once with the same settings."""
    folder = shared_data("impute_chr22_eur")
    panel = stretch(folder / "panel.chr22.vcf.gz", tmp_path / "panel.vcf.gz", *BORDER)
    target = stretch(folder / "target.gsa_v3.vcf.gz", tmp_path / "target.vcf.gz", *BORDER)
    chart = shared_data("maps", "plink.chr22.GRCh37.map")
    kept = tmp_path / "kept"
    kept.mkdir()
    facts = take_panel([panel], kept)
    part = packed(facts.parts[0], kept, EngineName.MINIMAC4, Tools())
    task = PartTask(
        target=target,
        panel_folder=kept,
        panel=part,
        folder=tmp_path / "job",
        engine=EngineName.MINIMAC4,
        map_file=chart,
        chunk_bp=4_000_000,
    )
    result = impute_part(task)
    assert [each.chunk.last for each in result.results] == [40_000_000, part.last]
    assert result.agreement is not None
    assert result.agreement > 0.9
    whole = impute_files(
        ImputationRequest(
            panel_vcf=panel,
            target_vcf=target,
            out_dir=tmp_path / "whole",
            chromosome="22",
            engine=EngineName.MINIMAC4,
            phasing=PhasingName.BUILTIN,
            map_file=chart,
        )
    )
    doses = [task.folder / f"chunk-{c.chunk.number}" / c.files["dose"][0] for c in result.results]
    truth = stretch(folder / "truth.chr22.vcf.gz", tmp_path / "truth.vcf.gz", *BORDER)
    mine, theirs = (accuracy(files, truth).by_maf for files in (doses, [whole.dose]))
    pairs = [(a.r2, b.r2) for a, b in zip(mine, theirs, strict=True) if a.sites > 200 and a.r2 and b.r2]
    assert len(pairs) >= 3
    assert all(one > two - 0.002 for one, two in pairs), pairs
    assert abs(sum(one - two for one, two in pairs) / len(pairs)) <= 0.001, pairs
