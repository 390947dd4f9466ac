"""A record with several ALT alleles is imputed as one for each, by every engine."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from app.genotypes.matrix import read_matrix
from app.imputation.contract import EngineName, Tools
from app.imputation.engines import beagle_command
from app.imputation.panel_files import take_panel
from app.imputation.panel_packing import packed
from app.imputation.part_run import PartTask, impute_part
from tests.unit.imputation.vcf import Row, write_vcf


def rows() -> list[Row]:
    """Sites of 30 people who are copies of 8 haplotypes; each tenth has two ALT alleles, one an indel."""
    draw = np.random.default_rng(5)
    founders, copies = draw.integers(0, 2, (200, 8)), draw.integers(0, 8, 60)
    found: list[Row] = []
    for site, row in enumerate(founders):
        alts = "C,AT" if site % 10 == 5 else "C"
        alleles = row[copies] * (1 + (copies % 2 if "," in alts else 0))
        cells = [f"{a}|{b}" for a, b in alleles.reshape(30, 2)]
        found.append((1_000_000 + 1000 * site, "A", alts, cells))
    return found


@pytest.mark.parametrize(
    "engine",
    [
        "builtin",
        pytest.param(
            "minimac4",
            marks=pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed"),
        ),
        pytest.param(
            "beagle",
            marks=pytest.mark.skipif(beagle_command() is None, reason="beagle is not installed"),
        ),
    ],
)
def test_each_allele_is_imputed(engine: str, tmp_path: Path) -> None:
    panel = rows()
    folder = tmp_path / "panel"
    folder.mkdir()
    facts = take_panel([write_vcf(tmp_path / "panel.vcf", panel)], folder, "GRCh37")
    assert (facts.sites, facts.several_alts) == (220, 20)
    part = packed(facts.parts[0], folder, EngineName(engine), Tools())
    typed = [(*row[:3], row[3][:6]) for row in panel[::2]]
    task = PartTask(
        target=write_vcf(tmp_path / "target.vcf", typed, prefix="T"),
        panel_folder=folder,
        panel=part,
        folder=tmp_path / "job",
        engine=EngineName(engine),
    )
    (made,) = impute_part(task).results
    found = read_matrix(task.folder / "chunk-0" / made.files["dose"][0])
    assert len(found) == 220
    part.write_slice(folder, 1, 10**9, tmp_path / "panel.vcf.gz")
    truth = read_matrix(tmp_path / "panel.vcf.gz")
    assert found.site_keys() == truth.site_keys()
    several = np.isin(found.positions, [row[0] for row in panel if "," in row[2]])
    assert several.sum() == 40
    assert (found.haplotypes[several] == truth.haplotypes[several][:, :12]).mean() > 0.97
