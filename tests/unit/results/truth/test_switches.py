"""Switch errors of a phase against a truth."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.results.truth.switches import SwitchCount, compared_phase
from tests.helpers.switches import switch_errors

TRUTH = np.array([[0, 1], [1, 0], [0, 0], [0, 1], [1, 0], [1, 1], [0, 1]], dtype=np.int8)


def test_a_turned_part_is_one_switch_and_a_turned_genotype_are_two() -> None:
    assert switch_errors(TRUTH, TRUTH).wrong == 0
    assert switch_errors(TRUTH, TRUTH[:, ::-1]).wrong == 0  # the order of a person's haplotypes means nothing
    later = TRUTH.copy()
    later[3:] = later[3:, ::-1]
    told = switch_errors(TRUTH, later)
    assert (told.joins, told.wrong, told.rate) == (4, 1, 0.25)
    single = TRUTH.copy()
    single[3] = single[3, ::-1]
    assert switch_errors(TRUTH, single).wrong == 2


def test_genotypes_that_differ_or_are_missing_do_not_count() -> None:
    mine = TRUTH.copy()
    mine[1], mine[4] = (1, 1), (-1, -1)
    told = switch_errors(TRUTH, mine)
    assert (told.joins, told.wrong) == (2, 0)
    assert switch_errors(TRUTH[:1], TRUTH[:1]).rate is None


def test_pieces_add_up_and_chromosomes_are_not_joined() -> None:
    turned = TRUTH.copy()
    turned[3:] = turned[3:, ::-1]
    count = SwitchCount(1)
    count.add(TRUTH[:3], turned[:3])
    count.add(TRUTH[3:], turned[3:])
    assert count.told() == switch_errors(TRUTH, turned)
    apart = SwitchCount(1)
    apart.add(TRUTH[:3], turned[:3])
    apart.new_chromosome()
    apart.add(TRUTH[3:], turned[3:])
    assert (apart.told().joins, apart.told().wrong) == (3, 0)


def written(path: Path, samples: str, rows: list[tuple[str, int, str]]) -> Path:
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
    body = "".join(f"{name}\t{place}\t.\tA\tG\t.\t.\t.\tGT\t{cells}\n" for name, place, cells in rows)
    path.write_bytes(gzip.compress(f"{head}{samples}\n{body}".encode()))
    return path


def test_files_are_compared_by_people_and_sites(tmp_path: Path) -> None:
    truth = written(
        tmp_path / "truth.vcf.gz",
        "A\tB",
        [
            ("1", 5, "0|1\t0|1"),
            ("chr2", 10, "0|1\t0|1"),
            ("chr2", 20, "1|0\t0|1"),
            ("chr2", 30, "0|1\t0|1"),
            ("chr2", 40, "0|1\t0/1"),
            ("chr3", 10, "0|1\t1|0"),
            ("chr3", 20, "0|1\t1|0"),
        ],
    )
    mine = written(
        tmp_path / "mine.vcf.gz",
        "C\tB\tA",
        [
            ("2", 10, "0|1\t1|0\t1|0"),
            ("2", 15, "0|1\t1|0\t0|1"),
            ("2", 20, "0|1\t1|0\t0|1"),
            ("2", 30, "0|1\t0|1\t1|0"),
            ("2", 40, "0|1\t1|0\t0|1"),
            ("3", 20, "0|1\t1|0\t0|1"),
        ],
    )
    told = compared_phase([mine], [truth])
    assert told is not None
    assert (told.people, told.joins, told.wrong) == (2, 4, 1)
    assert compared_phase([mine], [written(tmp_path / "other.vcf.gz", "Z", [("2", 10, "0|1")])]) is None
    with pytest.raises(ProblemError):
        compared_phase([mine], [tmp_path / "truth.bcf"])
