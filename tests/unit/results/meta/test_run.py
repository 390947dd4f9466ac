"""Meta-imputation from files to files against the plain model, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.results.doses.contract import Field
from app.results.doses.reading import open_doses
from app.results.merging.files import result_files
from app.results.meta import spool
from app.results.meta.run import MetaRequest, meta_impute
from tests.unit.results.merging.made_results import Made, made_results
from tests.unit.results.meta import plain_model


def _join(made: list[Made], folder: Path):
    folders = [each.write(folder / f"panel{k}") for k, each in enumerate(made)]
    request = MetaRequest(tuple(result_files(each) for each in folders), folder / "out")
    return meta_impute(request)


def _plain(made: list[Made], person: int, haplotype: int) -> np.ndarray:
    """Meta dosages of one haplotype by the definition; NaN where no result has the variant."""
    doses = np.array([each.doses[:, person, haplotype] for each in made])
    training = [i for i in np.flatnonzero(made[0].typed) if not np.isnan(doses[:, i]).any()]
    positions = [int(made[0].position[i]) for i in training]
    left_out = [[float(each.left_out[i, person, haplotype]) for each in made] for i in training]
    alleles = [int(made[0].alleles[i, person, haplotype]) for i in training]
    posterior = plain_model.weights(positions, left_out, alleles, [1 / len(made)] * len(made))
    result = []
    for i, position in enumerate(made[0].position.tolist()):
        weight = plain_model.weight_at(position, positions, posterior)
        has = [k for k in range(len(made)) if not np.isnan(doses[k, i])]
        total = sum(weight[k] for k in has)
        result.append(sum(weight[k] * doses[k, i] for k in has) / total if has else np.nan)
    return np.array(result)


def _read(path: Path):
    reader = open_doses(path, Field.HAPLOTYPES | Field.DOSAGE | Field.GENOTYPES)
    batches = list(reader.batches())
    reader.close()
    assert len(batches) == 1
    return reader.samples, batches[0]


@pytest.mark.parametrize(("panels", "seed"), [(2, 1), (3, 2)])
def test_dosages_are_those_of_the_plain_model(tmp_path: Path, panels: int, seed: int) -> None:
    made = made_results(panels, seed=seed)
    made[0] = made[0].without([5, 9, 30])
    made[1] = made[1].without([9, 33, 34])
    summary = _join(made, tmp_path)
    _, batch = _read(tmp_path / "out" / "chr20.dose.vcf.gz")
    nowhere = {9} if panels == 2 else set()
    kept = [i for i in range(60) if i not in nowhere]
    assert batch.position.tolist() == made[0].position[kept].tolist()
    for person in range(5):
        for haplotype in (0, 1):
            plain = _plain(made, person, haplotype)[kept]
            assert np.abs(batch.haplotypes[:, person, haplotype] - plain).max() < 0.0005 + 1e-5
    (chromosome,) = summary.chromosomes
    assert chromosome.typed == 17
    assert chromosome.variants == len(kept)
    assert sum(each.mean_weight for each in chromosome.panels) == pytest.approx(1, abs=1e-5)
    assert json.loads((tmp_path / "out" / "meta.json").read_text())["results"] == list(summary.results)


def test_combined_dosages_are_exact_before_they_are_written(tmp_path: Path, monkeypatch) -> None:
    from app.results.meta import run

    seen = []
    combine = run.combined

    def kept(*given):
        seen.append(combine(*given))
        return seen[-1]

    monkeypatch.setattr(run, "combined", kept)
    made = made_results(2, seed=7)
    made[0] = made[0].without([11])
    _join(made, tmp_path)
    meta = np.concatenate(seen)
    for h in range(10):
        assert np.abs(meta[:, h] - _plain(made, h // 2, h % 2)).max() < 1e-6


def test_records_say_where_they_come_from(tmp_path: Path) -> None:
    made = made_results(2)
    _join([made[0].without([1]), made[1].without([2, 3])], tmp_path)
    reader = open_doses(tmp_path / "out" / "chr20.info.gz", Field.NONE, lines=True)
    (batch,) = reader.batches()
    told = [line.split(b"\t")[7].decode().split(";")[3:] for line in batch.lines.raws()]
    assert told[0] == ["NST=2", "S1", "S2", "TRAINING", "TYPED", "IMPUTED"]
    assert told[1] == ["NST=1", "S2", "IMPUTED"]
    assert told[3] == ["NST=1", "S1", "TYPED", "IMPUTED"]
    assert reader.samples == ()
    reader.close()


def test_r2_and_frequency_are_those_of_the_written_dosages(tmp_path: Path) -> None:
    _join(made_results(2, people=40), tmp_path)
    _, batch = _read(tmp_path / "out" / "chr20.dose.vcf.gz")
    flat = batch.haplotypes.reshape(60, -1).astype(np.float64)
    p = flat.mean(axis=1)
    assert np.abs(batch.info.af - p).max() < 1e-6
    assert np.abs(batch.info.r2 - flat.var(axis=1) / (p * (1 - p))).max() < 1e-6
    assert (batch.genotypes == np.rint(batch.haplotypes)).all()
    assert np.abs(batch.dosage - batch.haplotypes.sum(axis=2)).max() < 1e-6


def test_people_in_another_order_are_matched_by_name(tmp_path: Path) -> None:
    made = made_results(2)
    straight = tmp_path / "straight"
    turned = tmp_path / "turned"
    straight.mkdir()
    turned.mkdir()
    _join(made, straight)
    _join([made[0], made[1].people([3, 1, 4, 0, 2])], turned)
    names, first = _read(straight / "out" / "chr20.dose.vcf.gz")
    again, second = _read(turned / "out" / "chr20.dose.vcf.gz")
    assert names == again
    assert (first.haplotypes == second.haplotypes).all()


def test_a_person_whose_haplotypes_are_exchanged_throughout_is_turned_back(tmp_path: Path) -> None:
    made = made_results(2)
    for name, second in (("straight", made[1]), ("turned", made[1].exchanged(3).people([4, 3, 2, 1, 0]))):
        (tmp_path / name).mkdir()
        summary = _join([made[0], second], tmp_path / name)
    assert [each.exchanged for each in summary.chromosomes[0].panels] == [0, 1]
    _, first = _read(tmp_path / "straight" / "out" / "chr20.dose.vcf.gz")
    _, second = _read(tmp_path / "turned" / "out" / "chr20.dose.vcf.gz")
    assert (first.haplotypes == second.haplotypes).all()


def test_another_phase_is_refused_with_site_and_person(tmp_path: Path) -> None:
    made = made_results(2)
    with pytest.raises(ProblemError) as refused:
        _join([made[0], made[1].exchanged(3, first=30)], tmp_path)
    told = refused.value.problem
    heterozygous = made[0].alleles[:, 3, 0] != made[0].alleles[:, 3, 1]
    site = made[0].position[np.flatnonzero(heterozygous & made[0].typed & (np.arange(60) >= 30))[0]]
    assert f"P3 at 20:{site}" in told.what_happened
    assert "Phase once" in told.what_you_can_do
    assert not list((tmp_path / "out").iterdir())


def test_other_people_are_refused(tmp_path: Path) -> None:
    made = made_results(2)
    with pytest.raises(ProblemError, match="not of the same people"):
        _join([made[0], made[1].people([0, 1, 2, 3])], tmp_path)
    assert not (tmp_path / "out").exists()


def test_results_without_common_typed_sites_are_refused(tmp_path: Path) -> None:
    made = made_results(2)
    far = replace(made[1], position=made[1].position + 5_000_000)
    with pytest.raises(ProblemError, match="no typed site in common"):
        _join([made[0], far], tmp_path)


def test_without_empirical_files_the_remedy_is_consensus(tmp_path: Path) -> None:
    folders = [each.write(tmp_path / f"p{k}") for k, each in enumerate(made_results(2))]
    (folders[1] / "chr20.empiricalDose.vcf.gz").unlink()
    with pytest.raises(ProblemError, match="consensus"):
        meta_impute(MetaRequest(tuple(map(result_files, folders)), tmp_path / "out"))


def test_a_chromosome_of_one_result_only_is_told(tmp_path: Path) -> None:
    made = made_results(2)
    folders = [each.write(tmp_path / f"p{k}") for k, each in enumerate(made)]
    other = replace(made[0], chromosome="21").write(tmp_path / "more")
    for path in other.iterdir():
        path.rename(folders[0] / path.name)
    summary = meta_impute(MetaRequest(tuple(map(result_files, folders)), tmp_path / "out"))
    assert [(each.chromosome, each.why) for each in summary.left_out] == [("21", "only p0 has it")]


def test_a_chromosome_that_one_of_three_lacks_is_joined_from_two(tmp_path: Path) -> None:
    made = made_results(3)
    folders = [each.write(tmp_path / f"p{k}") for k, each in enumerate(made)]
    for k in (0, 2):
        other = replace(made[k], chromosome="21").write(tmp_path / f"more{k}")
        for path in other.iterdir():
            path.rename(folders[k] / path.name)
    summary = meta_impute(MetaRequest(tuple(map(result_files, folders)), tmp_path / "out"))
    assert [[p.name for p in each.panels] for each in summary.chromosomes] == [
        ["p0", "p1", "p2"],
        ["p0", "p2"],
    ]
    reader = open_doses(tmp_path / "out" / "chr21.info.gz", Field.NONE, lines=True)
    (batch,) = reader.batches()
    assert b"NST=2;S1;S3;TRAINING" in batch.lines.raw(0)
    assert any("ID=S3" in line and "p2" in line for line in reader.header)
    reader.close()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    made = made_results(2)
    _join(made, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    request = MetaRequest(
        (result_files(tmp_path / "panel0"), result_files(tmp_path / "panel1")), tmp_path / "out"
    )
    with pytest.raises(ProblemError, match="already"):
        meta_impute(request)
    assert before == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}


def test_weights_on_disk_are_the_same(tmp_path: Path, monkeypatch) -> None:
    made = made_results(3, variants=90)
    for name, budget in (("memory", 1 << 20), ("disk", 200)):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(spool.Spool.__init__, "__defaults__", (budget,))
        _join(made, tmp_path / name)
    _, first = _read(tmp_path / "memory" / "out" / "chr20.dose.vcf.gz")
    _, second = _read(tmp_path / "disk" / "out" / "chr20.dose.vcf.gz")
    assert (first.haplotypes == second.haplotypes).all()


def test_haploid_people_stay_haploid(tmp_path: Path) -> None:
    made = made_results(2)
    for each in made:
        each.doses[:, 1, 1] = np.nan
        each.left_out[:, 1, 1] = np.nan
        each.alleles[:, 1, 1] = -2
    _join([replace(each, chromosome="X") for each in made], tmp_path)
    _, batch = _read(tmp_path / "out" / "chrX.dose.vcf.gz")
    assert np.isnan(batch.haplotypes[:, 1, 1]).all()
    assert np.isfinite(batch.haplotypes[:, 1, 0]).all()
    assert np.abs(batch.dosage[:, 1] - batch.haplotypes[:, 1, 0]).max() < 1e-6
