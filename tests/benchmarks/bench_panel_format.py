"""The packed panel against the MSAV of Minimac4: size, CPU seconds to pack the same file, and to read it.

Run: python -m tests.benchmarks.bench_panel_format [--simulated FOLDER] [PANEL...]
Without names: the real panels of the shared data, and `ref.vcf.gz` of a folder that `engine_data` made. Both
packers start from the same file, one after the other, and their children count; what starting Python alone
takes is said below the table. Reading is that of all haplotypes, in pieces, and of a stretch of 1 Mb.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.imputation.panel_format.reader import SUFFIX, Panel
from tests.helpers.shared import shared_folder

PACK = """
import sys
from pathlib import Path
from app.imputation.panel_format.building import pack_vcf
pack_vcf(Path(sys.argv[1]), Path(sys.argv[2]))
"""
_MEGABASE = 1_000_000
_HEADS = "panel,haplotypes,sites,source MB,msav MB,ours MB,of msav,minimac4 CPU s,ours CPU s,of minimac4,"
_HEADS += "peak MB,read CPU s,1 Mb ms"


@dataclass(frozen=True)
class Row:
    """Sizes in bytes, times in CPU seconds, the peak of our packer in megabytes."""

    name: str
    haplotypes: int
    sites: int
    source: int
    msav: int
    ours: int
    their_cpu: float
    our_cpu: float
    peak_mb: float
    read_cpu: float
    piece_cpu: float

    def cells(self) -> list[str]:
        """As they are printed."""
        sizes = [f"{each / 1e6:.2f}" for each in (self.source, self.msav, self.ours)]
        cpu = [f"{self.their_cpu:.2f}", f"{self.our_cpu:.2f}", f"{self.our_cpu / self.their_cpu:.2f}"]
        return [
            self.name,
            f"{self.haplotypes:,}",
            f"{self.sites:,}",
            *sizes,
            f"{self.ours / self.msav:.2f}",
            *cpu,
            f"{self.peak_mb:.0f}",
            f"{self.read_cpu:.2f}",
            f"{1000 * self.piece_cpu:.1f}",
        ]


def cpu_of(command: Sequence[str]) -> float:
    """User and system seconds of a program that must end well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_of(source: Path, out: Path) -> float:
    """Megabytes at the height of our packer."""
    told = PACK + "import resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    return float(
        subprocess.run([sys.executable, "-c", told, source, out], check=True, capture_output=True).stdout
    )


def measured(source: Path, folder: Path) -> Row:
    """One panel, both ways."""
    msav, ours = folder / "panel.msav", folder / f"panel{SUFFIX}"
    their_cpu = cpu_of(["minimac4", "--compress-reference", str(source), "-o", str(msav)])
    our_cpu = cpu_of([sys.executable, "-c", PACK, str(source), str(ours)])
    with Panel.open(ours) as panel:
        began = time.process_time()
        sites = sum(len(piece) for piece in panel.stretches())
        read = time.process_time() - began
        middle = int(panel.positions()[panel.count // 2])
    with Panel.open(ours) as panel:
        began = time.process_time()
        panel.stretch(middle, middle + _MEGABASE)
        piece = time.process_time() - began
        sizes = source.stat().st_size, msav.stat().st_size, ours.stat().st_size
        peak = peak_of(source, folder / f"again{SUFFIX}")
        name = f"{source.parent.name}/{source.name.split('.')[1]}"
        return Row(name, panel.size, sites, *sizes, their_cpu, our_cpu, peak, read, piece)


def sources(simulated: Path | None) -> list[Path]:
    """The panels that the issue names, as far as they are here."""
    found = []
    if (shared := shared_folder()) is not None:
        data = shared / "data"
        for name in ("chr22_eur", "chr22_multi", "chrX_PAR1_multi", "pgx_kgp3"):
            found += sorted((data / f"impute_{name}").glob("panel.*.vcf.gz"))
        found += sorted((data / "impute_chr1_hapmap2_ceu").glob("panel.*.bcf"))
    if simulated is not None and (simulated / "ref.vcf.gz").is_file():
        found.append(simulated / "ref.vcf.gz")
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulated", type=Path)
    parser.add_argument("panels", type=Path, nargs="*")
    chosen = parser.parse_args()
    print("| " + " | ".join(_HEADS.split(",")) + " |")
    print("|" + "---|" * len(_HEADS.split(",")))
    for source in chosen.panels or sources(chosen.simulated):
        with tempfile.TemporaryDirectory() as folder:
            print("| " + " | ".join(measured(source, Path(folder)).cells()) + " |", flush=True)
    start = cpu_of([sys.executable, "-c", "import app.imputation.panel_format.building"])
    print(f"\nOf our CPU seconds {start:.2f} are those in which the program starts.")


if __name__ == "__main__":
    main()
