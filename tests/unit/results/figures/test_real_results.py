"""Figures of real results of minimac4 and Beagle equal those of bcftools, plink2 and NumPy, to 1e-4."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses
from app.results.figures.measuring import measure
from app.results.figures.recomputed import subset_r2
from tests.helpers.shared import shared_data

PROGRAMS = ("bcftools", "tabix", "plink2", "minimac4", "beagle")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason="an engine or a peer is not here"),
]
REGION = "22:20000000-21500000"
CLOSE = 1e-4


def run(*words: str | Path, folder: Path) -> str:
    done = subprocess.run([str(w) for w in words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `minimac.vcf.gz`, its `left_out.vcf.gz`, and `beagle.vcf.gz` with probabilities."""
    data = shared_data("impute_chr22_eur")
    folder = tmp_path_factory.mktemp("real")
    for name, source in (("panel", "panel.chr22"), ("target", "target.gsa_v3")):
        cut = ("bcftools", "view", "-r", REGION, data / f"{source}.vcf.gz", "-Oz", "-o", f"{name}.vcf.gz")
        run(*cut, folder=folder)
        run("tabix", "-p", "vcf", f"{name}.vcf.gz", folder=folder)
    beagle = ("beagle", "gt=target.vcf.gz", "ref=panel.vcf.gz", "nthreads=2", "seed=1")
    run(*beagle, "out=beagle", "gp=true", folder=folder)
    run(*beagle, "out=phased", "impute=false", folder=folder)
    run("tabix", "-p", "vcf", "phased.vcf.gz", folder=folder)
    run("minimac4", "--compress-reference", "panel.vcf.gz", "-o", "panel.msav", folder=folder)
    out = ("-o", "minimac.vcf.gz", "-O", "vcf.gz", "-f", "GT,DS,HDS,GP", "-e", "left_out.vcf.gz")
    run("minimac4", "panel.msav", "phased.vcf.gz", *out, "--all-typed-sites", folder=folder)
    return folder


def query(folder: Path, name: str, form: str) -> list[list[str]]:
    text = run("bcftools", "query", "-f", form + "\n", name, folder=folder)
    return [line.split("\t") for line in text.splitlines()]


def numbers(column: list[str]) -> np.ndarray:
    return np.array([np.nan if each == "." else float(each) for each in column])


def test_means_are_those_of_bcftools(results: Path) -> None:
    figures = measure([results / "minimac.vcf.gz", results / "left_out.vcf.gz"]).figures
    rows = query(
        results, "minimac.vcf.gz", "%POS\t%INFO/R2\t%INFO/ER2\t%INFO/MAF\t%INFO/TYPED\t%INFO/IMPUTED"
    )
    _, r2, er2, maf, typed, imputed = (list(column) for column in zip(*rows, strict=True))
    only_imputed = np.array(typed) != "1"
    assert figures.whole.imputed == int(only_imputed.sum())
    assert figures.whole.typed == sum(t == i == "1" for t, i in zip(typed, imputed, strict=True))
    assert figures.whole.mean_r2 == pytest.approx(np.nanmean(numbers(r2)[only_imputed]), abs=CLOSE)
    assert figures.whole.mean_er2 == pytest.approx(np.nanmean(numbers(er2)), abs=CLOSE)
    for each in figures.by_maf:
        frequency = numbers(maf)
        here = only_imputed & (frequency >= each.maf_from)
        here &= (frequency < each.maf_to) | (each.maf_to == 0.5)
        assert each.sites.imputed == int(here.sum())
        if here.any():
            assert each.sites.mean_r2 == pytest.approx(numbers(r2)[here].mean(), abs=CLOSE)


def test_recomputed_r2_is_that_of_minimac_and_of_plink2(results: Path) -> None:
    rows = list(subset_r2(results / "minimac.vcf.gz"))
    r2 = np.concatenate([each.r2 for each in rows])
    written = np.concatenate([each.written for each in rows])
    known = np.isfinite(r2) & np.isfinite(written)
    assert known.mean() > 0.9
    assert np.abs(r2 - written)[known].max() < CLOSE
    words = ("plink2", "--vcf", "minimac.vcf.gz", "dosage=HDS", "--freq", "cols=+minimac3r2")
    run(*words, "--out", "p", folder=results)
    lines = [line.split("\t") for line in (results / "p.afreq").read_text().splitlines()]
    place = {name: number for number, name in enumerate(lines[0])}
    af = numbers([line[place["ALT_FREQS"]] for line in lines[1:]])
    np.testing.assert_allclose(np.concatenate([each.af for each in rows]), af, atol=CLOSE)
    peer = numbers([line[place["MINIMAC3_R2"]].replace("nan", ".") for line in lines[1:]])
    both = np.isfinite(r2) & np.isfinite(peer)
    assert both.mean() > 0.9
    assert np.abs(r2[both] - peer[both]).mean() < CLOSE / 5
    np.testing.assert_allclose(r2[both], peer[both], atol=2e-4)  # plink2 keeps dosages in steps of 1/32768


def test_left_out_figures_are_those_of_plain_numpy(results: Path) -> None:
    whole = measure([results / "minimac.vcf.gz", results / "left_out.vcf.gz"]).figures.left_out_whole
    assert whole is not None
    text = run("bcftools", "query", "-f", "[%GT:%LDS\t]\n", "left_out.vcf.gz", folder=results)
    cells = [line.rstrip("\t").split("\t") for line in text.splitlines()]
    typed = np.array([[cell[:3].count("1") for cell in row] for row in cells])
    dosage = np.array([[sum(map(float, cell[4:].split(","))) for cell in row] for row in cells])
    called = np.rint(dosage)
    carried = (called > 0) | (typed > 0)
    assert whole.genotypes == typed.size
    assert whole.concordance == pytest.approx((called == typed).mean(), abs=CLOSE)
    assert whole.nonref_concordance == pytest.approx((called == typed)[carried].mean(), abs=CLOSE)
    scores, r2 = [], []
    for one, other, doses in zip(called, typed, dosage, strict=True):
        seen = (one == other).mean()
        chance = sum((one == n).mean() * (other == n).mean() for n in range(3))
        if chance < 1:
            scores.append((seen - chance) / (1 - chance))
        if doses.std() > 0 and other.std() > 0:
            r2.append(np.corrcoef(doses, other)[0, 1] ** 2)
    assert whole.iqs == pytest.approx(np.mean(scores), abs=CLOSE)
    assert whole.r2 == pytest.approx(np.mean(r2), abs=CLOSE)


def test_beagle_keeps_typed_and_imputed_apart(results: Path) -> None:
    made = measure([results / "beagle.vcf.gz"])
    rows = query(results, "beagle.vcf.gz", "%POS\t%INFO/DR2\t%INFO/IMP")
    r2 = numbers([row[1] for row in rows])
    imputed = np.array([row[2] == "1" for row in rows])
    assert (made.figures.whole.imputed, made.figures.whole.typed) == (
        int(imputed.sum()),
        int((~imputed).sum()),
    )
    assert made.figures.whole.mean_r2 == pytest.approx(r2[imputed].mean(), abs=CLOSE)
    assert made.tables.kept(0.8).after == int((r2[imputed] >= 0.8).sum())
    text = run("bcftools", "query", "-f", "[%GP\t]\n", "beagle.vcf.gz", folder=results)
    cells = [
        line.rstrip("\t").split("\t") for line, here in zip(text.splitlines(), imputed, strict=True) if here
    ]
    highest = np.array([[max(map(float, cell.split(","))) for cell in row] for row in cells])
    np.testing.assert_allclose(made.tables.people["certainty"], highest.mean(axis=0), atol=CLOSE)


@pytest.mark.parametrize("name", ["minimac", "beagle", "left_out"])
def test_every_figure_is_that_of_cyvcf2_also_from_bcf(results: Path, name: str) -> None:
    cyvcf2 = pytest.importorskip("cyvcf2")
    source = results / f"{name}.vcf.gz"
    if name == "beagle":
        run("tabix", "-f", "-p", "vcf", source, folder=results)  # the header has no contigs
    run("bcftools", "view", source, "-Ob", "-o", f"{name}.bcf", folder=results)
    want = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES | Field.LEFT_OUT
    for path in (source, results / f"{name}.bcf"):
        records = list(cyvcf2.VCF(str(source)))
        batches = list(open_doses(path, want).batches())
        assert sum(map(len, batches)) == len(records)
        position = np.concatenate([batch.position for batch in batches])
        assert position.tolist() == [record.POS for record in records]
        first = 0
        for batch in batches:
            for row in range(0, len(batch), 11):
                same_record(records[first + row], batch, row)
            first += len(batch)


def same_record(record: Any, batch: DoseBatch, row: int) -> None:
    assert (batch.refs[row], [batch.alts[row]], batch.ids[row]) == (record.REF, record.ALT, record.ID or ".")
    told = {"DS": batch.dosage, "HDS": batch.haplotypes, "GP": batch.probabilities, "LDS": batch.left_out}
    for key in set(told) & set(record.FORMAT):
        array = told[key]
        assert array is not None
        np.testing.assert_array_equal(record.format(key).reshape(array[row].shape), array[row])
    assert batch.genotypes is not None
    np.testing.assert_array_equal(record.genotype.array()[:, :2], batch.genotypes[row])
