"""Array sets made ready for panels in both builds: the twin takes them, and engines really impute them.

The panel of GRCh38 is that of GRCh37, lifted by the program with its phase. Engines drop markers without
a word where alleles or order are wrong (`genotypes.md` 4), so the sites that they call typed are counted.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode
from app.genotypes.matrix import read_matrix
from app.genotypes.repair.apply import repair
from app.genotypes.repair.ready import Means, make_ready
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.rules import RulePack
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.site_table import SiteTable
from app.imputation.contract import EngineName, ImputationRequest, PhasingName
from app.imputation.engines import engines
from app.imputation.run import impute_files
from app.results.accuracy import accuracy
from tests.helpers.cohorts import cohort_of_vcf
from tests.helpers.panel_tables import table_of_panel
from tests.helpers.shared import shared_data
from tests.helpers.stretches import stretch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ARRAYS = ("target.gsa_v3", "target.core_v1.2", "target.omni2.5")
FIRST, MEGABASES = 30_000_000, 3
STRETCH = (28_000_000, 35_000_000)
"""What is made ready: the builds differ by 0.4 megabases there."""
SURE = BuildGuess(value="GRCh37", confidence=0.999)


def chain(there: str, back: str) -> Path:
    return shared_data("chains", f"ensembl.{there}_to_{back}.chain.gz")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Seven megabases of arrays, panel and truth."""
    folder = tmp_path_factory.mktemp("files")
    names = (*ARRAYS, "panel.chr22", "truth.chr22")
    return {
        each: stretch(shared_data("impute_chr22_eur", f"{each}.vcf.gz"), folder / f"{each}.vcf.gz", *STRETCH)
        for each in names
    }


@pytest.fixture(scope="module")
def panels(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The panel in both builds."""
    folder = tmp_path_factory.mktemp("panels")
    old = files["panel.chr22"]
    target = RepairTarget(
        build="GRCh38",
        study_build=SURE,
        chain=chain("GRCh37", "GRCh38"),
        chain_back=chain("GRCh38", "GRCh37"),
    )
    only_lifted = RepairChoices(chosen=frozenset({RepairCode.LIFTOVER, RepairCode.DROP_DUPLICATES}))
    cohort = cohort_of_vcf(old, folder / "cohort")
    outcome = repair([cohort], target, only_lifted, folder / "lifted")
    assert outcome.ledger.adds_up
    assert outcome.ledger.sites_out > 0.995 * outcome.ledger.sites_in
    return {"GRCh37": old, "GRCh38": Path(outcome.files[0].path)}


@cache
def table_of(path: Path) -> SiteTable:
    return table_of_panel(path)


@pytest.mark.parametrize(("array", "build"), [(ARRAYS[0], "GRCh37"), (ARRAYS[-1], "GRCh38")])
def test_prepared_arrays_pass_and_impute(
    tmp_path: Path, files: dict[str, Path], panels: dict[str, Path], array: str, build: str
) -> None:
    cohort = cohort_of_vcf(files[array], tmp_path / "cohort")
    hg = {"GRCh37": "hg19", "GRCh38": "hg38"}[build]
    rules = RulePack(
        service_id="s",
        service="A server",
        panel="Europeans",
        parameters=ServerQcParameters(build=hg, panel_build=hg, strand_flips=100, allele_switches=100),
    )
    means = Means(
        panel={"22": table_of(panels[build])},
        panel_genotypes={"22": panels[build]},
        study_build=SURE,
        chain=chain("GRCh37", "GRCh38") if build == "GRCh38" else None,
    )
    outcome, verdict = make_ready([cohort], rules, means, RepairChoices(), tmp_path / "out")
    assert outcome.ready, verdict.headline
    assert outcome.ledger.adds_up
    assert outcome.ledger.samples_out == 48
    assert outcome.ledger.sites_out > 0.97 * outcome.ledger.sites_in
    engine = EngineName.BEAGLE if array == ARRAYS[0] else EngineName.MINIMAC4
    truth = files["truth.chr22"] if build == "GRCh37" else None
    impute(tmp_path, Path(outcome.files[0].path), panels[build], engine, truth)


def impute(folder: Path, study: Path, panel: Path, engine: EngineName, truth: Path | None) -> None:
    """Three million bases by a real engine; every typed site in the region must come back as typed."""
    if not next(each for each in engines() if each.name == engine).present:
        pytest.skip(f"{engine} is not installed")
    last = FIRST + MEGABASES * 1_000_000
    made = impute_files(
        ImputationRequest(
            panel_vcf=panel,
            target_vcf=study,
            out_dir=folder / "imputed",
            chromosome="22",
            engine=engine,
            phasing=PhasingName.BEAGLE if shutil.which("java") else PhasingName.BUILTIN,
            first=FIRST,
            last=last,
            threads=2,
        )
    )
    sent = read_matrix(study)
    panel_sites = set(read_matrix(panel).site_keys())
    inside = (sent.positions >= FIRST) & (sent.positions <= last)
    typed = sum(key in panel_sites for key in sent.take(inside).site_keys())
    assert made.figures.typed == typed
    assert made.figures.mean_er2 is None or made.figures.mean_er2 > 0.8
    if truth is not None:
        told = accuracy([made.dose], truth)
        common = [each.r2 for each in told.by_maf if each.maf_from >= 0.1 and each.r2 is not None]
        assert common
        assert min(common) > 0.8
