"""Practice data: an invented cohort with truth, the panel it belongs to, and spoilt copies to learn from.

Cohort and panel come from one simulation, so they belong together only when sites and seed are the same;
the panels that `add_practice_panels` installs have the default ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.genotypes.bgzf import BgzfWriter, read_lines
from app.practice.demography import POPULATIONS
from app.practice.panels import PanelPackage, PanelPopulation, PanelShelf
from app.practice.simulation_files import write_cohort, write_panel, write_people, write_truth
from app.practice.simulator import SimulatedData, SimulationSpec, simulate

DEFAULT_SAMPLES = 60
DEFAULT_SITES = 8_000
DEFAULT_SEED = 7
CHROMOSOMES = ("20", "22")
PANEL_SAMPLES = 300
_POOL = 120
_FLIPPED = 120
_BUILDS = {"hg19": "GRCh37", "hg38": "GRCh38"}
_COMPLEMENT = bytes.maketrans(b"ACGTacgt", b"TGCAtgca")


@dataclass(frozen=True)
class PracticeData:
    """Where the files lie: one a chromosome of cohort, truth, panel and map; the spoilt ones by fault."""

    cohort: tuple[Path, ...]
    truth: tuple[Path, ...]
    panel: tuple[Path, ...]
    maps: tuple[Path, ...]
    people: Path
    faulty: dict[str, Path]
    readme: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The files to send."""
        return self.cohort


def make_practice_data(
    folder: Path,
    samples: int = DEFAULT_SAMPLES,
    sites: int = DEFAULT_SITES,
    seed: int = DEFAULT_SEED,
    chromosomes: tuple[str, ...] = CHROMOSOMES,
) -> PracticeData:
    """Write a cohort of `samples` people, `sites` panel sites a chromosome. The same numbers, the same bytes.

    Takes a few seconds. Raises ValueError for fewer than 3 samples or 200 sites.
    """
    if samples < 3 or sites < 200:
        raise ValueError("practice data need at least 3 samples and 200 sites")
    worlds = [
        _some_people(simulate(_spec(chromosome, sites, seed, samples)), samples) for chromosome in chromosomes
    ]
    for name in ("cohort", "truth", "panel", "with-faults"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    cohort = tuple(_written(write_cohort, each, folder / "cohort", "practice") for each in worlds)
    data = PracticeData(
        cohort=cohort,
        truth=tuple(_written(write_truth, each, folder / "truth", "truth") for each in worlds),
        panel=tuple(_written(write_panel, each, folder / "panel", "panel") for each in worlds),
        maps=tuple(_write_map(each, folder / "panel") for each in worlds),
        people=folder / "people.tsv",
        faulty=_spoil(cohort[0], folder / "with-faults"),
        readme=folder / "README.txt",
    )
    write_people(worlds[0], data.people)
    data.readme.write_text(_readme(samples, sites, seed, chromosomes), encoding="utf-8")
    return data


def add_practice_panels(
    shelf: PanelShelf, sites: int = DEFAULT_SITES, seed: int = DEFAULT_SEED
) -> tuple[PanelPackage, ...]:
    """Install the practice panels, one a build, unless they are there."""
    missing = [build for build in _BUILDS if shelf.find(f"practice-{build}") is None]
    if not missing:
        return tuple(each for each in shelf.packages() if each.id.startswith("practice-"))
    worlds = [simulate(_spec(chromosome, sites, seed, 0)) for chromosome in CHROMOSOMES]
    return tuple(_add_panel(shelf, build, worlds) for build in missing)


def panel_populations(data: SimulatedData) -> tuple[PanelPopulation, ...]:
    """The three simulated populations as a panel has them, and one that means no check."""
    known = []
    for population in POPULATIONS:
        people = tuple(
            name
            for name, own in zip(data.panel_names, data.panel_populations, strict=True)
            if own == population
        )
        known.append(
            PanelPopulation(
                id=population.lower(), name=population.upper(), samples=len(people), people=people
            )
        )
    return (*known, PanelPopulation(id="off", name="Skip"))


def _add_panel(shelf: PanelShelf, build: str, worlds: list[SimulatedData]) -> PanelPackage:
    panel_id = f"practice-{build}"
    folder = shelf.folder / panel_id
    folder.mkdir(parents=True, exist_ok=True)
    named = _BUILDS[build]
    told = [replace(each, spec=each.spec.model_copy(update={"build": named})) for each in worlds]
    return shelf.add_panel(
        panel_id,
        f"Practice panel ({named}/{build})",
        build,
        {each.spec.chromosome: _written(write_panel, each, folder, "panel") for each in told},
        panel_populations(worlds[0]),
        {each.spec.chromosome: _write_map(each, folder) for each in told},
        description="Invented people of three invented populations.",
    )


def _spec(chromosome: str, sites: int, seed: int, samples: int) -> SimulationSpec:
    """The world of a chromosome; its panel is the same for all cohorts up to the size of the pool."""
    number = int(chromosome) if chromosome.isdigit() else 23
    return SimulationSpec(
        samples=max(samples, _POOL),
        panel_samples=PANEL_SAMPLES,
        sites=sites,
        seed=seed * 100 + number,
        chromosome=chromosome,
    )


def _some_people(data: SimulatedData, samples: int) -> SimulatedData:
    """The same world with fewer people in the cohort, evenly from all populations."""
    chosen = np.unique(np.linspace(0, len(data.cohort_names) - 1, samples).round().astype(int))
    columns = np.ravel([(2 * each, 2 * each + 1) for each in chosen])
    return replace(
        data,
        cohort=np.ascontiguousarray(data.cohort[:, columns]),
        array=np.ascontiguousarray(data.array[:, columns]),
        cohort_names=tuple(data.cohort_names[each] for each in chosen),
        cohort_populations=tuple(data.cohort_populations[each] for each in chosen),
    )


def _written(
    write: Callable[[SimulatedData, Path], None], data: SimulatedData, folder: Path, name: str
) -> Path:
    path = folder / f"{name}.{data.spec.contig}.vcf.gz"
    write(data, path)
    return path


def _write_map(data: SimulatedData, folder: Path) -> Path:
    path = folder / f"map.{data.spec.contig}.txt"
    data.genetic_map.write_plink(path, data.spec.contig)
    return path


def _spoil(clean: Path, folder: Path) -> dict[str, Path]:
    """Copies of a file, each with one typical fault."""
    faults: dict[str, Callable[[list[bytes]], Iterator[bytes]]] = {
        "strand-flips": _flip,
        "chr-prefix": _prefix,
        "unsorted": _shuffle,
    }
    lines = list(read_lines(clean))
    header = [line for line in lines if line.startswith(b"#")]
    spoilt = {}
    for name, spoil in faults.items():
        path = folder / f"{name}.vcf.gz"
        rows = list(spoil(lines[len(header) :]))
        with BgzfWriter(path) as writer:
            writer.write(b"\n".join([*header, *rows]) + b"\n")
        spoilt[name] = path
    return spoilt


def _flip(rows: list[bytes]) -> Iterator[bytes]:
    """The first sites read on the other strand: more of them than a server forgives."""
    for number, row in enumerate(rows):
        cells = row.split(b"\t", 5)
        if number < _FLIPPED:
            cells[3:5] = [each.translate(_COMPLEMENT) for each in cells[3:5]]
        yield b"\t".join(cells)


def _prefix(rows: list[bytes]) -> Iterator[bytes]:
    """Chromosome names of the other build."""
    return (b"chr" + row for row in rows)


def _shuffle(rows: list[bytes]) -> Iterator[bytes]:
    """Two blocks in the wrong order."""
    middle = len(rows) // 2
    yield from rows[middle:]
    yield from rows[:middle]


def _readme(samples: int, sites: int, seed: int, chromosomes: tuple[str, ...]) -> str:
    return f"""Practice data of Haplodesk
==========================

Nobody is behind these genotypes: they were invented by a simulation of three populations.
{samples} people, {sites} sites of the panel a chromosome ({", ".join(chromosomes)}), GRCh37, seed {seed}.

cohort/       what a laboratory would have: genotypes of an array, one file a chromosome. Send these.
truth/        what the same people really carry at all sites: compare a result with it.
panel/        the reference panel that belongs to this cohort, and its genetic map.
with-faults/  the first chromosome of the cohort, spoilt: alleles read on the other strand (strand-flips),
              chromosome names of the other build (chr-prefix), two blocks in the wrong order (unsorted).
people.tsv    who belongs to which population.
"""
