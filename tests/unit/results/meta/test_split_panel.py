"""On an invented panel split by population, joining both halves' results beats the better half everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.imputation.contract import ImputationRequest
from app.imputation.run import impute_files
from app.practice.simulation_files import write_cohort, write_panel
from app.practice.simulator import SimulatedData, SimulationSpec, simulate
from app.results.doses.contract import Field
from app.results.doses.reading import open_doses
from app.results.merging.files import result_files
from app.results.meta.run import MetaRequest, meta_impute

BINS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.2, 0.501)
RARE = 3


def _half(data: SimulatedData, people: NDArray[np.intp], folder: Path) -> Path:
    """The result of imputing the cohort from some people of the panel."""
    folder.mkdir()
    columns = np.stack([2 * people, 2 * people + 1], axis=1).ravel()
    panel = data.panel[:, columns]
    seen = np.flatnonzero(panel.any(axis=1))
    some = replace(
        data,
        panel=panel[seen],
        positions=data.positions[seen],
        refs=[data.refs[i] for i in seen],
        alts=[data.alts[i] for i in seen],
        panel_names=tuple(data.panel_names[i] for i in people),
    )
    write_panel(some, folder / "panel.vcf.gz")
    write_cohort(data, folder / "cohort.vcf.gz")
    request = ImputationRequest(
        panel_vcf=folder / "panel.vcf.gz",
        target_vcf=folder / "cohort.vcf.gz",
        out_dir=folder / "result",
        chromosome="20",
    )
    impute_files(request)
    return folder / "result"


def _dosages(data: SimulatedData, folder: Path) -> NDArray[np.float32]:
    """Dosages at all sites of the whole panel, 0 at those that a result lacks."""
    rows = {
        (int(p), r, a): i
        for i, (p, r, a) in enumerate(zip(data.positions, data.refs, data.alts, strict=True))
    }
    result = np.zeros((len(rows), len(data.cohort_names)), np.float32)
    reader = open_doses(folder / "chr20.dose.vcf.gz", Field.DOSAGE)
    for batch in reader.batches():
        sites = zip(batch.position.tolist(), batch.refs, batch.alts, strict=True)
        result[[rows[site] for site in sites]] = batch.dosage
    reader.close()
    return result


def _r2(dosages: NDArray[np.float32], truth: NDArray[np.float64], rows: NDArray[np.bool_]) -> float:
    return float(np.corrcoef(dosages[rows].ravel(), truth[rows].ravel())[0, 1] ** 2)


@pytest.mark.slow
def test_meta_is_at_least_as_good_as_the_better_half_and_better_where_rare(tmp_path: Path) -> None:
    spec = SimulationSpec(
        samples=90, panel_samples=600, sites=4000, array_sites=300, phased=True, missing=0.0, seed=11
    )
    data = simulate(spec)
    groups = np.array(data.panel_populations)
    north = np.flatnonzero(groups == "north")
    first = np.sort(np.concatenate([np.flatnonzero(groups == "south"), north[::2]]))
    second = np.sort(np.concatenate([np.flatnonzero(groups == "east"), north[1::2]]))
    halves = [_half(data, first, tmp_path / "a"), _half(data, second, tmp_path / "b")]
    summary = meta_impute(MetaRequest(tuple(map(result_files, halves)), tmp_path / "meta"))
    assert summary.chromosomes[0].typed > 200

    truth = (data.cohort[:, 0::2] + data.cohort[:, 1::2]).astype(np.float64)
    frequency = data.panel.mean(axis=1)
    maf = np.minimum(frequency, 1 - frequency)
    a, b, meta = (_dosages(data, folder) for folder in (*halves, tmp_path / "meta"))
    for place, (low, high) in enumerate(zip(BINS[:-1], BINS[1:], strict=True)):
        rows = ~data.array_sites & (maf >= low) & (maf < high) & (truth.std(axis=1) > 0)
        best = max(_r2(a, truth, rows), _r2(b, truth, rows))
        joined = _r2(meta, truth, rows)
        assert joined >= best - 0.002
        if place < RARE:
            assert joined > best
