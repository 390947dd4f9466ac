"""Chromosome X as a whole through a local job: both sexes, men written with two alleles as chips do."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from app.domain.dataset import DataFile
from app.genotypes.matrix import ABSENT, Region, read_matrix
from app.imputation.contract import Tools
from app.imputation.engines import beagle_command
from app.operations.local_job import LocalOrder, run_local_job
from app.operations.local_panel_files import take_local_panel
from app.services.local.layout import LocalJob, LocalPanel, read_steps
from tests.unit.imputation.vcf import Row, write_vcf

PAR1_END, PAR2_BEGIN = 2_699_520, 154_931_044
MEN = 6
PEOPLE = 12
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def panel_rows() -> list[Row]:
    """Thirty-four people of twelve founders: PAR1, 42 Mb behind it, and PAR2."""
    draw = np.random.default_rng(11)
    places = [*range(300_000, 2_600_000, 40_000), *range(3_000_000, 45_000_000, 120_000)]
    places += range(154_950_000, 155_200_000, 10_000)
    founders = draw.integers(0, 2, (len(places), 12))
    copied = np.stack([founders[:, draw.integers(0, 12)] for _ in range(68)], axis=1)
    return [
        (place, "A", "C", [f"{a}|{b}" for a, b in row.reshape(-1, 2)])
        for place, row in zip(places, copied, strict=True)
    ]


def target_rows(panel: list[Row]) -> list[Row]:
    """Every third site of the first people; one call of the first man between the parts is a chip's error."""
    rows: list[Row] = []
    for position, ref, alt, cells in panel[::3]:
        between = PAR1_END < position < PAR2_BEGIN
        mine = [cells[n].replace("|", "/") for n in range(PEOPLE)]
        if between:
            mine[:MEN] = [f"{cell[0]}/{cell[0]}" for cell in mine[:MEN]]
        rows.append((position, ref, alt, mine))
    wrong = next(n for n, row in enumerate(rows) if row[0] > 20_000_000)
    rows[wrong] = (*rows[wrong][:3], ["0/1", *rows[wrong][3][1:]])
    return rows


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
            marks=[pytest.mark.skipif(beagle_command() is None, reason="Beagle"), pytest.mark.slow],
        ),
    ],
)
def test_men_come_out_with_one_allele_between_the_parts_and_two_in_them(engine: str, tmp_path: Path) -> None:
    panel = panel_rows()
    kept = tmp_path / "panels" / "p"
    kept.mkdir(parents=True)
    tools = Tools() if engine != "builtin" else Tools(minimac4="absent", java="absent")
    facts = take_local_panel([write_vcf(tmp_path / "panel.vcf", panel, "X")], [], kept, "GRCh37", tools)
    assert [part.name for part in facts.parts] == ["X.PAR1", "X.nonPAR", "X.PAR2"]
    source = write_vcf(tmp_path / "target.vcf", target_rows(panel), "X", prefix="T")
    file = DataFile(
        path=str(source), size=source.stat().st_size, modified=source.stat().st_mtime_ns, name=source.name
    )
    job = LocalJob(
        id="j",
        name="X",
        app_id="impute",
        panel_id="p",
        files=(file,),
        options={"engine": engine},
        submitted=NOW,
    )
    about = LocalPanel(
        id="p", name="P", build="GRCh37", samples=34, variants=len(panel), chromosomes=("X",), added=NOW
    )
    folder = tmp_path / "jobs" / "j"
    folder.mkdir(parents=True)
    order = LocalOrder(
        job=job, panel=about, folder=folder, panel_folder=kept, memory_mb=2000, threads=1, tools=tools
    )
    files = {each.name for each in run_local_job(order)}
    assert "chrX.dose.vcf.gz" in files
    words = " ".join(m.text for step in read_steps(tmp_path, "j") for m in step.messages)
    assert "6 people are men written with two alleles" in words
    assert "1 heterozygous calls" in words
    made = read_matrix(folder / "output" / "chrX.dose.vcf.gz")
    assert made.positions.tolist() == [row[0] for row in panel]
    between = (made.positions > PAR1_END) & (made.positions < PAR2_BEGIN)
    second = made.haplotypes[:, 1::2]
    assert (second[between, :MEN] == ABSENT).all()
    assert (second[between, MEN:] >= 0).all()
    assert (second[~between] >= 0).all()
    truth = read_matrix(tmp_path / "panel.vcf", Region("X")).haplotypes
    typed = np.arange(0, len(panel), 3)
    typed = typed[between[typed]]
    right = made.haplotypes[typed, 0 : 2 * MEN : 2] == truth[typed, 0 : 2 * MEN : 2]
    assert right.mean() > 0.97
