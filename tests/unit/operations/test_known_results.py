"""Results of the program are measured, compared, joined and exported by their ids."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.export import Cutoffs, DropReason, ExportedSet, ExportFormat, ExportOutcome, ExportRequest
from app.domain.ledger import Stage
from app.domain.problem import ProblemError
from app.domain.result import Result
from app.operations import export_known, judge_result
from app.operations import import_result as importing
from app.operations.add_dataset import add_dataset, data_files, remove_dataset
from app.operations.desk import Desk
from app.operations.export_known import booked
from app.operations.residency import rule_for, state_residency
from app.operations.result_ledger import ledger_of
from app.operations.rule_files import RULE_FILE
from app.operations.show_quality import measure_quality, quality_of
from app.operations.side_by_side import Joining, compare_known, join_known
from app.store import results
from tests.helpers.direct_work import _directly
from tests.helpers.fake_family import write_vcf
from tests.helpers.imputed_files import dose_text, packed, site_lines

SITES = site_lines(sites=60, step=100_000)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.genotypes.worker.run_in_process", _directly)
    for module in (importing, judge_result):
        monkeypatch.setattr(module, "run_in_process", _directly)


def made(folder: Path, seed: int) -> None:
    folder.mkdir()
    sites = SITES if seed == 1 else [line.replace("R2=0.", "R2=0.1") for line in SITES]
    (folder / "chr20.dose.vcf.gz").write_bytes(packed(dose_text(sites), folder))


async def taken(desk: Desk, folder: Path, name: str, seed: int = 1) -> str:
    made(folder, seed)
    changes = await importing.import_result(desk, (folder,), name)
    (result_id,) = changes.ids(Noun.RESULT)
    return result_id


async def kept(desk: Desk, result_id: str) -> Result:
    found = await desk.store.read(lambda c: results.result(c, result_id))
    assert found is not None
    return found


def test_measured_once_by_id(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        result_id = await taken(desk, tmp_path / "one", "one")
        assert await quality_of(desk, result_id) is None
        changes = await measure_quality(desk, result_id)
        assert changes.ids(Noun.RESULT) == (result_id,)
        found = await quality_of(desk, result_id)
        assert found is not None
        assert found.figures.samples == 12
        (tmp_path / "one" / "chr20.dose.vcf.gz").unlink()
        assert await quality_of(desk, result_id) is None
        with pytest.raises(ProblemError, match="chr20.dose.vcf.gz is not in"):
            await measure_quality(desk, result_id)
        with pytest.raises(ProblemError, match="no result 'none'"):
            await measure_quality(desk, "none")

    asyncio.run(work())


def test_figures_beside_a_panel_are_found_again_without_naming_it(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        result_id = await taken(desk, tmp_path / "one", "one")
        panel = tmp_path / "panel.vcf"
        rows = (line.split("\t") for line in SITES)
        lines = ("\t".join((*row[:7], "AF=0.2")) for row in rows)
        panel.write_text(
            "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "\n".join(lines) + "\n"
        )
        await measure_quality(desk, result_id)
        await measure_quality(desk, result_id, (panel,))
        found = await quality_of(desk, result_id)
        assert found is not None
        assert found.figures.frequency is not None
        panel.unlink()
        without = await quality_of(desk, result_id)
        assert without is not None
        assert without.figures.frequency is None

    asyncio.run(work())


def test_compared_and_joined_by_id(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        first = await taken(desk, tmp_path / "one", "same")
        second = await taken(desk, tmp_path / "two", "same", 2)
        found = await compare_known(desk, (first, second))
        assert (found.people, len(found.results)) == (12, 2)
        with pytest.raises(ProblemError, match="two are needed"):
            await compare_known(desk, (first, "gone"))
        changes = await join_known(desk, (first, second), Joining.CONSENSUS, "Best of both")
        (joined,) = changes.ids(Noun.RESULT)
        best = await kept(desk, joined)
        assert (best.name, best.job_id, best.in_place) == ("Best of both", "", False)
        assert Path(best.folder).parent == desk.home / "results"
        assert best.quality is not None
        assert best.quality.samples == 12

    asyncio.run(work())


def test_what_cannot_be_joined_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        first = await taken(desk, tmp_path / "one", "one")
        second = await taken(desk, tmp_path / "two", "two", 2)
        with pytest.raises(ProblemError):
            await join_known(desk, (first, second), Joining.META, "No typed doses")
        folder = desk.home / "results"
        assert not folder.exists() or not list(folder.iterdir())
        assert len(await desk.store.read(results.results)) == 2

    asyncio.run(work())


def test_an_export_is_booked(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        result_id = await taken(desk, tmp_path / "one", "one")
        result = await kept(desk, result_id)
        request = ExportRequest(
            source=result.folder, out=str(tmp_path / "out"), format=ExportFormat.VCF, verify=True
        )
        request = replace(request, cutoffs=replace(request.cutoffs, min_r2=0.5))
        outcome = await export_known.export_known(desk, result_id, request)
        ledger = await ledger_of(desk, result_id)
        assert ledger is not None
        (row,) = ledger.chromosomes
        assert row.converted == outcome.kept < 60
        assert row.adds_up
        assert row.lost_before(Stage.CONVERTED) == 60 - outcome.kept
        (kept_export,) = (await kept(desk, result_id)).exports
        assert (kept_export.kept, kept_export.verified, kept_export.min_r2) == (outcome.kept, True, 0.5)
        assert kept_export.sets[0].files == outcome.sets[0].files
        again = replace(request, replace=True, cutoffs=Cutoffs())
        await export_known.export_known(desk, result_id, again)
        await export_known.export_known(desk, result_id, replace(request, out=str(tmp_path / "other")))
        two = (await kept(desk, result_id)).exports
        assert [each.folder for each in two] == [str(tmp_path / "other"), str(tmp_path / "out")]
        assert two[1].kept == 60

    asyncio.run(work())


def test_a_result_is_under_the_rule_of_what_was_sent_and_so_is_what_is_written_of_it(
    desk: Desk, tmp_path: Path
) -> None:
    """Added as a dataset it may go no further, neither joined with another one nor exported."""

    async def rule_of(path: Path) -> str:
        found = await rule_for(desk, None, data_files((path,)))
        return found.code() if found is not None else ""

    async def work() -> None:
        sent = write_vcf(tmp_path)
        (dataset_id,) = (await add_dataset(desk, (sent,))).ids(Noun.DATASET)
        await state_residency(desk, dataset_id, "ZA")
        made(tmp_path / "one", 1)
        changes = await importing.import_result(desk, (tmp_path / "one",), "one", dataset_id=dataset_id)
        (first,) = changes.ids(Noun.RESULT)
        await remove_dataset(desk, dataset_id)
        moved = tmp_path / "moved.vcf.gz"
        moved.write_bytes((tmp_path / "one" / "chr20.dose.vcf.gz").read_bytes())
        assert await rule_of(moved) == "ZA, this computer"
        second = await taken(desk, tmp_path / "two", "same", 2)
        assert await rule_of(tmp_path / "two") == ""
        changes = await join_known(desk, (first, second), Joining.CONSENSUS, "Best of both")
        joined = await kept(desk, changes.ids(Noun.RESULT)[0])
        assert await rule_of(Path(joined.folder)) == "ZA, this computer"
        out = tmp_path / "out"
        request = ExportRequest(source=joined.folder, out=str(out), format=ExportFormat.BGEN, verify=True)
        outcome = await export_known.export_known(desk, joined.id, request)
        assert "ZA, this computer" in (out / RULE_FILE).read_text("utf-8")
        (bgen,) = (each for each in outcome.sets[0].files if each.endswith(".bgen"))
        shutil.copy(bgen, moved)
        assert await rule_of(moved) == "ZA, this computer"

    asyncio.run(work())


def test_files_of_several_chromosomes_are_not_booked() -> None:
    one = ExportedSet(source="a", files=(), chromosomes=("chr1",), variants=5, kept=3, samples=2)
    one = replace(one, dropped={DropReason.RARE: 2})
    two = replace(one, chromosomes=("1", "2"))
    converted, losses = booked(ExportOutcome(format=ExportFormat.VCF, sets=(one, two)))
    assert converted == {"1": 3}
    assert [(loss.stage, loss.count) for loss in losses["1"]] == [(Stage.CONVERTED, 2)]
