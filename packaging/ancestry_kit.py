"""Makes `resources/ancestry.npz`: how allele frequencies change along the axes of the 1000 Genomes people.

Run: python packaging/ancestry_kit.py PEDDY AEON, after `packaging/known_sites.py`. PEDDY is the folder of the
source archive of peddy 0.4.8 that holds GRCH37.sites.bin.gz (genotypes of 2,504 people) and pca.py (their
superpopulations); AEON is the folder `refs` of aeon_ancestry 1.0.2, with allele frequencies in 26 populations
and the names and populations of the same people in the same order. `resources/ancestry.md` says more.
"""

import gzip
import re
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.genotypes.known_sites import NO_ALLELES, SITE_CHROMOSOMES, known_sites
from app.genotypes.people.ancestry import AXES, LABELS, LOADING_STEP, axes_of, loadings_of

Matrix = np.ndarray


def people(peddy: Path, aeon: Path) -> tuple[Matrix, list[str]]:
    """Superpopulation index and population of each person; both sources must agree."""
    text = re.search(r'_str = "([\d|]+)"', (peddy / "pca.py").read_text("ascii"))
    assert text is not None
    labels = np.array([int(each) for each in text[1].split("|")], np.uint8)
    lines = (aeon / "reference_PC3s.txt").read_text("ascii").splitlines()
    rows = [line.replace('"', "").split() for line in lines][1:]
    assert [LABELS[each] for each in labels] == [row[5] for row in rows]
    return labels, [row[4] for row in rows]


def peddy_counts(peddy: Path) -> tuple[list[list[str]], Matrix]:
    """Sites (chromosome, position, REF, ALT in GRCh38) with the counts of ALT, [sites, people]."""
    with gzip.open(peddy / "GRCH37.sites.bin.gz") as file:
        counts = np.frombuffer(file.read(), np.uint8).reshape(-1, 2504)
    old, new = (
        [line.split(":") for line in (peddy / name).read_text("ascii").split()]
        for name in ("GRCH37.sites", "GRCH38.sites")
    )
    same = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a[0] == b[0] and a[2:] == b[2:]]
    return [new[i] for i in same], counts[same]


def aeon_frequencies(aeon: Path) -> tuple[list[str], list[tuple[str, int]], Matrix]:
    """Populations, places in GRCh38 and ALT frequencies, [sites, populations]."""
    with (aeon / "g1k_allele_freqs.txt").open(encoding="ascii") as lines:
        populations = next(lines).split()[4:]
        rows = [line.split() for line in lines]
    values = np.array([row[4:] for row in rows], np.float64)
    return populations, [(row[0][3:], int(row[2])) for row in rows], values


def rows_of(places: list[tuple[str, int]]) -> Matrix:
    """The row of each place in the table of known sites, -1 where it is not there."""
    result = np.full(len(places), -1, np.int64)
    for name in SITE_CHROMOSOMES:
        mine = [i for i, place in enumerate(places) if place[0] == name]
        result[mine] = known_sites().rows("GRCh38", name, np.array([places[i][1] for i in mine], np.int64))
    return result


def population_loadings(frequencies: Matrix, means: Matrix, sizes: Matrix) -> tuple[Matrix, Matrix]:
    """Mean frequency and loadings that best explain frequencies of populations by their mean scores."""
    design = np.column_stack([np.ones(len(means)), means])
    weighted = design * sizes[:, None]
    solved = np.linalg.solve(weighted.T @ design, weighted.T @ frequencies.T)
    return solved[0], solved[1:].T


def main() -> None:
    """Write the packed kit beside the other resources."""
    peddy, aeon = Path(sys.argv[1]), Path(sys.argv[2])
    labels, populations = people(peddy, aeon)
    sites, counts = peddy_counts(peddy)
    place = [(site[0], int(site[1])) for site in sites]
    scores = axes_of(counts, place)
    table = known_sites()
    mean = np.full(len(table), np.nan)
    loadings = np.zeros((len(table), AXES))
    names, places, frequencies = aeon_frequencies(aeon)
    member = np.array([populations.index(name) >= 0 for name in names])
    assert member.all()
    chosen = [np.array([each == name for each in populations]) for name in names]
    means = np.array([scores[who].mean(axis=0) for who in chosen])
    sizes = np.array([who.sum() for who in chosen], np.float64)
    rows = rows_of(places)
    level, slope = population_loadings(frequencies, means, sizes)
    mean[rows[rows >= 0]], loadings[rows[rows >= 0]] = level[rows >= 0], slope[rows >= 0]
    rows = rows_of(place)
    level, slope = loadings_of(counts, scores)
    mean[rows[rows >= 0]], loadings[rows[rows >= 0]] = level[rows >= 0], slope[rows >= 0]
    used = np.flatnonzero((table.code != NO_ALLELES) & ~np.isnan(mean))
    out = Path(__file__).resolve().parents[1] / "resources" / "ancestry.npz"
    np.savez_compressed(
        out,
        used=np.packbits(np.isin(np.arange(len(table)), used)),
        mean=np.rint(np.clip(mean[used], 0, 1) * 255).astype(np.uint8),
        loadings=np.rint(np.clip(loadings[used] / LOADING_STEP, -127, 127)).astype(np.int8).T.copy(),
        scores=scores.astype(np.float16),
        labels=labels,
    )
    print(f"{len(used)} sites, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
