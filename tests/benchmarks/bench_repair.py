"""How well planted strand flips and switches are repaired, beside `bcftools +fixref` in the same run.

`python -m tests.benchmarks.bench_repair` prints one line for each comparison: recall, precision and CPU
seconds. Needs the shared data, and bcftools with its plugins for the second part.

1. 48 Europeans at 85,485 sites of chromosome 22, the panel's sites and people as reference: A/T and C/G sites
   with and without the panel's people (correlation with neighbours), the rest by letters.
2. 190 Europeans at 7,577 array sites of chromosome 20, the true REF from the sequence of GRCh37. +fixref gets
   the sequence; this program gets the sites with the frequencies of 189 other people.
"""

from __future__ import annotations

import json
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from app.domain.finding import BuildGuess
from app.genotypes.bgzf import read_lines
from app.genotypes.cohort import Batch as CohortBatch
from app.genotypes.cohort import Cohort, CohortWriter, Reference, open_cohort
from app.genotypes.readers.opening import open_reader
from app.genotypes.reading import write_cohort
from app.genotypes.repair.apply import repair
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import NO_FREQUENCY, SiteTable, letters_code
from app.genotypes.texts import Texts
from tests.helpers.cohorts import cohort_of_vcf
from tests.helpers.panel_tables import table_of_panel
from tests.helpers.seeded import Seeded, minor_frequency, score, seed_cohort
from tests.helpers.shared import shared_folder

SURE = BuildGuess(value="GRCh37", confidence=0.999)
CHOICES = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0)


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process and its children."""
    before = _spent()
    work()
    return _spent() - before


def _spent() -> float:
    mine, children = (resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


def chromosome_22(data: Path, folder: Path) -> Iterator[dict[str, object]]:
    """Dense real sites, a seventh of them damaged."""
    source = data / "impute_chr22_eur"
    panel = table_of_panel(source / "panel.chr22.vcf.gz")
    true = cohort_of_vcf(source / "truth.chr22.vcf.gz", folder / "true")
    random = np.random.default_rng(22)
    seeded = seed_cohort(true, folder / "seeded", random)
    minor = minor_frequency(seeded, panel)
    by_letters = RepairTarget(build="GRCh37", panel={"22": panel}, study_build=SURE)
    with_people = replace(by_letters, panel_genotypes={"22": source / "panel.chr22.vcf.gz"})
    groups = {
        "not palindromic": ~seeded.palindromic,
        "palindromic, MAF < 0.4": seeded.palindromic & (minor < 0.4),
        "palindromic, MAF >= 0.4": seeded.palindromic & (minor >= 0.4),
    }
    for name, target in (("sites and frequencies", by_letters), ("and the panel's people", with_people)):
        out = folder / name.replace(" ", "_")
        spent = cpu_seconds(lambda target=target, out=out: repair([seeded.cohort], target, CHOICES, out))
        for group, which in groups.items():
            found = score(seeded, out / "chr22.vcf.gz", which)
            yield {"data": "chr22", "reference": name, "sites": group, "cpu_s": round(spent, 1)} | asdict(
                found
            )


def chromosome_20(data: Path, folder: Path) -> Iterator[dict[str, object]]:
    """Array sites with the order of alleles from the sequence, against +fixref."""
    fasta = data / "reference" / "GRCh37.chr20.fa.gz"
    true = _with_true_reference(data, fasta, folder / "true20")
    half = len(true.samples) // 2
    panel = _frequencies(true, slice(half, None))
    study = _people(true, slice(0, half), folder / "half")
    seeded = seed_cohort(study, folder / "seeded20", np.random.default_rng(20))
    target = RepairTarget(build="GRCh37", panel={"20": panel}, study_build=SURE)
    spent = cpu_seconds(lambda: repair([seeded.cohort], target, CHOICES, folder / "ours20"))
    plain = _as_vcf(seeded, folder / "plain")
    theirs = folder / "fixref.vcf.gz"
    command = [
        "bcftools",
        "+fixref",
        str(plain),
        "-Oz",
        "-o",
        str(theirs),
        "--",
        "-f",
        str(fasta),
        "-m",
        "flip",
    ]
    other = cpu_seconds(lambda: subprocess.run(command, check=True, capture_output=True))
    minor = minor_frequency(seeded, panel)
    groups = {
        "not palindromic": ~seeded.palindromic,
        "palindromic, MAF < 0.4": seeded.palindromic & (minor < 0.4),
        "palindromic, MAF >= 0.4": seeded.palindromic & (minor >= 0.4),
    }
    for group, which in groups.items():
        for name, path, seconds in (
            ("haplodesk", folder / "ours20" / "chr20.vcf.gz", spent),
            ("bcftools +fixref", theirs, other),
        ):
            found = score(seeded, path, which)
            yield {"data": "chr20", "program": name, "sites": group, "cpu_s": round(seconds, 2)} | asdict(
                found
            )


def _with_true_reference(data: Path, fasta: Path, folder: Path) -> Cohort:
    """The PLINK cohort with REF as the sequence has it; sites that fit neither allele are left out."""
    bed = data / "gwas" / "eur379_chr20_b37" / "eur379_chr20.bed"
    read = write_cohort(open_reader([bed]), folder / "as_it_is")
    bases = _bases(fasta, read)
    refs, alts = list(read.refs), list(read.alts)
    good = [i for i, base in enumerate(bases) if base.upper() in (refs[i], alts[i])]
    turned = np.array([bases[i].upper() == alts[i] for i in good], bool)
    codes = read.genotypes(np.array(good, np.intp)).copy()
    codes[turned] = np.array([2, 1, 0, 3], np.uint8)[codes[turned]]
    pairs = [(alts[i], refs[i]) if turn else (refs[i], alts[i]) for i, turn in zip(good, turned, strict=True)]
    return _written(folder / "true", read, np.array(good, np.intp), pairs, codes, read.samples)


def _bases(fasta: Path, cohort: Cohort) -> list[str]:
    """The base of the sequence at each position; the file has one chromosome."""
    sequence = b"".join(line for line in read_lines(fasta) if not line.startswith(b">"))
    return [chr(sequence[position - 1]) for position in cohort.position.tolist()]


def _written(
    folder: Path,
    like: Cohort,
    rows: np.ndarray,
    pairs: list[tuple[str, str]],
    codes: np.ndarray,
    samples: tuple[str, ...],
) -> Cohort:
    origin = replace(like.origin, reference=Reference.KNOWN)
    with CohortWriter(folder, origin, samples) as writer:
        writer.append(
            CohortBatch(
                names=like.names,
                chromosome=np.asarray(like.chromosome[rows]),
                position=np.asarray(like.position[rows]),
                ids=like.ids[rows],
                refs=Texts.of(pair[0] for pair in pairs),
                alts=Texts.of(pair[1] for pair in pairs),
                flags=np.zeros(len(rows), np.uint32),
                record=np.arange(len(rows), dtype=np.int64),
                genotypes=codes,
            )
        )
    return open_cohort(folder)


def _people(cohort: Cohort, which: slice, folder: Path) -> Cohort:
    rows = np.arange(len(cohort))
    pairs = list(zip(cohort.refs, cohort.alts, strict=True))
    return _written(folder, cohort, rows, pairs, cohort.genotypes(rows)[:, which], cohort.samples[which])


def _frequencies(cohort: Cohort, which: slice) -> SiteTable:
    codes = cohort.genotypes(slice(None))[:, which].astype(float)
    codes[codes == 3] = np.nan
    frequency = np.nan_to_num(np.nanmean(codes, axis=1) / 2)
    stored = np.round(frequency * (NO_FREQUENCY - 1)).astype(np.uint16)
    order = np.argsort(cohort.position, kind="stable")
    code = letters_code(cohort.refs, cohort.alts)
    return SiteTable(np.asarray(cohort.position)[order].astype(np.uint32), code[order], stored[order])


def _as_vcf(seeded: Seeded, folder: Path) -> Path:
    """The damaged cohort as a file that other programs read."""
    repair([seeded.cohort], RepairTarget(study_build=SURE), CHOICES, folder)
    return folder / "chr20.vcf.gz"


def main() -> None:
    """Run both parts."""
    root = shared_folder()
    if root is None:
        raise SystemExit("the shared data are not on this machine")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in (chromosome_22, chromosome_20):
            for line in part(root / "data", folder):
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
