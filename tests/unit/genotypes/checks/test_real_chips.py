"""Build, sex, missingness and population of 957 people of HapMap 3 on a real chip in NCBI36."""

import numpy as np
import pytest

from app.domain.finding import CheckReport
from app.genotypes.check import check_files
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.figures import Figures, load_figures
from tests.helpers.shared import shared_data

SUPERPOPULATION = {
    "AFR": ("ASW", "LWK", "MKK", "YRI"),
    "AMR": ("MEX",),
    "EAS": ("CHB", "CHD", "JPT"),
    "EUR": ("CEU", "TSI"),
    "SAS": ("GIH",),
}


def people() -> dict[str, list[str]]:
    lines = shared_data("gwas", "hapmap3_957_b36", "samples.tsv").read_text().splitlines()[1:]
    return {row[1]: row for row in (line.split("\t") for line in lines)}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[CheckReport, Figures]:
    folder = tmp_path_factory.mktemp("hapmap3")
    bed = shared_data("gwas", "hapmap3_957_b36", "hapmap3_b36.bed")
    report = check_files([bed], CheckOptions(digest=False), folder=folder)
    return report, load_figures(folder / report.figures)


def test_build(checked: tuple[CheckReport, Figures]) -> None:
    report, _ = checked
    assert (report.build.value, report.build.confidence >= 0.99) == ("NCBI36", True)


def test_sex(checked: tuple[CheckReport, Figures]) -> None:
    report, figures = checked
    stated = [int(people()[name][4]) for name in figures.samples]
    found = figures.sex_found
    assert report.cohort is not None
    assert report.cohort.sex_conflicts == 0
    assert (found == stated).mean() >= 0.98
    assert not ((found != stated) & (found != 0)).any()


def test_missingness(checked: tuple[CheckReport, Figures]) -> None:
    report, figures = checked
    assert report.cohort is not None
    assert report.cohort.call_rate == pytest.approx(0.9984587, abs=1e-5)  # as plink2 --missing has it
    assert report.cohort.low_call_samples == 0
    assert figures.sample_call_rate.min() == pytest.approx(0.98798, abs=1e-4)


def test_population(checked: tuple[CheckReport, Figures]) -> None:
    report, figures = checked
    expected = {code: group for group, codes in SUPERPOPULATION.items() for code in codes}
    truth = np.array([expected[people()[name][5]] for name in figures.samples])
    best = figures.ancestry_labels[figures.ancestry.argmax(axis=1)]
    assert (best == truth).mean() >= 0.985
    sure = figures.ancestry.max(axis=1) >= 0.9
    assert (best == truth)[sure].mean() >= 0.995
    assert report.cohort is not None
    assert report.cohort.ancestry_sites > 1000
    uncertain = sum(each.people for each in report.cohort.ancestry if each.label == "uncertain")
    assert uncertain < 0.04 * len(truth)


def test_figures_are_complete(checked: tuple[CheckReport, Figures]) -> None:
    _, figures = checked
    n = len(figures.samples)
    assert figures.pcs.shape[0] == n
    assert figures.chunk_call_rate.shape == (len(figures.chunk_start), n)
    assert np.isnan(figures.chunk_overlap).all()
    assert figures.frequency_plane.shape == (50, 50)
    assert figures.frequency_plane.sum() > 1000
    on_diagonal = sum(figures.frequency_plane.diagonal(k).sum() for k in range(-6, 7))
    assert on_diagonal / figures.frequency_plane.sum() > 0.9
    assert str(figures.frequency_source).startswith("1000 Genomes")
