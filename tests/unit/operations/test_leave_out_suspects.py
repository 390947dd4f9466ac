"""Suspects of a result are left out of the dataset that was sent; the job is sent again like the old one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.chain import ChainFile
from app.domain.changes import Noun
from app.domain.job import Job
from app.domain.problem import ProblemError
from app.domain.result import Result, ResultState
from app.genotypes.bgzf import read_lines
from app.operations.change_settings import note_price
from app.operations.desk import Desk
from app.operations.leave_out_suspects import _chain, draft_like, leave_out_suspects
from app.store import jobs, results, services
from tests.helpers.direct_work import work_directly
from tests.unit.operations.test_repair_dataset import content_of, prepared, prepared_folders, stored
from tests.unit.store.nouns import a_dataset, a_job, a_panel

Sent = tuple[str, str, str]


async def fetched(desk: Desk, sent: Sent, **changes: object) -> Result:
    """The result of a job that sent the dataset."""
    dataset_id, service_id, panel_id = sent
    job = a_job("job-1", dataset_id=dataset_id, service_id=service_id, panel_id=panel_id)
    fields = {"id": "res-1", "job_id": job.id, "folder": "/r", "state": ResultState.VERIFIED}
    result = Result.model_validate({**fields, "started": desk.clock.now(), **changes})

    def write(c: object) -> None:
        jobs.save_job(c, job)  # type: ignore[arg-type]
        results.save_result(c, result)  # type: ignore[arg-type]

    await desk.store.write(write)
    return result


def positions(path: str) -> list[int]:
    lines = (line.decode() for line in read_lines(Path(path)))
    return [int(line.split("\t", 2)[1]) for line in lines if not line.startswith("#")]


def test_the_dataset_is_written_without_them_and_nothing_else_changes(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)

    async def work() -> None:
        sent = await prepared(desk, tmp_path)
        old = await stored(desk, sent[0])
        before, there = content_of(old), positions(old.files[0].path)
        result = await fetched(desk, sent)
        gone = there[3:50:11]
        changes = await leave_out_suspects(desk, result.id, [("chr22", each) for each in gone])
        (new,) = changes.ids(Noun.DATASET)
        made = await stored(desk, new)
        assert made.made_from == old.id
        assert made.outcome is not None
        assert [s.lost_sites for s in made.outcome.applied if s.code == "drop_sites"] == [len(gone)]
        assert positions(made.files[0].path) == [each for each in there if each not in gone]
        assert made.report is not None
        assert content_of(old) == before
        with pytest.raises(ProblemError, match="None of the sites is in the dataset"):
            await leave_out_suspects(desk, result.id, [("22", 7), ("21", gone[0])])
        assert len(prepared_folders(desk)) == 1

    asyncio.run(work())


def test_positions_of_another_build_are_not_taken_for_those_of_the_files(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)

    async def work() -> None:
        sent = await prepared(desk, tmp_path)
        known = await desk.store.read(lambda c: services.panels(c, sent[1]))
        lifted = [each.model_copy(update={"build": "GRCh38"}) for each in known]
        await desk.store.write(lambda c: services.replace_panels(c, sent[1], lifted, desk.clock.now()))
        result = await fetched(desk, sent)
        there = positions((await stored(desk, sent[0])).files[0].path)
        with pytest.raises(ProblemError) as caught:
            await leave_out_suspects(desk, result.id, [("22", there[5])])
        assert caught.value.problem.title == "The sites are of another build"
        assert prepared_folders(desk) == []

    asyncio.run(work())


def test_nobody_knows_what_was_sent(desk: Desk) -> None:
    async def work() -> None:
        bare = Result(id="res-2", job_id="", folder="/r", state="verified", started=desk.clock.now())
        await desk.store.write(lambda c: results.save_result(c, bare))
        with pytest.raises(ProblemError, match="Nobody knows what was sent"):
            await leave_out_suspects(desk, bare.id, [("22", 5)])

    asyncio.run(work())


def test_the_draft_is_that_of_the_old_job_without_its_terms(desk: Desk) -> None:
    async def work() -> None:
        job: Job = a_job("job-1")
        await desk.store.write(lambda c: jobs.save_job(c, job))
        draft = await draft_like(desk, "data-9", job.id)
        assert (draft.dataset_id, draft.service_id, draft.panel_id) == (
            "data-9",
            job.service_id,
            job.panel_id,
        )
        assert draft.options == job.options
        assert draft.terms == {}
        assert draft.name == f"{job.name}, without suspects"
        with pytest.raises(ProblemError, match="No such job"):
            await draft_like(desk, "data-9", "job-none")

    asyncio.run(work())


def test_a_kept_chain_file_is_taken_where_builds_differ(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    there = ChainFile.model_construct(from_build="GRCh37", to_build="GRCh38", path="/chains/up.chain.gz")

    async def kept(_desk: Desk) -> tuple[ChainFile, ...]:
        return (there,)

    monkeypatch.setattr("app.operations.chains.list_chains", kept)

    async def work() -> None:
        old = a_dataset(stated_build="GRCh37")
        assert await _chain(desk, old, a_panel(build="GRCh38")) == Path("/chains/up.chain.gz")
        assert await _chain(desk, old, a_panel(build="GRCh37")) is None
        assert await _chain(desk, old, None) is None

    asyncio.run(work())


def test_a_price_is_kept_in_words(desk: Desk) -> None:
    async def work() -> None:
        bare = Result(id="res-2", job_id="", folder="/r", state="verified", started=desk.clock.now())
        await desk.store.write(lambda c: results.save_result(c, bare))
        assert (await note_price(desk, bare.id, "  120   € ")).ids(Noun.RESULT) == (bare.id,)
        found = await desk.store.read(lambda c: results.result(c, bare.id))
        assert found is not None
        assert found.price == "120 €"
        assert not (await note_price(desk, bare.id, "120 €")).ids(Noun.RESULT)

    asyncio.run(work())
