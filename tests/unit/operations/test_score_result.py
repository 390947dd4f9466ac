"""Scoring a folder of a result in a process of its own."""

import asyncio
from pathlib import Path

from app.domain.accuracy import AncestrySource
from app.operations.desk import Desk
from app.operations.score_result import ScoreRequest, score_result
from tests.unit.results.truth.test_scoring import dose, vcf


def test_a_folder_with_tables(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "result"
    folder.mkdir()
    dose(folder / "chr1.dose.vcf", ["1 10 A C : 0 1 2 0"])
    truth = vcf(tmp_path / "truth.vcf", ["1 10 A C : 0|0 0|1 1|1 0|0"], ("a", "b", "c", "d"))
    names, people = tmp_path / "names.tsv", tmp_path / "people.tsv"
    names.write_text("result\ttruth\nA\ta\nB\tb\nC\tc\n")
    people.write_text("sample\tpopulation\na\tGBR\nb\tGBR\n")
    request = ScoreRequest(
        source=str(folder), truth=(str(truth),), people=str(people), names=str(names), name="mine"
    )
    told = asyncio.run(score_result(desk, request))
    assert (told.name, told.people, told.sites) == ("mine", 3, 1)
    assert told.ancestry_source is AncestrySource.TABLE
    assert [(each.label, each.people) for each in told.by_ancestry] == [("GBR", 2)]
    assert [task.title for task in desk.tasks.all()] == ["Comparing mine with the truth"]
