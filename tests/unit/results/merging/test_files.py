"""The files of a result are found however they lie, and what they hold is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.known_sites import SITE_CHROMOSOMES, known_sites
from app.results.doses.contract import Field
from app.results.merging.builds import build_of, refuse_other_builds
from app.results.merging.files import (
    ResultFiles,
    chromosome_batches,
    csi_names,
    look_at,
    named_apart,
    result_files,
)
from tests.helpers.shared import shared_data
from tests.unit.results.merging.made_results import Made, made_results


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def _names(paths: tuple[Path, ...]) -> list[str]:
    return [path.name for path in paths]


def test_files_of_a_server(tmp_path: Path) -> None:
    _touch(
        tmp_path,
        "local/chr20.dose.vcf.gz",
        "local/chr20.dose.vcf.gz.tbi",
        "local/chr20.info.gz",
        "local/chr20.empiricalDose.vcf.gz",
        "qc/chunks.txt",
        "typed.vcf.gz",
        ".unfinished-1/chr20.dose.vcf.gz",
    )
    files = result_files(tmp_path / "local")
    assert (files.name, _names(files.dose)) == ("local", ["chr20.dose.vcf.gz"])
    assert _names(files.empirical) == ["chr20.empiricalDose.vcf.gz"]
    assert _names(result_files(tmp_path).dose) == ["chr20.dose.vcf.gz"]


def test_files_with_other_names_are_told_by_what_they_hold(tmp_path: Path) -> None:
    (made,) = made_results(1)
    made.write(tmp_path)
    for path in {*tmp_path.glob("*.tbi"), *tmp_path.glob("*empirical*")}:
        path.unlink()
    (tmp_path / "chr20.dose.vcf.gz").rename(tmp_path / "imputed.vcf.gz")
    (tmp_path / "log.txt").write_text("done")
    (tmp_path / "typed.vcf").write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP0\n"
        "20\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1\n"
    )
    assert _names(result_files(tmp_path).dose) == ["imputed.vcf.gz"]


def test_one_dose_file_and_the_empirical_one_beside_it(tmp_path: Path) -> None:
    names = [f"chr{c}.{kind}.vcf.gz" for c in (2, 20) for kind in ("dose", "empiricalDose")]
    _touch(tmp_path, *names)
    files = result_files(tmp_path / "chr2.dose.vcf.gz")
    assert (files.name, _names(files.empirical)) == ("chr2", ["chr2.empiricalDose.vcf.gz"])
    pair = result_files(f"{tmp_path / 'chr2.dose.vcf.gz'},{tmp_path / 'chr20.empiricalDose.vcf.gz'}", "mine")
    assert (pair.name, _names(pair.empirical)) == ("mine", ["chr20.empiricalDose.vcf.gz"])


@pytest.mark.parametrize("name", ["nothing", "nothing,either", "."])
def test_what_is_no_result_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProblemError) as told:
        result_files(tmp_path / name)
    assert told.value.problem.kind == "not found"


def test_results_of_one_name_are_told_apart() -> None:
    given = [ResultFiles(name, ()) for name in ("local", "HRC", "local")]
    assert [each.name for each in named_apart(given)] == ["local (1)", "HRC", "local (2)"]


def test_chunks_of_a_chromosome_are_read_in_order(tmp_path: Path) -> None:
    (made,) = made_results(1)
    second = made.without(range(30)).write(tmp_path / "a")
    first = made.without(range(30, 60)).write(tmp_path / "b")
    result = look_at(result_files(tmp_path))
    assert [path.parent for path in result.dose["20"]] == [first, second]
    batches = chromosome_batches(result.dose["20"], "20", Field.NONE)
    assert [p for batch in batches for p in batch.position.tolist()] == made.position.tolist()


@pytest.mark.parametrize("index", [True, False])
def test_chromosomes_of_a_file(tmp_path: Path, index: bool) -> None:
    made = replace(made_results(1)[0], chromosome="chr7").write(tmp_path / "r")
    if not index:
        (made / "chrchr7.dose.vcf.gz.tbi").unlink()
    result = look_at(result_files(made))
    assert (list(result.dose), result.spelled) == (["7"], {"7": "chr7"})


def test_names_in_a_csi(tmp_path: Path) -> None:
    numbers = np.array([14, 5, 28 + 6, 2, 1, 2, 0, ord("#"), 0, 6], "<i4").tobytes()
    path = tmp_path / "x.csi"
    with BgzfWriter(path) as out:
        out.write(b"CSI\x01" + numbers + b"1\0chr\n\0" + bytes(4))
    assert csi_names(path) == ["1", "chr\n"]
    path.write_bytes(b"nothing")
    assert csi_names(path) == []


def test_files_of_two_jobs_in_a_folder_are_refused(tmp_path: Path) -> None:
    (made,) = made_results(1)
    made.write(tmp_path / "a")
    made.people([1, 0, 2, 3, 4]).write(tmp_path / "b")
    with pytest.raises(ProblemError, match="differ in people or their order"):
        look_at(result_files(tmp_path))


def _at_known_sites(build: str, people: int = 2) -> Made:
    """A result whose variants stand where known sites of chromosome 20 do in a build."""
    sites = known_sites()
    here = sites.chromosome == SITE_CHROMOSOMES.index("20")
    position = np.unique(sites.position[build][here])
    position = position[position > 0].astype(np.int64)[:600]
    made = made_results(1, variants=len(position), people=people)[0]
    return replace(made, position=position)


def test_another_build_is_refused_with_both_names(tmp_path: Path) -> None:
    folders = [
        _at_known_sites(build).write(tmp_path / name) for build, name in (("GRCh37", "a"), ("GRCh38", "b"))
    ]
    results = [look_at(result_files(each)) for each in folders]
    with pytest.raises(ProblemError) as refused:
        refuse_other_builds(results)
    assert refused.value.problem.what_happened == "a is on GRCh37 (hg19), b on GRCh38 (hg38)."
    refuse_other_builds([results[0], results[0]])


LENGTHS = {"GRCh37": 63_025_520, "GRCh38": 64_444_167, "another": 64_000_000}


@pytest.mark.parametrize(
    ("first", "other", "refused"),
    [
        ("GRCh37", "GRCh38", True),
        ("GRCh37", "GRCh37", False),
        ("GRCh37", "another", False),
        ("another", "GRCh38", False),
    ],
)
def test_lengths_of_chromosomes_in_headers_tell_builds(
    tmp_path: Path, first: str, other: str, refused: bool
) -> None:
    """Positions of invented data tell nothing: what the headers state decides, if it is of a known build."""
    made = made_results(2)
    stated = zip(made, (first, other), ("a", "b"), strict=True)
    results = [
        look_at(result_files(replace(each, bases=LENGTHS[build]).write(tmp_path / name)))
        for each, build, name in stated
    ]
    assert [build_of(each) for each in results] == ["", ""]
    if not refused:
        refuse_other_builds(results)
        return
    with pytest.raises(ProblemError, match="different genome builds") as told:
        refuse_other_builds(results)
    said = told.value.problem
    assert said.what_happened == (
        "a is on GRCh37 (hg19), b on GRCh38 (hg38), by the lengths of chromosomes in the header of both."
    )
    assert "correct its contig lines" in said.what_you_can_do


def test_a_header_is_believed_less_than_positions(tmp_path: Path) -> None:
    """Sites of GRCh37 under a header of GRCh38: the same wrong header elsewhere is no other build."""
    wrong = replace(_at_known_sites("GRCh37"), bases=LENGTHS["GRCh38"]).write(tmp_path / "a")
    small = replace(made_results(1, people=2)[0], bases=LENGTHS["GRCh38"]).write(tmp_path / "b")
    right = replace(made_results(1, people=2)[0], bases=LENGTHS["GRCh37"]).write(tmp_path / "c")
    sure, copied, fitting = (look_at(result_files(each)) for each in (wrong, small, right))
    assert build_of(sure) == "GRCh37"
    refuse_other_builds([sure, copied])
    refuse_other_builds([sure, fitting])


def test_builds_of_real_arrays() -> None:
    folder = shared_data("impute_chr22_eur")
    builds = {
        name: build_of(look_at(ResultFiles(name, (folder / name,))))
        for name in ("target.gsa_v3.vcf.gz", "target.gsa_v3.GRCh38.vcf.gz")
    }
    assert list(builds.values()) == ["GRCh37", "GRCh38"]
