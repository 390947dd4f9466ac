"""A result is measured in a process of its own, and once."""

import asyncio
from pathlib import Path

import pytest

from app.domain.problem import ProblemError
from app.domain.progress import Progress
from app.operations.measure_result import figures_folder, measure_result

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"
ROWS = "1\t5\t.\tA\tC\t.\t.\tR2=0.5;AF=0.25;IMPUTED\tHDS\t0,1\t0,0.5\t0,0\n"


def test_measured_once(tmp_path: Path) -> None:
    result = tmp_path / "result"
    result.mkdir()
    (result / "chr1.dose.vcf").write_text(HEAD + ROWS)
    keep = figures_folder(tmp_path / "home", "r1")
    steps: list[Progress] = []
    first = asyncio.run(measure_result(result, keep, steps.append))
    assert (first.figures.whole.imputed, first.figures.whole.mean_r2) == (1, 0.5)
    assert steps
    assert steps[-1].step == "Measuring chromosome 1"
    again = asyncio.run(measure_result(result, keep, lambda _: pytest.fail("measured again")))
    assert again.figures == first.figures
    assert [path.name for path in result.iterdir()] == ["chr1.dose.vcf"]


def test_nothing_to_measure(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="nothing to judge"):
        asyncio.run(measure_result(tmp_path, tmp_path / "keep"))
