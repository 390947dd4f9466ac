"""The built-in engine on real people, beside Minimac4; only where the shared data are."""

import shutil
from pathlib import Path

import pytest

from app.imputation.contract import EngineName, ImputationFiles, ImputationRequest, PhasingName
from app.imputation.run import impute_files
from app.results.accuracy import AccuracyBin, accuracy
from tests.helpers.shared import shared_data

FIRST, LAST = 25_000_000, 30_000_000


def imputed(out: Path, engine: EngineName, target: Path, phasing: PhasingName) -> ImputationFiles:
    return impute_files(
        ImputationRequest(
            panel_vcf=shared_data("impute_chr22_eur", "panel.chr22.vcf.gz"),
            target_vcf=target,
            out_dir=out,
            chromosome="22",
            engine=engine,
            phasing=phasing,
            map_file=shared_data("maps", "plink.chr22.GRCh37.map"),
            first=FIRST,
            last=LAST,
            overlap_bp=500_000,
        )
    )


def bins(made: ImputationFiles) -> list[AccuracyBin]:
    told = accuracy([made.dose], shared_data("impute_chr22_eur", "truth.chr22.vcf.gz"))
    return [each for each in told.by_maf if each.sites > 50]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed")
def test_no_worse_than_minimac4(tmp_path: Path) -> None:
    target = shared_data("impute_chr22_eur", "target.gsa_v3.vcf.gz")
    ours = imputed(tmp_path / "ours", EngineName.BUILTIN, target, PhasingName.BUILTIN)
    theirs = imputed(tmp_path / "theirs", EngineName.MINIMAC4, target, PhasingName.BUILTIN)
    assert ours.figures.written == theirs.figures.written
    assert ours.figures.typed == theirs.figures.typed
    pairs = list(zip(bins(ours), bins(theirs), strict=True))
    assert len(pairs) >= 4
    for mine, other in pairs:
        assert mine.r2 is not None
        assert other.r2 is not None
        assert mine.r2 > other.r2 - 0.01
        assert mine.r2 > 0.85
