"""A truth in any format that is read gives the same score: real people, the data set in many formats."""

from pathlib import Path

import numpy as np
import pytest

from app.domain.accuracy import MissedWhy
from app.genotypes.reading import read_cohort
from app.results.truth.scoring import TruthRequest, score
from tests.helpers.shared import shared_data
from tests.unit.results.truth.test_scoring import dose

SITES = 150


def result_of(folder: Path, bcf: Path) -> Path:
    """A dose file with the genotypes of the first sites."""
    (cohort,) = read_cohort([bcf], folder / "packed")
    codes = cohort.genotypes(slice(0, SITES)).astype(float)
    codes[codes == 3] = np.nan
    rows = []
    for row in range(SITES):
        cells = " ".join("." if np.isnan(each) else f"{each:g}" for each in codes[row])
        name = cohort.names[int(cohort.chromosome[row])]
        rows.append(f"{name} {int(cohort.position[row])} {cohort.refs[row]} {cohort.alts[row]} : {cells}")
    return dose(folder / "r.dose.vcf", rows, cohort.samples)


@pytest.mark.parametrize("name", ["gsa48.bcf", "gsa48.pgen", "gsa48.v12_8bit.bgen", "gsa48.ped.gz"])
def test_the_format_of_the_truth_does_not_matter(tmp_path: Path, name: str) -> None:
    truth = shared_data("formats", name)
    result = result_of(tmp_path, shared_data("formats", "gsa48.bcf"))
    told = score(TruthRequest("it", (result,), (truth,), project=False))
    assert told.people == 48
    unvaried = told.missed_by(MissedWhy.NO_ALLELES)  # formats of letters know no second one there
    assert told.sites + unvaried == SITES
    assert told.whole.r2 == pytest.approx(1)
    assert told.whole.nonref_discordance == pytest.approx(0)
    assert sum(each.sites for each in told.matched) == told.sites
