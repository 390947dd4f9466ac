"""Files for a web page of another build, HLA alleles as a result, and what a kill left behind."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.finding import BuildGuess, CheckReport
from app.domain.job import JobState
from app.domain.problem import ProblemError
from app.domain.residency import residency_of
from app.domain.result import ResultState
from app.genotypes.builds import length
from app.operations.add_dataset import add_dataset, data_files
from app.operations.add_service import add_service
from app.operations.chains import add_chain
from app.operations.check_dataset import dataset_of
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.preflight import preflight, preview
from app.operations.residency import rule_for, state_residency
from app.operations.rule_files import rule_file
from app.operations.submit_job import submit_job
from app.operations.sync_panels import sync_panels
from app.operations.tell_job import bring_result, guided_sheet
from app.operations.tidy_pages import DEAD_AFTER_S, tidy_pages
from app.operations.web_pages import WebPages
from app.services.registry import Registry
from app.store import datasets, jobs, results, settings
from app.store.secrets import open_secrets
from app.store.store import Store
from tests.helpers.desk_fixtures import QuickDesk, only_job, pass_check
from tests.helpers.fake_family import NOW
from tests.helpers.small_study import Study, make_study, vcf_gz

WBBC, HLA = "https://wbbc.westlake.edu.cn", "https://imp.science.unimelb.edu.au/hla"
TABLE = "id,locus,allele,posterior\nS1,A,A*02:01,0.99\nS1,A,A*01:01,0.97\nS1,DRB1,DRB1*15:01,0.91\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    home.mkdir()
    with Store.open(home / "haplodesk.db") as store:
        secrets = open_secrets({"HAPLODESK_KEYRING": "memory"})
        registry = Registry(pages=WebPages(home, store))
        yield QuickDesk(home, store, secrets, registry, clock=FixedClock(NOW))


def made(desk: Desk, folder: Path, page: str, panel: str, chromosome: str) -> JobDraft:
    """A checked dataset of GRCh37, and a page for it."""
    study: Study = make_study(1, samples=6, sites=60, chromosomes=(chromosome,), build="GRCh37")
    path = folder / "study.vcf.gz"
    path.write_bytes(next(iter(vcf_gz(study).values())))

    async def make() -> JobDraft:
        service_id = (await add_service(desk, "Page", page)).ids(Noun.SERVICE)[0]
        await sync_panels(desk, (service_id,))
        dataset_id = (await add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
        build = BuildGuess(value="GRCh37", confidence=1.0)
        await pass_check(
            desk, dataset_id, CheckReport(accepted=True, stage="ok", samples=6, snps=60, build=build)
        )
        return JobDraft(
            name="Study", dataset_id=dataset_id, service_id=service_id, app_id="by-hand", panel_id=panel,
            terms={"caution": "yes"},
        )  # fmt: skip

    return asyncio.run(make())


def test_files_are_lifted_over_where_the_page_wants_another_build(desk: Desk, tmp_path: Path) -> None:
    draft = made(desk, tmp_path, WBBC, "wbbc", "20")
    for look in (preflight, preview):
        found = asyncio.run(look(desk, draft))
        assert [each.problem.title for each in found.obstacles if each.field == "dataset"] == [
            "The build does not fit"
        ]
    old, new = length("GRCh37", "20"), length("GRCh38", "20")
    assert old is not None
    chain = tmp_path / "there.chain"
    chain.write_text(f"chain 9 20 {old} + 0 {old} 20 {new} + 1000 {old + 1000} 1\n{old}\n\n")
    asyncio.run(add_chain(desk, chain, "GRCh37", "GRCh38"))
    for look in (preflight, preview):
        assert not [each for each in asyncio.run(look(desk, draft)).obstacles if each.field == "dataset"]
    form = asyncio.run(preflight(desk, draft)).form
    assert form is not None
    terms = {each.id: each.label for each in form.parameters if each.type == "terms"}
    asyncio.run(submit_job(desk, draft.model_copy(update={"terms": terms})))
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.WAITING, job.problem
    sheet = asyncio.run(guided_sheet(desk, job.id))
    assert sheet is not None
    assert sheet.sites == {"20": 60}
    assert any("lifted over from GRCh37 to GRCh38" in each for each in sheet.cautions)


def test_files_prepared_for_a_page_are_under_the_rule_of_the_data_wherever_they_go(
    desk: Desk, tmp_path: Path
) -> None:
    """They are other files than those of which the rule was stated."""
    draft = made(desk, tmp_path, HLA, "array-model", "6")
    country = asyncio.run(desk.service(draft.service_id)).country
    asyncio.run(state_residency(desk, draft.dataset_id, country))
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.WAITING, job.problem
    prepared = [Path(file.path) for file in job.files]
    assert rule_file(prepared[0].parent) == residency_of(country)
    for file in prepared:
        copy = data_files((Path(shutil.copy(file, tmp_path / f"copy-{file.name}")),))
        assert asyncio.run(rule_for(desk, None, copy)) == residency_of(country)


def test_a_table_of_hla_alleles_is_a_result_that_nobody_judges(desk: Desk, tmp_path: Path) -> None:
    draft = made(desk, tmp_path, HLA, "array-model", "6")
    asyncio.run(submit_job(desk, draft))
    job = asyncio.run(only_job(desk))
    other = tmp_path / "letter.txt"
    other.write_text("Dear colleague, a * marks what is new.")
    with pytest.raises(ProblemError):
        asyncio.run(bring_result(desk, job.id, (other,)))
    table = tmp_path / "imputed.csv"
    table.write_text(TABLE)
    asyncio.run(bring_result(desk, job.id, (table,)))
    job = asyncio.run(only_job(desk))
    assert job.state is JobState.SUCCESS
    result = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert result is not None
    assert (result.state, result.quality) == (ResultState.VERIFIED, None)
    assert (Path(result.folder) / "imputed.csv").read_text() == TABLE
    told = [each.text for each in desk.store.read_now(lambda c: jobs.events(c, job_id=job.id))]
    assert any("a table of HLA alleles" in line and "nothing to export" in line for line in told)


def test_what_a_kill_left_is_removed_and_what_is_made_now_stays(desk: Desk, tmp_path: Path) -> None:
    uploads = desk.home.with_name("home uploads")
    old = [
        desk.home / "by-hand" / "jobs" / ".new-hand-1",
        uploads / "Dead" / ".haplodesk-1" / "files",
    ]
    young = [
        desk.home / "by-hand" / "jobs" / ".new-hand-2",
        uploads / "Now" / ".haplodesk-2" / "files",
        uploads / "Done" / ".haplodesk-3" / "files",
    ]
    for folder in (*old, *young):
        folder.mkdir(parents=True)
        (folder / "x").write_text("half")
    (uploads / "Done" / "chr20.vcf.gz").write_text("whole")
    before = NOW.timestamp() - DEAD_AFTER_S - 60
    for folder in (*old, uploads / "Done" / ".haplodesk-3" / "files"):
        for each in (folder / "x", folder, folder.parent):
            os.utime(each, (before, before))
    for folder in young[:2]:
        for each in (folder / "x", folder, folder.parent):
            os.utime(each, (NOW.timestamp(), NOW.timestamp()))
    assert asyncio.run(tidy_pages(desk)) == 2
    assert not any(each.exists() for each in old)
    assert not (uploads / "Dead").exists()
    assert all(each.exists() for each in young)
    assert asyncio.run(tidy_pages(desk)) == 0


def test_the_genome_that_was_shown_is_taken_for_files_of_a_known_build(desk: Desk, tmp_path: Path) -> None:
    draft = made(desk, tmp_path, WBBC, "wbbc", "20")
    genome = tmp_path / "genome.fa"
    genome.write_text(">20\nACGT\n")

    async def look() -> list[Path | None]:
        await desk.store.write(
            lambda c: settings.set_state(c, "reference_genomes", json.dumps({"GRCh37": str(genome)}))
        )
        pages = WebPages(desk.home, desk.store)
        files = (await dataset_of(desk, draft.dataset_id)).files
        found = [await pages.reference_of(files, build) for build in ("GRCh37", "GRCh38")]
        await desk.store.write(lambda c: datasets.remove_dataset(c, draft.dataset_id))
        return [*found, await pages.reference_of(files, "GRCh37")]

    assert asyncio.run(look()) == [genome, None, None]
