"""Accuracy and time of the engines on chromosome 22 of real Europeans (shared data), in one run.

`python -m tests.benchmarks.bench_imputation [MEGABASES]`: dosage r2 by MAF bin at sites that were not typed,
seconds on the wall (a quiet machine says more) and peak memory of a process of its own each.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from app.imputation.contract import EngineName, ImputationRequest, PhasingName
from app.imputation.engines import engines
from app.imputation.run import impute_files
from app.results.accuracy import accuracy
from tests.helpers.shared import shared_folder

START = 17_000_000
RUNS = (
    (EngineName.BUILTIN, PhasingName.BUILTIN),
    (EngineName.BUILTIN, PhasingName.BEAGLE),
    (EngineName.MINIMAC4, PhasingName.BUILTIN),
    (EngineName.MINIMAC4, PhasingName.BEAGLE),
    (EngineName.BEAGLE, PhasingName.BEAGLE),
)


def run(data: Path, out: Path, engine: EngineName, phasing: PhasingName, megabases: int) -> None:
    """Impute and print one line of figures and one of accuracy."""
    began, used = time.monotonic(), time.process_time()
    folder = data / "impute_chr22_eur"
    made = impute_files(
        ImputationRequest(
            panel_vcf=folder / "panel.chr22.vcf.gz",
            target_vcf=folder / "target.gsa_v3.vcf.gz",
            out_dir=out,
            chromosome="22",
            engine=engine,
            phasing=phasing,
            map_file=data / "maps" / "plink.chr22.GRCh37.map",
            first=START,
            last=START + megabases * 1_000_000,
            threads=2,
        )
    )
    seconds = time.monotonic() - began
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = time.process_time() - used + children.ru_utime + children.ru_stime
    peak = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children.ru_maxrss) / 1024
    print(
        f"{engine} (phasing {phasing}): {seconds:.1f} s, {cpu:.1f} CPU s, peak {peak:.0f} MB, "
        f"{made.figures.written} sites, mean R2 {made.figures.mean_r2}, mean ER2 {made.figures.mean_er2}"
    )
    told = accuracy([made.dose], folder / "truth.chr22.vcf.gz")
    for each in told.by_maf:
        if each.r2 is not None:
            print(
                f"    MAF {each.maf_from:<6}-{each.maf_to:<6} sites {each.sites:6d}  r2 {each.r2:.4f}  "
                f"non-ref concordance {each.nonref_concordance or 0:.4f}  IQS {each.iqs or 0:.4f}"
            )
    sys.stdout.flush()


def main() -> None:
    """Run every engine that is present."""
    root = shared_folder()
    if root is None:
        print("The shared data are not on this machine.")
        return
    megabases = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    present = {each.name for each in engines() if each.present}
    spawn = multiprocessing.get_context("spawn")
    for engine, phasing in RUNS:
        if {engine.value, phasing.value} - {"none"} <= present:
            with tempfile.TemporaryDirectory() as out:
                child = spawn.Process(target=run, args=(root / "data", Path(out), engine, phasing, megabases))
                child.start()
                child.join()


if __name__ == "__main__":
    main()
