"""Makes `resources/known_sites.npz`: common sites with their positions in GRCh37 and GRCh38.

Source: the site lists of peddy 0.4.8 (https://github.com/brentp/peddy, MIT licence, Copyright (c) 2015 Brent
Pedersen), taken from the 1000 Genomes Project. Run: python packaging/make_known_sites.py FOLDER-OF-PEDDY
where the folder holds GRCH37.sites and GRCH38.sites (in the source archive: peddy-0.4.8/peddy).
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.genotypes.builds import allele_class


def read_sites(path: Path) -> list[list[str]]:
    """The rows `chromosome:position:ref:alt` of a site list."""
    return [line.split(":") for line in path.read_text().split()]


def main() -> None:
    """Write the packed table beside the other resources."""
    folder = Path(sys.argv[1])
    pairs = zip(read_sites(folder / "GRCH37.sites"), read_sites(folder / "GRCH38.sites"), strict=True)
    rows = [
        (int(old[0]), int(old[1]), int(new[1]), allele_class(old[2], old[3]))
        for old, new in pairs
        if old[0] == new[0] and old[0].isdigit() and allele_class(*old[2:]) == allele_class(*new[2:])
    ]
    table = np.array(sorted(rows), np.int64)
    out = Path(__file__).resolve().parents[1] / "resources" / "known_sites.npz"
    np.savez_compressed(
        out,
        chromosome=table[:, 0].astype(np.uint8),
        GRCh37=table[:, 1].astype(np.uint32),
        GRCh38=table[:, 2].astype(np.uint32),
        alleles=table[:, 3].astype(np.uint8),
    )
    print(f"{len(rows)} sites, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
