"""Real people: an array cohort against a real panel at the practice server, judged by what they truly carry.

The thresholds are what Beagle 5.4 reaches on the same data (`BASELINE_beagle5.4.tsv`) less a few points.
"""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.progress import Report
from app.domain.result import Result
from app.genotypes.worker import run_in_process
from app.operations.submit_job import create_job
from app.practice.panels import PanelPopulation, PanelShelf
from app.practice.server import PracticeServer
from app.results.accuracy import Accuracy, AccuracyBin, accuracy
from tests.end_to_end.program import left_over, running
from tests.helpers.shared import shared_data
from tests.helpers.stretches import stretch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

FOLDER = "impute_chr22_eur"
TASK = "chr22_eur/gsa_v3"
TYPED, PEOPLE = 4_003, 48
FEWER = 0.02
"""How far below Beagle a result of the whole chromosome may be."""
CUT = (24_000_000, 29_000_000)
CUT_FEWER = 0.08
"""A few megabases are no chromosome: their mean may lie away from that of the whole."""
ENOUGH_SITES = 100


@pytest.fixture(scope="module")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Five megabases of panel, cohort and truth."""
    folder = tmp_path_factory.mktemp("cuts")
    names = {"panel": "panel.chr22.vcf.gz", "target": "target.gsa_v3.vcf.gz", "truth": "truth.chr22.vcf.gz"}
    return {key: stretch(shared_data(FOLDER, name), folder / name, *CUT) for key, name in names.items()}


def test_the_whole_chromosome(tmp_path: Path) -> None:
    files = {
        "panel": shared_data(FOLDER, "panel.chr22.vcf.gz"),
        "target": shared_data(FOLDER, "target.gsa_v3.vcf.gz"),
        "truth": shared_data(FOLDER, "truth.chr22.vcf.gz"),
    }
    result, found = imputed(tmp_path, "cg3-local", files)
    assert result.quality is not None
    assert (result.quality.samples, result.quality.variants) == (PEOPLE, 85_485)
    assert result.quality.by_chromosome[0].typed == TYPED
    assert (found.samples, found.missed, found.sites) == (PEOPLE, 0, 85_485 - TYPED)
    assert compare(found, FEWER) >= 5


def test_five_megabases_by_the_older_dialect(cuts: dict[str, Path], tmp_path: Path) -> None:
    _, found = imputed(tmp_path, "cg2", cuts)
    assert (found.samples, found.missed) == (PEOPLE, 0)
    assert found.sites > 8_000
    assert compare(found, CUT_FEWER) >= 4


def imputed(folder: Path, mode: str, files: dict[str, Path]) -> tuple[Result, Accuracy]:
    """Send the cohort to a server with the real panel; what came back and how true it is."""
    home = folder / "server"
    install(PanelShelf(home / "panels"), files["panel"])
    with PracticeServer(home, mode, practice_panels=False, engine="builtin") as server:
        result = asyncio.run(journey(server, folder / "home", files["target"]))
    assert left_over(Path(result.folder)) == []
    dose = Path(result.folder) / "chr22.dose.vcf.gz"
    return result, asyncio.run(run_in_process(judged, dose, files["truth"]))


def judged(dose: Path, truth: Path, report: Report) -> Accuracy:
    return accuracy([dose], truth)


def install(shelf: PanelShelf, vcf: Path) -> None:
    rows = shared_data(FOLDER, "panel.samples.tsv").read_text().splitlines()[1:]
    people = tuple(row.split("\t")[0] for row in rows)
    shelf.add_panel(
        "kgp3-eur",
        "1000 Genomes phase 3, Europeans (GRCh37/hg19)",
        "hg19",
        {"22": vcf},
        [PanelPopulation(id="eur", name="EUR", samples=len(people), info_key="AF")],
        {"22": shared_data("maps", "plink.chr22.GRCh37.map")},
    )


async def journey(server: PracticeServer, home: Path, target: Path) -> Result:
    async with running(home) as program:
        service_id = await program.add(server)
        dataset_id = await program.checked((target,), service_id)
        draft = await program.draft(service_id, dataset_id, options={"aesEncryption": True})
        assert draft.options["population"] == "eur"
        job_id = (await create_job(program.desk, draft)).ids(Noun.JOB)[0]
        return await program.until_verified(job_id, limit_s=800)


def baseline() -> list[tuple[float, float]]:
    """(lowest frequency of a bin, dosage r² of Beagle), by frequency."""
    with shared_data("BASELINE_beagle5.4.tsv").open() as handle:
        rows = [row for row in csv.DictReader(handle, delimiter="\t") if row["task"] == TASK]
    return [(float(row["MAF_bin_low"].removeprefix(">=")), float(row["pooled_dosage_R2"])) for row in rows]


def compare(found: Accuracy, fewer: float) -> int:
    """Hold each bin with enough sites against Beagle's and print the table; the number of bins."""
    print(f"\n{'MAF':>13} {'sites':>7} {'r2':>7} {'Beagle':>7} {'non-ref':>8} {'IQS':>6}")  # noqa: T201
    bins = [each for each in found.by_maf if each.sites >= ENOUGH_SITES]
    pairs = [(each, beagle(each)) for each in bins]
    for each, wanted in pairs:
        print(line(each, wanted))  # noqa: T201
    for each, wanted in pairs:
        assert each.r2 is not None
        assert each.r2 > wanted - fewer, line(each, wanted)
    return len(pairs)


def beagle(each: AccuracyBin) -> float:
    """What Beagle reaches in the bin that this one lies in."""
    return next(r2 for low, r2 in reversed(baseline()) if low <= each.maf_from)


def line(each: AccuracyBin, wanted: float) -> str:
    place = f"{each.maf_from:.3f}–{each.maf_to:.3f}"
    figures = [f"{0.0 if value is None else value:.4f}" for value in (each.nonref_concordance, each.iqs)]
    return f"{place:>13} {each.sites:>7,} {each.r2:>7.4f} {wanted:>7.4f} {figures[0]:>8} {figures[1]:>6}"
