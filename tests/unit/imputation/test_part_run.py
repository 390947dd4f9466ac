"""A chromosome in chunks: as good as in one piece, and it goes on where it was cut short."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.domain.progress import Progress
from app.genotypes.bgzf import read_lines
from app.genotypes.matrix import ABSENT, read_matrix
from app.imputation.contract import EngineName, ImputationRequest, PhasingName, Tools
from app.imputation.panel_files import take_panel
from app.imputation.panel_packing import packed
from app.imputation.panel_part import PanelPart
from app.imputation.part_run import PartResult, PartTask, impute_part, sha256_of, write_record
from app.imputation.run import impute_files
from app.practice.simulation_files import SimulatedFiles
from app.results.accuracy import accuracy
from tests.unit.imputation.vcf import Row, write_vcf

needs_minimac4 = pytest.mark.skipif(not shutil.which("minimac4"), reason="minimac4 is not installed")


@dataclass(frozen=True)
class Kept:
    folder: Path
    part: PanelPart
    files: SimulatedFiles

    def task(self, folder: Path, engine: str = "builtin", **how: Any) -> PartTask:
        return PartTask(
            target=self.files.cohort,
            panel_folder=self.folder,
            panel=self.part,
            folder=folder,
            engine=EngineName(engine),
            map_file=self.files.genetic_map,
            chunk_bp=150_000,
            **how,
        )


@pytest.fixture(scope="module")
def kept(cohort_files: SimulatedFiles, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("panel")
    (part,) = take_panel([cohort_files.panel], folder, "GRCh37").parts
    return Kept(folder, packed(part, folder, EngineName.MINIMAC4, Tools()), cohort_files)


def dose_files(task: PartTask, result: PartResult) -> list[Path]:
    return [task.folder / f"chunk-{each.chunk.number}" / each.files["dose"][0] for each in result.results]


def r2(doses: list[Path], truth: Path) -> list[float]:
    """Of common sites: chunks of 150 kb know little of rare ones."""
    bins = [each for each in accuracy(doses, truth).by_maf if each.maf_from >= 0.05 and each.sites > 50]
    return [each.r2 for each in bins if each.r2 is not None]


@pytest.mark.parametrize("engine", ["builtin", pytest.param("minimac4", marks=needs_minimac4)])
def test_chunks_have_every_site_once_and_are_as_good(engine: str, kept: Kept, tmp_path: Path) -> None:
    task = kept.task(tmp_path / "job", engine)
    result = impute_part(task)
    assert len(result.results) == 4
    assert result.plan.alignment.typed == 150
    assert result.plan.phasing is PhasingName.BUILTIN
    assert result.agreement is not None
    assert result.agreement > 0.9
    doses = dose_files(task, result)
    positions = np.concatenate([read_matrix(each).positions for each in doses])
    panel = read_matrix(kept.files.panel)
    assert positions.tolist() == panel.positions.tolist()
    whole = impute_files(
        ImputationRequest(
            panel_vcf=kept.files.panel,
            target_vcf=kept.files.cohort,
            out_dir=tmp_path / "whole",
            chromosome="20",
            engine=EngineName(engine),
            phasing=PhasingName.BUILTIN,
            map_file=kept.files.genetic_map,
        )
    )
    for mine, theirs in zip(r2(doses, kept.files.truth), r2([whole.dose], kept.files.truth), strict=True):
        assert mine > theirs - 0.03


def test_phase_is_one_along_the_chromosome(kept: Kept, tmp_path: Path) -> None:
    """Typed genotypes of the result agree in phase, whichever chunk they lie in, with the ligated target."""
    task = kept.task(tmp_path / "job")
    result = impute_part(task)
    targets: dict[int, list[int]] = {}
    for chunk in result.plan.chunks:
        phased = read_matrix(task.folder / f"target-{chunk.number}.vcf.gz")
        for position, row in zip(phased.positions.tolist(), phased.haplotypes.tolist(), strict=True):
            assert targets.setdefault(position, row) == row
    assert len(targets) == 150


class Stop(Exception):
    pass


def test_it_goes_on_where_it_was_cut_short(kept: Kept, tmp_path: Path) -> None:
    whole = impute_part(kept.task(tmp_path / "whole"))
    task = kept.task(tmp_path / "job")
    heard: list[tuple[str, int]] = []

    def stop(progress: Progress) -> None:
        if (progress.step, progress.counts.get("chunk")) == ("Imputation", 2):
            raise Stop

    def listen(progress: Progress) -> None:
        if progress.counts.get("chunk"):
            heard.append((progress.step, progress.counts["chunk"]))

    with pytest.raises(Stop):
        impute_part(task, stop)
    first = task.folder / "chunk-0" / "chr20.dose.vcf.gz"
    written = first.stat().st_mtime_ns
    (task.folder / "chunk-1").mkdir(exist_ok=True)
    (task.folder / "chunk-1" / "chr20.dose.vcf.gz.part").write_bytes(b"half")
    result = impute_part(task, listen)
    assert first.stat().st_mtime_ns == written
    assert ("Phasing", 1) not in heard
    records = [
        [line for line in read_lines(each) if not line.startswith(b"#")] for each in dose_files(task, result)
    ]
    alone = [
        [line for line in read_lines(each) if not line.startswith(b"#")]
        for each in dose_files(kept.task(tmp_path / "whole"), whole)
    ]
    assert records == alone


def test_a_finished_chunk_that_was_changed_is_made_again(kept: Kept, tmp_path: Path) -> None:
    task = kept.task(tmp_path / "job")
    result = impute_part(task)
    path = dose_files(task, result)[1]
    path.write_bytes(path.read_bytes()[:-100])
    again = impute_part(task)
    assert sha256_of(path) == again.results[1].files["dose"][1]
    assert len(read_matrix(path)) == again.results[1].figures.written


def test_records_of_another_version_are_made_again(kept: Kept, tmp_path: Path) -> None:
    """A plan that cannot be read is made anew, and nothing is taken over from its chunks."""
    task = kept.task(tmp_path / "job")
    result = impute_part(task)
    record = task.folder / "chunk-0.json"
    record.write_text('{"of": "another version"}')
    assert impute_part(task).results[0].figures.written == result.results[0].figures.written
    (task.folder / "plan.json").write_text("{}")
    again = impute_part(task.model_copy(update={"chunk_bp": None}))
    alone = impute_part(kept.task(tmp_path / "alone").model_copy(update={"chunk_bp": None}))
    assert len(again.results) < len(result.results)
    assert [each.chunk for each in again.results] == [each.chunk for each in alone.results]
    assert again.results[0].figures.written == alone.results[0].figures.written


@needs_minimac4
def test_gaps_of_phased_data_are_filled_for_minimac4(
    phased_files: SimulatedFiles, kept: Kept, tmp_path: Path
) -> None:
    lines = [line.decode() for line in read_lines(phased_files.cohort)]
    lines[-1] = lines[-1][: -len("0|0")] + ".|."
    target = tmp_path / "gaps.vcf"
    target.write_text("\n".join(lines) + "\n")
    task = kept.task(tmp_path / "job", "minimac4").model_copy(update={"target": target})
    result = impute_part(task)
    assert (result.plan.phasing, result.plan.fills, result.plan.alignment.missing) == ("none", True, 1)
    assert sum(each.figures.written for each in result.results) == 3000


def test_unphased_data_are_never_taken_as_phased(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="not phased"):
        impute_part(kept.task(tmp_path / "job", phasing="none"))


def test_a_target_of_elsewhere(kept: Kept, tmp_path: Path) -> None:
    lines = [line.decode() for line in read_lines(kept.files.cohort)]
    moved = [
        line if line.startswith("#") else "\t".join([p[0], str(int(p[1]) + 7), *p[2:]])
        for line in lines
        for p in [line.split("\t")]
    ]
    target = tmp_path / "moved.vcf"
    target.write_text("\n".join(moved) + "\n")
    task = kept.task(tmp_path / "job").model_copy(update={"target": target})
    with pytest.raises(ProblemError, match="no site in common"):
        impute_part(task)


def test_sites_that_an_engine_loses_are_noticed(kept: Kept, tmp_path: Path) -> None:
    task = kept.task(tmp_path / "job")
    result = impute_part(task)
    first = result.results[0]
    fewer = replace(first.figures, panel_sites=first.figures.panel_sites - 1)
    write_record(task.folder / "chunk-0.json", first.model_copy(update={"figures": fewer}))
    with pytest.raises(ProblemError, match="did not impute all sites"):
        impute_part(task)


@pytest.mark.parametrize("engine", ["builtin", pytest.param("minimac4", marks=needs_minimac4)])
def test_men_are_haploid_between_the_pseudoautosomal_parts(engine: str, tmp_path: Path) -> None:
    """More people than Minimac4 holds by itself; women are phased, men come out with one allele."""
    draw = np.random.default_rng(7)
    source = draw.integers(0, 2, (40, 60))
    rows: list[Row] = []
    for site in range(200):
        copies = source[site // 5] ^ (draw.random(60) < 0.02)
        rows.append((5_000_000 + 2000 * site, "A", "C", [f"{a}|{b}" for a, b in copies.reshape(30, 2)]))
    folder = tmp_path / "panel"
    folder.mkdir()
    (part,) = take_panel([write_vcf(tmp_path / "x.vcf", rows, "X")], folder, "GRCh37").parts
    assert part.name == "X.nonPAR"
    people = [(n % 30, n % 2) for n in range(230)]
    typed: list[Row] = []
    for position, ref, alt, cells in rows[::4]:
        mine = [cells[who][0] if man else cells[who].replace("|", "/") for who, man in people]
        typed.append((position, ref, alt, mine))
    task = PartTask(
        target=write_vcf(tmp_path / "target.vcf", typed, "23", prefix="T"),
        panel_folder=folder,
        panel=part,
        folder=tmp_path / "job",
        engine=EngineName(engine),
    )
    result = impute_part(task)
    assert result.plan.alignment.haploid
    assert result.plan.cut.temp_buffer == 230
    made = read_matrix(dose_files(task, result)[0])
    assert len(made) == 200
    assert (made.haplotypes[:, 3::4] == ABSENT).all()
    assert (made.haplotypes[:, 1::4] >= 0).all()
    truth = read_matrix(tmp_path / "x.vcf").haplotypes
    men = made.haplotypes[:, 2::4]
    wanted = np.stack([truth[:, 2 * who] for who, man in people if man], axis=1)
    assert (men == wanted).mean() > 0.97


def test_too_little_memory_is_told_before_anything_starts(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="not enough memory"):
        impute_part(kept.task(tmp_path / "job", memory_mb=20))
    assert not list((tmp_path / "job").glob("chunk-*"))
