"""How often the superpopulation is right: five-fold cross-validation, and 957 people of HapMap 3.

Run: python -m tests.benchmarks.bench_ancestry [PEDDY], where PEDDY is the folder of the source archive of
peddy 0.4.8 that holds GRCH37.sites.bin.gz and pca.py. Nobody is judged by axes, loadings or neighbours that
they were part of: in each fold all of these are computed from the other four fifths. Without PEDDY only the
people of HapMap 3 are judged (by the kit of the program; 300 of them are not among its people).
"""

from __future__ import annotations

import gzip
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

from app.genotypes.people.ancestry import (
    LABELS,
    MIN_PROBABILITY,
    Projector,
    classify,
    project,
)
from app.genotypes.reading import read_cohort
from tests.helpers.ancestry_axes import axes_of, loadings_of
from tests.helpers.shared import shared_folder

PEOPLE, FOLDS = 2504, 5
SITES = (300, 1000, 3000)
PALINDROMES = ({"A", "T"}, {"C", "G"})
GROUPS = {
    "ASW": 0,
    "LWK": 0,
    "MKK": 0,
    "YRI": 0,
    "MEX": 1,
    "CHB": 2,
    "CHD": 2,
    "JPT": 2,
    "CEU": 3,
    "TSI": 3,
    "GIH": 4,
}


def peddy(folder: Path) -> tuple[np.ndarray, list[tuple[str, int]], np.ndarray]:
    """Counts [sites, people], places, superpopulations; palindromic sites and indels left out."""
    sites = [line.split(":") for line in (folder / "GRCH37.sites").read_text("ascii").split()]
    with gzip.open(folder / "GRCH37.sites.bin.gz") as file:
        counts = np.frombuffer(file.read(), np.uint8).reshape(-1, PEOPLE)
    text = re.search(r'_str = "([\d|]+)"', (folder / "pca.py").read_text("ascii"))
    assert text is not None
    labels = np.array([int(each) for each in text[1].split("|")], np.uint8)
    kept = [i for i, s in enumerate(sites) if len(s[2]) == len(s[3]) == 1 and {s[2], s[3]} not in PALINDROMES]
    return counts[kept], [(sites[i][0], int(sites[i][1])) for i in kept], labels


def cross_validate(folder: Path) -> None:
    """Print accuracy, the share of sure answers and their accuracy for each number of sites."""
    counts, places, labels = peddy(folder)
    random = np.random.default_rng(0)
    fold = random.permutation(PEOPLE) % FOLDS
    rows: dict[int, list[tuple[float, float, float]]] = {sites: [] for sites in (*SITES, len(counts))}
    for number in range(FOLDS):
        learn, test = fold != number, fold == number
        scores = axes_of(counts[:, learn], places)
        for sites, results in rows.items():
            used = random.choice(len(counts), sites, replace=False)
            projector = Projector(int(test.sum()))
            projector.add(counts[used][:, test], *loadings_of(counts[used][:, learn], scores))
            probabilities, _ = classify(*projector.solve(), scores, labels[learn])
            right = probabilities.argmax(axis=1) == labels[test]
            sure = probabilities.max(axis=1) >= MIN_PROBABILITY
            results.append((right.mean(), sure.mean(), right[sure].mean()))
    print("overlapping sites | right | sure | right of the sure")
    for sites, results in rows.items():
        print(f"{sites:17,} | {' | '.join(f'{100 * value:.1f} %' for value in np.mean(results, axis=0))}")


def hapmap3() -> None:
    """Print the accuracy on real chip data in NCBI36."""
    root = shared_folder()
    if root is None:
        print("HapMap 3: the shared data are not here")
        return
    folder = root / "data" / "gwas" / "hapmap3_957_b36"
    lines = (line.split("\t") for line in (folder / "samples.tsv").read_text().splitlines()[1:])
    truth = {row[1]: LABELS[GROUPS[row[5]]] for row in lines}
    with tempfile.TemporaryDirectory() as place:
        cohorts = read_cohort([folder / "hapmap3_b36.bed"], Path(place))
        found = project(cohorts, "NCBI36")
        assert found is not None
        names = cohorts[0].samples
    best = [
        LABELS[i] == truth[name] for i, name in zip(found.probabilities.argmax(axis=1), names, strict=True)
    ]
    wrong = sum(a not in (truth[name], "uncertain") for a, name in zip(found.label, names, strict=True))
    unsure = found.label.count("uncertain")
    print(
        f"HapMap 3, {found.sites:,} sites: {100 * np.mean(best):.1f} % right; {unsure} unsure, {wrong} wrong"
    )


def main() -> None:
    """Print both tables."""
    if len(sys.argv) > 1:
        cross_validate(Path(sys.argv[1]))
    hapmap3()


if __name__ == "__main__":
    main()
