"""Texts and places that no honest file has: none of them gets into repaired files or their books."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.genotypes.bgzf import read_lines
from app.genotypes.cohort import Cohort
from app.genotypes.index_file import read_index
from app.genotypes.matrix import read_matrix
from app.genotypes.repair.apply import repair
from app.genotypes.repair.samples import plain_names
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.tabix_index import LAST_POSITION, IndexedRows, write_tabix
from tests.helpers.cohorts import cohort_of_rows
from tests.unit.genotypes.repair.test_people import random_codes

LOOSE = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0)
INJECTED = "rs1\tA\tG\t.\tPASS\t.\tGT\t0/0\t0/0\t0/0\n1\t99\tevil"
PLAIN = RepairTarget()


def cohort_of(folder: Path, identifier: str, names: list[str], positions: list[int]) -> Cohort:
    codes = random_codes(len(positions), len(names))
    rows = [
        ("1", position, identifier, "A", "G", row.tolist())
        for position, row in zip(positions, codes, strict=True)
    ]
    return cohort_of_rows(folder, names, rows)


def test_an_identifier_cannot_become_a_record(tmp_path: Path) -> None:
    cohort = cohort_of(tmp_path / "c", INJECTED, ["a", "b", "c"], list(range(1000, 60_000, 1000)))
    outcome = repair([cohort], PLAIN, LOOSE, tmp_path / "out")
    lines = [line for line in read_lines(Path(outcome.files[0].path)) if not line.startswith(b"#")]
    assert len(lines) == len(cohort) == outcome.files[0].sites
    assert {line.count(b"\t") for line in lines} == {11}
    log = list(read_lines(Path(outcome.site_log)))
    assert {line.count(b"\t") for line in log} == {14}
    assert len(log) == len(cohort) + 1
    assert log[1].split(b"\t")[4].startswith(b"rs1\\x09A")


def test_a_name_cannot_become_a_line_of_the_map(tmp_path: Path) -> None:
    names = ["a\tb\n", "\x1b[31mred", "c"]
    cohort = cohort_of(tmp_path / "c", "rs1", names, list(range(1000, 60_000, 1000)))
    outcome = repair([cohort], PLAIN, LOOSE, tmp_path / "out")
    rows = [line.split("\t") for line in Path(outcome.sample_map).read_text("utf-8").split("\n")[1:-1]]
    assert [row[0] for row in rows] == ["a\\x09b\\x0a", "\\x1b[31mred", "c"]
    assert tuple(row[1] for row in rows) == read_matrix(Path(outcome.files[0].path)).samples
    kept = RepairChoices(chosen=frozenset(), sample_call_rate=0, site_call_rate=0, hwe_p=0)
    with pytest.raises(ProblemError, match="cannot be written"):
        repair([cohort], PLAIN, kept, tmp_path / "second")
    assert not list((tmp_path / "second").rglob("*.vcf.gz*"))


def test_positions_beyond_every_chromosome_go_also_where_the_build_is_not_known(tmp_path: Path) -> None:
    beyond = [2**31 + 5, 2**40, 300_000_000]
    cohort = cohort_of(tmp_path / "c", "rs1", ["a", "b", "c"], [*range(1000, 60_000, 1000), *beyond])
    outcome = repair([cohort], PLAIN, LOOSE, tmp_path / "out")
    assert {line.code: line.removed_sites for line in outcome.ledger.lines}["drop_bad_position"] == 3
    assert max(read_matrix(Path(outcome.files[0].path)).positions) == 59_000
    assert read_index(Path(outcome.files[0].path + ".tbi")) is not None


def test_an_index_refuses_what_its_bins_do_not_reach(tmp_path: Path) -> None:
    at = np.array([LAST_POSITION], np.int64)
    offsets = np.array([0], np.uint64), np.array([9], np.uint64)
    with pytest.raises(ProblemError, match="cannot be indexed"):
        write_tabix(tmp_path / "x.tbi", "1", IndexedRows(at, at + 1, *offsets))
    assert not list(tmp_path.iterdir())


def test_many_names_that_become_one_are_numbered_without_trying_every_number_again() -> None:
    names = [chr(0x4E00 + i) for i in range(2_000)]
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace if frame.f_code is plain_names.__code__ else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        plain = plain_names(names)
    finally:
        sys.settrace(before)
    assert plain[:3] == ["_", "__2", "__3"]
    assert len(set(plain)) == len(names)
    assert lines < 20 * len(names)
