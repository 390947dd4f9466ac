"""What DoseWriter writes is read back by our reader, and its index by htslib."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses
from app.results.doses.writing import DoseWriter

NAN = np.float32("nan")
FIELDS = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES | Field.LEFT_OUT


def write(
    path: Path, haplotypes: np.ndarray, fields: str = "GT:DS:HDS:GP", step: int = 1000, csi: bool = False
) -> None:
    rows = len(haplotypes)
    samples = [f"S{n}" for n in range(haplotypes.shape[1])]
    contigs = [("1", 249_250_621), ("2", None)]
    with DoseWriter(path, samples, chromosomes=contigs, fields=fields, csi=csi) as out:
        for name in ("1", "2"):
            texts = [Texts.of([word] * rows) for word in (".", "A", "C", "R2=0.5;IMPUTED")]
            out.write(name, np.arange(1, rows + 1) * step, *texts, haplotypes)


def read(path: Path) -> list[DoseBatch]:
    reader = open_doses(path, FIELDS)
    batches = list(reader.batches())
    reader.close()
    return batches


def test_figures_come_back_to_a_thousandth(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    haplotypes = rng.random((40, 7, 2)).astype(np.float32)
    haplotypes[:, 3, 1] = NAN
    haplotypes[5, 4] = NAN
    haplotypes[:, 0] = np.rint(haplotypes[:, 0])
    path = tmp_path / "x.dose.vcf.gz"
    write(path, haplotypes)
    first, second = read(path)
    assert first.haplotypes is not None
    assert first.dosage is not None
    assert first.probabilities is not None
    assert first.genotypes is not None
    np.testing.assert_allclose(first.haplotypes, haplotypes, atol=5.01e-4)
    total = np.nansum(first.haplotypes, axis=2)
    total[5, 4] = NAN
    np.testing.assert_allclose(first.dosage, total, atol=1e-6)
    a, b = haplotypes[:, 1, 0], haplotypes[:, 1, 1]
    np.testing.assert_allclose(first.probabilities[:, 1, 2], a * b, atol=1.6e-3)
    assert first.genotypes[0, 3, 1] == -2
    assert first.genotypes[5, 4].tolist() == [-1, -1]
    assert (first.genotypes[:, 1] == (first.haplotypes[:, 1] >= 0.5)).all()
    assert (second.chromosome, len(second)) == ("2", 40)


def test_given_genotypes_stand_before_rounded_dosages(tmp_path: Path) -> None:
    path = tmp_path / "x.empiricalDose.vcf.gz"
    calls = np.array([[[1, 0], [1, -2]]], np.int8)
    left_out = np.array([[[0.1, 0.2], [0.3, NAN]]], np.float32)
    with DoseWriter(path, ["a", "b"], chromosomes=[("X", None)], fields="GT:LDS", index=False) as out:
        texts = [Texts.of([word]) for word in (".", "A", "C", "TYPED")]
        out.write("X", np.array([5]), *texts, left_out, calls)
    (batch,) = read(path)
    assert batch.genotypes is not None
    assert batch.genotypes.tolist() == calls.tolist()
    np.testing.assert_allclose(batch.left_out, left_out)
    assert not path.with_name(path.name + ".tbi").exists()


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not here")
@pytest.mark.parametrize("csi", [False, True])
def test_regions_are_found_by_the_index(tmp_path: Path, csi: bool) -> None:
    path = tmp_path / "x.dose.vcf.gz"
    write(path, np.random.default_rng(2).random((3000, 9, 2)).astype(np.float32), step=4999, csi=csi)
    assert {each.suffix for each in tmp_path.iterdir()} == {".gz", ".csi" if csi else ".tbi"}
    for region, wanted in (("1:1-4998", 0), ("1:4999", 1), ("2:1000000-1500000", 100), ("2", 3000)):
        command = ["bcftools", "query", "-r", region, "-f", "%POS\n", str(path)]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        assert len(found) == wanted
    stats = subprocess.run(["bcftools", "index", "-n", str(path)], check=True, capture_output=True, text=True)
    assert stats.stdout.strip() == "6000"


def test_rows_pass_through(tmp_path: Path) -> None:
    source, copy = tmp_path / "a.vcf.gz", tmp_path / "b.vcf.gz"
    write(source, np.random.default_rng(3).random((50, 3, 2)).astype(np.float32))
    reader = open_doses(source, Field.NONE, lines=True)
    with DoseWriter(copy, reader.samples, chromosomes=[("1", None)], header=reader.header) as out:
        for batch in reader.batches():
            assert batch.lines is not None
            out.write_lines(batch.lines)
    assert out.records == 100
    for one, other in zip(read(source), read(copy), strict=True):
        np.testing.assert_array_equal(one.dosage, other.dosage)


def test_nothing_stays_when_it_fails(tmp_path: Path) -> None:
    texts = [Texts.of([word] * 2) for word in (".", "A", "C", ".")]
    haplotypes = np.zeros((2, 1, 2), np.float32)
    with (
        pytest.raises(ProblemError, match="not in order"),
        DoseWriter(tmp_path / "x.vcf.gz", ["a"], chromosomes=[]) as out,
    ):
        out.write("1", np.array([9, 5]), *texts, haplotypes)
    with (
        pytest.raises(ProblemError, match="two places"),
        DoseWriter(tmp_path / "x.vcf.gz", ["a"], chromosomes=[]) as out,
    ):
        [out.write(name, np.array([5, 5]), *texts, haplotypes) for name in "121"]
    with (
        pytest.raises(ProblemError, match="column of a row"),
        DoseWriter(tmp_path / "x.vcf.gz", ["a"], chromosomes=[]) as out,
    ):
        out.write("1", np.array([5, 5]), *texts[:2], Texts.of(["C\t", "C"]), texts[3], haplotypes)
    assert list(tmp_path.iterdir()) == []
