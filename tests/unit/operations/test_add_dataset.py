"""Files come in as one dataset, with a name that keeps its letters."""

import asyncio
import os
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.problem import ProblemError
from app.operations.add_dataset import add_dataset, data_file, data_files
from app.operations.desk import Desk
from app.store import datasets


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["cohort.vcf.gz"], "cohort"),
        (["target.messy.vcf.gz"], "target.messy"),
        (["empty.vcf.gz"], "empty"),
        (["genome.txt"], "genome"),
        (["study.bed", "study.bim", "study.fam"], "study"),
        (["cohort.chr20.vcf.gz", "cohort.chr22.vcf.gz"], "cohort"),
        (["cohort_1.vcf.gz", "cohort_2.vcf.gz"], "cohort"),
        (["cohort-chrX.vcf.gz"], "cohort"),
        (["studychr21.vcf.gz", "studychr22.vcf.gz"], "study"),
        (["chr20.vcf.gz", "chr22.vcf.gz"], "chr20"),
        (["max.vcf.gz", "max.chr2.vcf.gz"], "max"),
    ],
)
def test_names_lose_their_chromosome_and_nothing_else(
    desk: Desk, tmp_path: Path, names: list[str], expected: str
) -> None:
    paths = tuple(tmp_path / name for name in names)
    for path in paths:
        path.write_bytes(b"x")
    dataset_id = asyncio.run(add_dataset(desk, paths)).ids(Noun.DATASET)[0]
    found = desk.store.read_now(lambda c: datasets.dataset(c, dataset_id))
    assert found is not None
    assert found.name == expected


def test_a_folder_stands_for_the_genotype_files_in_it(tmp_path: Path) -> None:
    for name in ("chr10.vcf.gz", "chr2.vcf.gz", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [f.name for f in data_files((tmp_path,))] == ["chr2.vcf.gz", "chr10.vcf.gz"]


def test_a_folder_without_any_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="holds no file"):
        data_files((tmp_path,))


def test_a_file_that_is_gone_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="gone.vcf.gz"):
        data_files((tmp_path / "gone.vcf.gz",))


def test_a_bed_brings_the_files_it_needs(tmp_path: Path) -> None:
    (tmp_path / "study.bed").write_bytes(b"\x6c\x1b\x01\x00")
    (tmp_path / "study.bim").write_text("22\trs1\t0\t17000000\tA\tG\n")
    (tmp_path / "study.fam").write_text("f1 i1 0 0 1 -9\n")
    names = ["study.bed", "study.bim", "study.fam"]
    assert [f.name for f in data_files((tmp_path / "study.bed",))] == names
    assert [f.name for f in data_files((tmp_path,))] == names


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "a.vcf"
    os.mkfifo(pipe)
    with pytest.raises(ProblemError, match="not an ordinary file"):
        data_files((pipe,))
    with pytest.raises(ProblemError, match="not an ordinary file"):
        data_file(pipe)
