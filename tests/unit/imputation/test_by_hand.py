"""The dosages of a job are those of the engine run by hand, for each engine and across several chunks.

How far they may be apart: where typed sites, phase and settings of a chunk are the same, the built-in engine
and Minimac4 differ by the rounding of what is written (0.001). Beagle by hand over all at once knows typed
sites beyond the overlap of a chunk, so single dosages differ by more: nine of ten by 0.01 at most here.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.progress import silent
from app.genotypes.bgzf import read_lines
from app.genotypes.matrix import read_matrix
from app.imputation.built_in.contract import KernelTask
from app.imputation.built_in.numpy_kernel import NumpyKernel
from app.imputation.built_in.stretch import stretch_of
from app.imputation.contract import EngineName, Tools
from app.imputation.engines import beagle_command
from app.imputation.fitting import fitted_model
from app.imputation.genetic_map import read_map
from app.imputation.panel_files import take_panel
from app.imputation.panel_packing import packed
from app.imputation.panel_part import PanelPart
from app.imputation.part_run import PartResult, PartTask, impute_part
from app.imputation.program import run_program
from app.imputation.tabix import write_index
from app.practice.simulation_files import SimulatedFiles

ROUNDING = 0.0011


@dataclass(frozen=True)
class Done:
    """A phased target imputed in chunks of 200 kb with half of that around."""

    task: PartTask
    result: PartResult
    part: PanelPart
    panel: Path

    def dosages(self, chunk: int) -> NDArray[np.float64]:
        made = self.result.results[chunk]
        return doses(self.task.folder / f"chunk-{made.chunk.number}" / made.files["dose"][0])


def doses(path: Path) -> NDArray[np.float64]:
    """DS of each record and person; its place in FORMAT changes from record to record."""
    rows = []
    for line in read_lines(path):
        if not line.startswith(b"#"):
            cells = line.split(b"\t")
            at = cells[8].split(b":").index(b"DS")
            rows.append([float(cell.split(b":")[at]) for cell in cells[9:]])
    return np.array(rows)


def done(files: SimulatedFiles, engine: EngineName, folder: Path) -> Done:
    kept = folder / "panel"
    kept.mkdir()
    (part,) = take_panel([files.panel], kept, "GRCh37").parts
    part = packed(part, kept, engine, Tools())
    task = PartTask(
        target=files.cohort,
        panel_folder=kept,
        panel=part,
        folder=folder / "job",
        engine=engine,
        map_file=files.genetic_map,
        chunk_bp=200_000,
    )
    result = impute_part(task)
    assert len(result.results) >= 2
    return Done(task, result, part, files.panel)


def test_the_builtin_engine(phased_files: SimulatedFiles, tmp_path: Path) -> None:
    """Each chunk against the model itself, given the sites of panel and target in and around it."""
    made = done(phased_files, EngineName.BUILTIN, tmp_path)
    everything, whole = read_matrix(made.panel), read_matrix(phased_files.cohort)
    chart = read_map(phased_files.genetic_map, "20")
    for number, each in enumerate(made.result.results):
        chunk = each.chunk
        near = chunk.informed_first, chunk.informed_last
        panel = everything.take((everything.positions >= near[0]) & (everything.positions <= near[1]))
        target = whole.take((whole.positions >= near[0]) & (whole.positions <= near[1]))
        typed = np.flatnonzero(np.isin(panel.positions, target.positions))
        places = chart.at(panel.positions)
        model = fitted_model(panel.haplotypes[typed], places[typed])
        stretch = stretch_of(panel.haplotypes, panel.positions)
        task = KernelTask(stretch, typed, places, model, 0, len(panel))
        by_hand = NumpyKernel(task).impute(target.haplotypes).imputed
        inside = (panel.positions >= chunk.first) & (panel.positions <= chunk.last)
        wanted = by_hand[inside, 0::2] + by_hand[inside, 1::2]
        assert np.abs(made.dosages(number) - wanted).max() <= 2 * ROUNDING


@pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed")
def test_minimac4(phased_files: SimulatedFiles, tmp_path: Path) -> None:
    """Each chunk as a person would call Minimac4 for it, with the file that was sent and a map to scale."""
    made = done(phased_files, EngineName.MINIMAC4, tmp_path)
    panel, whole = read_matrix(made.panel), read_matrix(phased_files.cohort)
    typed = panel.take(np.isin(panel.positions, whole.positions))
    known = read_map(phased_files.genetic_map, "20")
    chart, target = tmp_path / "map.txt", tmp_path / "target.vcf.gz"
    shutil.copy(phased_files.cohort, target)
    write_index(target)
    for number, each in enumerate(made.result.results):
        chunk, out = each.chunk, tmp_path / f"hand-{number}.vcf.gz"
        near = (typed.positions >= chunk.informed_first) & (typed.positions <= chunk.informed_last)
        model = fitted_model(typed.haplotypes[near], known.at(typed.positions[near]))
        known.scaled(model.meioses / made.part.haplotypes).write_plink(chart, "20")
        call = ["minimac4", str(made.task.panel_folder / str(made.part.msav)), str(target), "-o", str(out)]
        call += ["-O", "vcf.gz", "-f", "DS", "--all-typed-sites", "--map", str(chart)]
        call += ["--prob-threshold", "0", "--prob-threshold-s1", "0", "--diff-threshold", "0"]
        call += ["--region", f"20:{chunk.first}-{chunk.last}", "--chunk", str(chunk.last - chunk.first + 1)]
        call += ["--overlap", str(made.result.plan.cut.overlap_bp)]
        subprocess.run(call, check=True, capture_output=True)
        assert np.abs(made.dosages(number) - doses(out)).max() <= ROUNDING


@pytest.mark.slow
@pytest.mark.skipif(beagle_command() is None, reason="beagle is not installed")
def test_beagle_in_several_chunks(phased_files: SimulatedFiles, tmp_path: Path) -> None:
    """All chunks against Beagle over the whole by hand, which takes longer steps (see `beagle`)."""
    made = done(phased_files, EngineName.BEAGLE, tmp_path)
    command = beagle_command(1024)
    assert command is not None
    files = [f"gt={phased_files.cohort}", f"ref={phased_files.panel}", f"map={phased_files.genetic_map}"]
    call = [*command, *files, f"out={tmp_path / 'hand'}", "seed=1", "nthreads=1", "imp-step=0.01"]
    run_program(call, tmp_path, "Imputing", silent)
    ours = np.concatenate([made.dosages(number) for number in range(len(made.result.results))])
    theirs = doses(tmp_path / "hand.vcf.gz")
    assert ours.shape == theirs.shape
    apart = np.abs(ours - theirs)
    assert apart.mean() < 0.012  # measured: 0.006, nine of ten within 0.01, squared correlation 0.998
    assert np.quantile(apart, 0.9) <= 0.03
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] ** 2 > 0.995
