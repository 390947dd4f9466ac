"""Batches of one cohort become what one batch of all would have been; nothing is lost silently."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from app.domain.batch_merge import Keep
from app.domain.problem import ProblemError
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses
from app.results.merging.batches import MergeRequest, merge_batches
from app.results.merging.files import result_files
from app.results.merging.left_out import squared_correlations
from tests.unit.results.merging.made_results import Made, made_results

_ALL = Field.HAPLOTYPES | Field.DOSAGE | Field.GENOTYPES | Field.LEFT_OUT


def _merge(batches: list[Made], folder: Path, keep: Keep = Keep.INTERSECT):
    folders = [each.write(folder / f"batch{k}") for k, each in enumerate(batches)]
    return merge_batches(MergeRequest(tuple(map(result_files, folders)), folder / "out", keep))


def _read(path: Path) -> tuple[tuple[str, ...], DoseBatch]:
    reader = open_doses(path, _ALL)
    (batch,) = reader.batches()
    reader.close()
    return reader.samples, batch


def _cohort(people: int = 30) -> Made:
    return made_results(1, people=people, seed=4)[0]


def test_dosages_and_figures_are_those_of_the_whole(tmp_path: Path) -> None:
    whole = _cohort()
    whole.write(tmp_path / "whole")
    _merge([whole.people(range(9)), whole.people(range(9, 30))], tmp_path)
    names, batch = _read(tmp_path / "out" / "chr20.dose.vcf.gz")
    expected_names, expected = _read(tmp_path / "whole" / "chr20.dose.vcf.gz")
    assert names == expected_names
    assert (batch.haplotypes == expected.haplotypes).all()
    flat = expected.haplotypes.reshape(60, -1).astype(np.float64)
    p = flat.mean(axis=1)
    assert np.abs(batch.info.r2 - flat.var(axis=1) / (p * (1 - p))).max() < 1e-6
    assert np.abs(batch.info.af - p).max() < 1e-6
    assert np.abs(batch.info.maf - np.minimum(p, 1 - p)).max() < 1e-6


def test_er2_is_that_of_all_people(tmp_path: Path) -> None:
    whole = _cohort()
    summary = _merge([whole.people(range(9)), whole.people(range(9, 30))], tmp_path)
    _, batch = _read(tmp_path / "out" / "chr20.dose.vcf.gz")
    for row in range(60):
        if not whole.typed[row]:
            assert np.isnan(batch.info.er2[row])
            continue
        x, y = whole.left_out[row].ravel(), whole.alleles[row].ravel()
        varies = x.std() > 0 and y.std() > 0
        expected = np.corrcoef(x, y)[0, 1] ** 2 if varies else 0.0  # as Minimac4 writes it
        assert batch.info.er2[row] == pytest.approx(expected, abs=1e-5)
    (chromosome,) = summary.chromosomes
    assert chromosome.empirical == "chr20.empiricalDose.vcf.gz"
    _, empirical = _read(tmp_path / "out" / chromosome.empirical)
    assert (empirical.left_out == whole.left_out[whole.typed]).all()
    assert (empirical.genotypes == whole.alleles[whole.typed]).all()


def test_er2_of_an_allele_that_nobody_has_is_nought_and_unknown_where_nobody_is_known() -> None:
    alleles = np.zeros((3, 4, 2), np.int8)
    left_out = np.full((3, 4, 2), 0.25, np.float32)
    left_out[1, 0, 0] = 0.5
    alleles[2] = -1
    found = squared_correlations(alleles, left_out)
    assert found[:2].tolist() == [0.0, 0.0]
    assert np.isnan(found[2])


def test_variants_that_a_batch_lacks_are_listed(tmp_path: Path) -> None:
    whole = _cohort()
    first, second = whole.people(range(9)).without([4]), whole.people(range(9, 30)).without([6, 7])
    summary = _merge([first, second], tmp_path)
    _, batch = _read(tmp_path / "out" / "chr20.dose.vcf.gz")
    assert batch.position.tolist() == np.delete(whole.position, [4, 6, 7]).tolist()
    assert summary.chromosomes[0].not_in_all == 3
    with gzip.open(tmp_path / "out" / summary.losses, "rt") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    assert rows[0] == ["CHROM", "POS", "REF", "ALT", "batch0", "batch1"]
    assert [(int(row[1]), *row[4:]) for row in rows[1:]] == [
        (whole.position[4], "0", "1"),
        (whole.position[6], "1", "0"),
        (whole.position[7], "1", "0"),
    ]


def test_union_keeps_them_with_missing_dosages(tmp_path: Path) -> None:
    whole = _cohort()
    first, second = whole.people(range(9)).without([4]), whole.people(range(9, 30))
    summary = _merge([first, second], tmp_path, Keep.UNION)
    _, batch = _read(tmp_path / "out" / "chr20.dose.vcf.gz")
    assert len(batch) == 60
    assert summary.chromosomes[0].not_in_all == 1
    assert np.isnan(batch.haplotypes[4, :9]).all()
    assert np.isnan(batch.dosage[4, :9]).all()
    assert (batch.haplotypes[4, 9:] == whole.doses[4, 9:]).all()
    flat = whole.doses[4, 9:].ravel().astype(np.float64)
    p = flat.mean()
    assert batch.info.r2[4] == pytest.approx(flat.var() / (p * (1 - p)), abs=1e-6)


def test_a_batch_with_other_frequencies_is_told(tmp_path: Path) -> None:
    whole = _cohort(200)
    assert _merge([whole.people(range(100)), whole.people(range(100, 200))], tmp_path).differing == 0
    second = whole.people(range(100, 200))
    second.doses[10] = np.where(whole.doses[10].mean() < 0.5, 0.98, 0.02)
    (tmp_path / "odd").mkdir()
    summary = _merge([whole.people(range(100)), second], tmp_path / "odd")
    assert summary.differing == 1
    assert {(each.batch, each.pos) for each in summary.differences} == {
        ("batch0", whole.position[10]),
        ("batch1", whole.position[10]),
    }


def test_a_person_in_two_batches_is_refused(tmp_path: Path) -> None:
    whole = _cohort()
    with pytest.raises(ProblemError, match="such as P8"):
        _merge([whole.people(range(9)), whole.people(range(8, 30))], tmp_path)


def test_results_without_haplotypes_are_merged_by_their_dosages(tmp_path: Path) -> None:
    whole = _cohort()
    folders = []
    for k, some in enumerate((range(9), range(9, 30))):
        folder = whole.people(some).write(tmp_path / f"batch{k}")
        for path in folder.glob("*empirical*"):
            path.unlink()
        path = folder / "chr20.dose.vcf.gz"
        text = gzip.decompress(path.read_bytes()).decode()
        text = text.replace("GT:DS:HDS", "GT:DS")
        (folder / "chr20.dose.vcf").write_text(
            "\n".join(
                "\t".join(
                    cell if line.startswith("#") or i < 9 else ":".join(cell.split(":")[:2])
                    for i, cell in enumerate(line.split("\t"))
                )
                for line in text.split("\n")
            )
        )
        path.unlink()
        folders.append(folder)
    merge_batches(MergeRequest(tuple(map(result_files, folders)), tmp_path / "out"))
    _, batch = _read(tmp_path / "out" / "chr20.dose.vcf.gz")
    expected = whole.doses.sum(axis=2)
    assert np.abs(batch.dosage - expected).max() < 1e-6
    assert (batch.genotypes == np.rint(whole.doses)).all()
    assert batch.haplotypes is None
    p = expected.mean(axis=1) / 2
    assert np.abs(batch.info.r2 - expected.var(axis=1) / (2 * p * (1 - p))).max() < 1e-5
