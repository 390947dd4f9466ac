"""The commands of presets: what PLINK 2 makes of them, and names that it takes only when it is told to."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.domain.export import ExportRequest, PresetName
from app.results.export.conversion import export
from app.results.export.presets import command_of, needs_extra_names
from tests.helpers.dose_rows import haplotypes, names_of, needs_plink2, write_result


@pytest.mark.parametrize(
    ("names", "extra"),
    [
        (("20",), False),
        (("chr1", "chr22", "chrX", "chrM"), False),
        (("X", "PAR1", "MT", "26"), False),
        (("6", "HLA_A*01:01:01:01"), True),
        (("chr6_GL000250v2_alt",), True),
        (("27",), True),
    ],
)
def test_names_that_plink2_does_not_know(names: tuple[str, ...], extra: bool) -> None:
    assert needs_extra_names(names) is extra
    assert ("--allow-extra-chr" in command_of(PresetName.PLINK2, "x", names)) is extra
    assert "--allow-extra-chr" not in command_of(PresetName.REGENIE, "x", names)


@needs_plink2
@pytest.mark.parametrize("chromosome", ["chr20", "X", "HLA_A*01:01:01"])
def test_plink2_runs_its_command(tmp_path: Path, chromosome: str) -> None:
    source = tmp_path / "a cohort.dose.vcf.gz"
    write_result(source, haplotypes(30, 24, missing=0), chromosome=chromosome)
    out = tmp_path / "out"
    out.mkdir()
    made = export(ExportRequest(source=str(source), out=str(out), preset=PresetName.PLINK2), out)
    rng = np.random.default_rng(1)
    for name, column in (("PHENOTYPES.txt", "TRAIT"), ("COVARIATES.txt", "AGE")):
        values = [f"{person}\t{rng.normal():.4f}\n" for person in names_of(24)]
        (out / name).write_text(f"#IID\t{column}\n" + "".join(values))
    words = shlex.split(made.sets[0].command)
    done = subprocess.run(words, cwd=out, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (table,) = out.glob("*.glm.linear")
    assert len(table.read_text().splitlines()) == 31


@needs_plink2
def test_plink2_writes_contigs_of_any_name(tmp_path: Path) -> None:
    source = write_result(tmp_path / "x.dose.vcf.gz", haplotypes(30, 24), chromosome="HLA_A*01:01:01")
    out = tmp_path / "out"
    out.mkdir()
    request = ExportRequest(source=str(source), out=str(out), preset=PresetName.PLINK2, with_plink2=True)
    made = export(request, out)
    assert made.by_plink2
    assert made.sets[0].verified
    assert made.sets[0].kept == 30
