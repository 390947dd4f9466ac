"""Makes `resources/known_sites.npz`: sites of common arrays with their positions in three builds.

Run: python packaging/known_sites.py PEDDY AEON CHAINS ARRAY ARRAY. PEDDY is the folder of the source archive
of peddy 0.4.8 that holds GRCH37.sites and GRCH38.sites; AEON is `g1k_allele_freqs.txt` of aeon_ancestry
1.0.2; CHAINS is a folder with Ensembl's chain files; the two ARRAYs are lists of chromosome, GRCh38 and
GRCh37 position (tab, gzip), of which the sites on both and all on X are taken.
`resources/known_sites.md` tells where all of them come from.
"""

import gzip
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.genotypes.known_sites import NO_ALLELES, SITE_CHROMOSOMES, known_sites
from app.genotypes.site_table import OTHER, letters_code
from app.genotypes.texts import Texts

Place = tuple[str, int]


class Chain:
    """Blocks of one chain file that stay on their chromosome and strand."""

    def __init__(self, path: Path) -> None:
        self.blocks: dict[str, list[tuple[int, int, int]]] = {}
        for name, start, there, size in _blocks(path):
            self.blocks.setdefault(name, []).append((start, start + size, there - start))
        for blocks in self.blocks.values():
            blocks.sort()

    def lift(self, places: dict[Place, int]) -> dict[Place, int]:
        """Positions in the other build of the values; those that do not lift are left out."""
        result = {}
        for name, blocks in self.blocks.items():
            mine = [key for key in places if key[0] == name]
            if not mine:
                continue
            starts, stops, shifts = np.array(blocks).T
            at = np.array([places[key] for key in mine]) - 1
            block = np.maximum(np.searchsorted(starts, at, "right") - 1, 0)
            good = (at >= starts[block]) & (at < stops[block])
            result |= {mine[i]: int(at[i] + shifts[block[i]] + 1) for i in np.flatnonzero(good)}
        return result


def _blocks(path: Path) -> Iterator[tuple[str, int, int, int]]:
    """Chromosome, start, start in the other build and size of each block, counted from 0."""
    wanted, name, here, there = False, "", 0, 0
    with gzip.open(path, "rt", encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if words[:1] == ["chain"]:
                name, here, there = words[2], int(words[5]), int(words[10])
                wanted = words[7] == name and words[9] == "+"
            elif words and wanted:
                size, *gaps = map(int, words)
                yield name, here, there, size
                if gaps:
                    here, there = here + size + gaps[0], there + size + gaps[1]


def peddy_sites(folder: Path) -> dict[Place, tuple[int, str]]:
    """GRCh38 place → GRCh37 position and alleles, where both lists agree about the alleles."""
    lists = ((folder / name).read_text("ascii").split() for name in ("GRCH37.sites", "GRCH38.sites"))
    pairs = ((old.split(":"), new.split(":")) for old, new in zip(*lists, strict=True))
    return {
        (new[0], int(new[1])): (int(old[1]), new[2] + new[3])
        for old, new in pairs
        if old[0] == new[0] and old[2:] == new[2:] and new[0] in SITE_CHROMOSOMES
    }


def aeon_sites(path: Path) -> dict[Place, str]:
    """GRCh38 place → alleles."""
    found = {}
    with path.open(encoding="ascii") as lines:
        for line in lines:
            if match := re.match(r"chr(\w+)\t\d+\t(\d+)\t\S+_([ACGT])_([ACGT])\t", line):
                found[match[1], int(match[2])] = match[3] + match[4]
    return found


def array_sites(path: Path) -> dict[Place, int]:
    """GRCh38 place → GRCh37 position."""
    with gzip.open(path, "rt", encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    return {(r[0], int(r[1])): int(r[2]) for r in rows if len(r) == 3 and r[1].isdigit() and r[2].isdigit()}


def gather(arguments: list[Path]) -> list[tuple[int, int, int, int, int]]:
    """Rows of chromosome index, GRCh38, GRCh37, NCBI36 (0 when unknown) and allele code, sorted."""
    peddy, aeon = peddy_sites(arguments[0]), aeon_sites(arguments[1])
    back, older = (
        Chain(arguments[2] / f"ensembl.{name}.chain.gz") for name in ("GRCh38_to_GRCh37", "GRCh37_to_NCBI36")
    )
    first, second = (array_sites(path) for path in arguments[3:5])
    both = first | second
    old = {k: both[k] for k in both if k[0] == "X" or (k in first and k in second)}
    old |= back.lift({key: key[1] for key in aeon})
    old |= {key: value[0] for key, value in peddy.items()}
    oldest = older.lift(old)
    letters = aeon | {key: value[1] for key, value in peddy.items()}
    rows = []
    for key, position in old.items():
        if key[0] in SITE_CHROMOSOMES:
            code = _code(letters.get(key, ""))
            rows.append((SITE_CHROMOSOMES.index(key[0]), key[1], position, oldest.get(key, 0), code))
    return sorted(rows)


def _code(alleles: str) -> int:
    if not alleles:
        return NO_ALLELES
    code = int(letters_code(Texts.of([alleles[0]]), Texts.of([alleles[1]]))[0])
    return NO_ALLELES if code == OTHER else code


def main() -> None:
    """Write the packed table beside the other resources."""
    table = np.array(gather([Path(each) for each in sys.argv[1:6]]), np.int64)
    chromosome, new, old, oldest, code = table.T
    out = Path(__file__).resolve().parents[1] / "resources" / "known_sites.npz"
    kept = oldest > 0
    shift = np.zeros(len(table), np.int64)
    shift[kept] = oldest[kept] - old[kept]
    carried = np.maximum.accumulate(np.where(kept, np.arange(len(table)), 0))
    np.savez_compressed(
        out,
        sizes=np.bincount(chromosome, minlength=len(SITE_CHROMOSOMES)).astype(np.uint32),
        GRCh38=_steps(new).astype("<i4").view(np.uint8).reshape(-1, 4).T.copy(),
        GRCh37=_steps(old - new).astype("<i4"),
        NCBI36=_steps(shift[carried]).astype("<i4"),
        lacks_NCBI36=np.packbits(~kept),
        alleles=code.astype(np.uint8),
    )
    known_sites.cache_clear()
    assert all(np.array_equal(known_sites().position[b], c) for b, c in (("GRCh38", new), ("NCBI36", oldest)))
    assert np.array_equal(known_sites().position["GRCh37"], old)
    print(f"{len(table)} sites, {int(kept.sum())} in NCBI36, {out.stat().st_size} bytes")


def _steps(values: np.ndarray) -> np.ndarray:
    return np.diff(values, prepend=0)


if __name__ == "__main__":
    main()
