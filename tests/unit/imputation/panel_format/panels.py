"""Small packed panels for tests."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.stretch import PanelStretch
from app.imputation.panel_format.site_columns import Sites
from app.imputation.panel_format.writer import PanelWriter


def column(values: list[str]) -> NDArray[np.object_]:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def some_sites(count: int, seed: int = 3) -> Sites:
    """SNVs and indels, ids of every kind, several sites at one position."""
    random = np.random.default_rng(seed)
    positions = np.sort(random.integers(1, 400 * count + 1, count))
    refs = [str(random.choice(["A", "C", "G", "T", "GAT", "N"])) for _ in range(count)]
    alts = [str(random.choice(["AT", "<DEL>", "TTT", "*", "A", "C"])) for _ in range(count)]
    ids = []
    for row, position in enumerate(positions.tolist()):
        kinds = [
            ".",
            f"rs{position}",
            "rs007",
            "esv1;x",
            f"7:{position}:{refs[row]}:{alts[row]}",
            f"7:{position}",
        ]
        ids.append(kinds[row % len(kinds)])
    return Sites(positions.astype(np.int64), column(ids), column(refs), column(alts))


def some_alleles(count: int, size: int, seed: int = 4) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    share = random.beta(0.2, 0.8, count)
    return (random.random((count, size)) < share[:, None]).astype(np.uint8)


def packed_panel(
    path: Path, count: int = 300, size: int = 90, ploidy: NDArray[np.uint8] | None = None
) -> tuple[Path, Sites, NDArray[np.uint8]]:
    """A panel on chromosome 7 and what is in it."""
    sites, alleles = some_sites(count), some_alleles(count, size)
    people = np.full(size // 2, 2, dtype=np.uint8) if ploidy is None else ploidy
    with PanelWriter(path, "7", people) as out:
        for at in range(0, count, 70):
            out.add(sites.take(slice(at, at + 70)), alleles[at : at + 70])
    return path, sites, alleles


def same(stretch: PanelStretch, sites: Sites, alleles: NDArray[np.uint8]) -> bool:
    """Whether a stretch has these sites and alleles."""
    names = ("positions", "ids", "refs", "alts")
    equal = all(getattr(stretch, name).tolist() == getattr(sites, name).tolist() for name in names)
    return equal and bool((stretch.alleles(slice(None)) == alleles).all())
