"""Each variant comes whole from the result that has the highest R2 there; none is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses
from app.results.merging.files import result_files
from app.results.meta.consensus import ConsensusRequest, consensus
from tests.unit.results.merging.made_results import Made, made_results


def _take(made: list[Made], folder: Path):
    folders = [each.write(folder / f"result{k}") for k, each in enumerate(made)]
    summary = consensus(ConsensusRequest(tuple(map(result_files, folders)), folder / "out"))
    reader = open_doses(folder / "out" / "chr20.dose.vcf.gz", Field.HAPLOTYPES, lines=True)
    (batch,) = reader.batches()
    reader.close()
    return summary, batch


def _r2(made: Made) -> np.ndarray:
    flat = made.doses.reshape(len(made.doses), -1).astype(np.float64)
    p = flat.mean(axis=1)
    return flat.var(axis=1) / (p * (1 - p))


def _told(batch: DoseBatch) -> list[list[str]]:
    return [line.split(b"\t")[7].decode().split(";") for line in batch.lines.raws()]


def test_the_result_with_the_highest_r2_is_taken(tmp_path: Path) -> None:
    made = made_results(3, people=20)
    summary, batch = _take(made, tmp_path)
    best = np.array([_r2(each) for each in made]).argmax(axis=0)
    expected = np.array([made[k].doses[i] for i, k in enumerate(best)])
    assert (batch.haplotypes == expected).all()
    assert [f"BEST=S{k + 1}" in told for k, told in zip(best, _told(batch), strict=True)] == [True] * 60
    assert summary.chromosomes[0].taken == tuple(np.bincount(best, minlength=3).tolist())
    assert len(set(best.tolist())) == 3


def test_variants_of_one_result_only_are_kept_and_people_matched(tmp_path: Path) -> None:
    made = made_results(2, people=6)
    first, second = made[0].without([0, 1]), made[1].without([5])
    summary, batch = _take([first, second.people([5, 4, 3, 2, 1, 0])], tmp_path)
    assert len(batch) == 60
    assert (batch.haplotypes[:2] == made[1].doses[:2]).all()
    assert (batch.haplotypes[5] == made[0].doses[5]).all()
    assert _told(batch)[0][3:] == ["NST=1", "S2", "BEST=S2", "TYPED", "IMPUTED"]
    assert summary.chromosomes[0].own == (1, 2)
