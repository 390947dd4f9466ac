"""Reference panels that the practice server offers: packages in its home, as installed on a real server.

A package is a folder with `panel.json`, a site list and links to the panel's VCF a chromosome (`cloudgene.md`
7.10, 9). The site list has the columns `ID CHROM POS REF ALT AAF_<POPULATION>…`; `.` is no frequency.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from app.domain.model import Model
from app.genotypes.bgzf import BgzfWriter, read_lines

BUILD_TEXT = {"hg19": "GRCh37/hg19", "hg38": "GRCh38/hg38"}
_SAME_BUILD = dict.fromkeys(("grch37", "hg19", "b37"), "hg19") | dict.fromkeys(
    ("grch38", "hg38", "b38"), "hg38"
)


class PanelPopulation(Model):
    """A population of a panel. `samples` -1: no frequency check.

    Its allele frequency comes from the genotypes of `people` (sample names of the panel's VCF), else from
    the INFO field `info_key`, else it is that of the whole panel (AF, or AC/AN).
    """

    id: str
    name: str
    samples: int = -1
    info_key: str = ""
    people: tuple[str, ...] = ()


class QcFilter(Model):
    """Thresholds of the quality control (`cloudgene.md` 9); `allele_switches` None is no limit."""

    overlap: float = 0.5
    min_snps: int = 3
    sample_call_rate: float = 0.5
    mixed_genotypes_chr_x: float = 0.1
    strand_flips: int = 100
    allele_switches: int | None = None


class PanelFiles(Model):
    """The files of one chromosome; absolute paths. `map` is a genetic map, empty where there is none."""

    vcf: str
    sites: str
    map: str = ""
    variants: int = 0


class PanelPackage(Model):
    """An installed panel. `build` is `hg19` or `hg38`; `chromosomes` by bare name (`20`, `X`)."""

    id: str
    name: str
    version: str
    build: str
    description: str = ""
    samples: int = 0
    populations: tuple[PanelPopulation, ...]
    chromosomes: dict[str, PanelFiles]
    qc_filter: QcFilter = QcFilter()

    @property
    def key(self) -> str:
        """The key in the list of panels."""
        return f"apps@{self.id}@{self.version}"

    def contig(self, chromosome: str) -> str:
        """A bare chromosome name as files of this build write it."""
        return f"chr{chromosome}" if self.build == "hg38" else chromosome

    def spellings(self) -> tuple[str, ...]:
        """The four ways of naming a panel that a server understands."""
        return (self.key, f"apps@{self.id}", f"{self.id}@{self.version}", self.id)


class PanelShelf:
    """The panels installed in a home folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._packages = [
            PanelPackage.model_validate_json(path.read_bytes())
            for path in sorted(folder.glob("*/panel.json"))
        ]

    def packages(self) -> tuple[PanelPackage, ...]:
        """All panels, by key."""
        with self._lock:
            return tuple(sorted(self._packages, key=lambda each: each.key))

    def find(self, name: str) -> PanelPackage | None:
        """The panel that one of its four spellings names."""
        return next((each for each in self.packages() if name in each.spellings()), None)

    def add_panel(
        self,
        panel_id: str,
        name: str,
        build: str,
        vcfs: Mapping[str, Path],
        populations: Iterable[PanelPopulation],
        maps: Mapping[str, Path] | None = None,
        *,
        version: str = "1.0.0",
        description: str = "",
        qc_filter: QcFilter | None = None,
    ) -> PanelPackage:
        """Install a panel from one phased VCF a chromosome; the site list is made here.

        The VCF files stay where they are and must not go away. Raises ValueError for an unknown build.
        """
        folder = self.folder / panel_id
        folder.mkdir(parents=True, exist_ok=True)
        known = tuple(populations)
        files: dict[str, PanelFiles] = {}
        samples = 0
        for chromosome, vcf in vcfs.items():
            bare = chromosome.removeprefix("chr")
            sites = folder / f"sites.chr{bare}.gz"
            samples, variants = write_sites(vcf, sites, tuple(each for each in known if each.samples > 0))
            genetic_map = (maps or {}).get(chromosome)
            files[bare] = PanelFiles(
                vcf=str(vcf.resolve()),
                sites=str(sites.resolve()),
                map=str(genetic_map.resolve()) if genetic_map else "",
                variants=variants,
            )
        package = PanelPackage(
            id=panel_id,
            name=name,
            version=version,
            build=canonical_build(build),
            description=description,
            samples=samples,
            populations=known,
            chromosomes=files,
            qc_filter=qc_filter or QcFilter(),
        )
        self._install(package, folder)
        return package

    def remove(self, panel_id: str) -> None:
        """Take a panel off the shelf, with what was made for it here."""
        with self._lock:
            self._packages = [each for each in self._packages if each.id != panel_id]
        shutil.rmtree(self.folder / panel_id, ignore_errors=True)

    def _install(self, package: PanelPackage, folder: Path) -> None:
        draft = folder / "panel.json.part"
        draft.write_text(package.model_dump_json(indent=1), encoding="utf-8")
        draft.replace(folder / "panel.json")
        with self._lock:
            self._packages = [each for each in self._packages if each.id != package.id] + [package]


def canonical_build(build: str) -> str:
    """`hg19` or `hg38` for any usual spelling; raises ValueError else."""
    try:
        return _SAME_BUILD[build.lower()]
    except KeyError:
        raise ValueError(f"unknown genome build {build!r}") from None


def write_sites(vcf: Path, sites: Path, populations: tuple[PanelPopulation, ...]) -> tuple[int, int]:
    """Write the site list of a panel VCF; returns the numbers of samples and of sites."""
    header = ["ID", "CHROM", "POS", "REF", "ALT", *(f"AAF_{each.id.upper()}" for each in populations)]
    names: list[str] = []
    columns: list[list[int]] = [[] for _ in populations]
    variants = 0
    with BgzfWriter(sites) as writer:
        writer.write("\t".join(header).encode() + b"\n")
        for line in read_lines(vcf):
            if line.startswith(b"#"):
                if line.startswith(b"#CHROM"):
                    names = line.decode().split("\t")[9:]
                    columns = [_columns(each, names) for each in populations]
                continue
            writer.write(_site(line, populations, columns))
            variants += 1
    return len(names), variants


def _columns(population: PanelPopulation, names: list[str]) -> list[int]:
    """Where the people of a population stand in a line."""
    wanted = frozenset(population.people)
    return [9 + index for index, name in enumerate(names) if name in wanted]


def _site(line: bytes, populations: tuple[PanelPopulation, ...], columns: list[list[int]]) -> bytes:
    chrom, pos, name, ref, alt, _, _, info = line.split(b"\t", 8)[:8]
    told = dict(part.split("=", 1) for part in info.decode("latin-1").split(";") if "=" in part)
    cells = line.split(b"\t") if any(columns) else []
    frequencies = [
        _counted(cells, own) if own else _told(told, each.info_key)
        for each, own in zip(populations, columns, strict=True)
    ]
    return b"\t".join([name, chrom, pos, ref, alt, *(each.encode() for each in frequencies)]) + b"\n"


def _counted(cells: list[bytes], columns: list[int]) -> str:
    """The frequency among some people, from their genotypes."""
    genotypes = b" ".join(cells[column].split(b":", 1)[0] for column in columns)
    ones = genotypes.count(b"1")
    known = ones + genotypes.count(b"0")
    return f"{ones / known:.6g}" if known else "."


def _told(told: dict[str, str], info_key: str) -> str:
    """The frequency that INFO tells of a population, or of the panel where it has none of its own."""
    for key in (info_key, "AF"):
        if key and key in told:
            return told[key].split(",")[0]
    if "AC" in told and "AN" in told and int(told["AN"]):
        return f"{int(told['AC'].split(',')[0]) / int(told['AN']):.6g}"
    return "."
