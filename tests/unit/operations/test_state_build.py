"""The build that a person states: kept with the dataset, compared with the files, and used ever after."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.dataset import Dataset
from app.domain.problem import ProblemError
from app.genotypes.builds import SURE
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.predict import predict
from app.operations.repair_dataset import repair_dataset
from app.operations.state_build import state_build
from app.operations.sync_panels import sync_panels
from app.store import datasets, services
from tests.helpers.direct_work import work_directly
from tests.helpers.small_study import make_study, vcf_gz

HEAD = (
    "##fileformat=VCFv4.2",
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
)


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch) -> None:
    work_directly(monkeypatch)


def open_build(folder: Path, first: int = 20_000_000) -> Path:
    """A VCF at positions that no array has, so that nothing tells its build."""
    people = [f"P{n}" for n in range(24)]
    head = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *people]
    calls = ["0/1" if n % 3 else "1/1" for n in range(24)]
    rows = [["22", str(first + 7 * n), f"v{n}", "A", "G", ".", "PASS", ".", "GT", *calls] for n in range(40)]
    path = folder / "cohort.vcf"
    path.write_text("\n".join([*HEAD, "\t".join(head), *("\t".join(row) for row in rows)]) + "\n")
    return path


async def added(desk: Desk, path: Path) -> str:
    return (await add_dataset(desk, (path,))).ids(Noun.DATASET)[0]


async def stored(desk: Desk, dataset_id: str) -> Dataset:
    found = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    assert found is not None
    return found


async def confidence(desk: Desk, dataset_id: str) -> tuple[str | None, bool]:
    report = (await stored(desk, dataset_id)).report
    assert report is not None
    return report.build.value, report.build.confidence >= SURE


def test_a_stated_build_holds_for_every_later_check_until_it_is_taken_back(
    desk: Desk, tmp_path: Path
) -> None:
    async def work() -> None:
        dataset_id = await added(desk, open_build(tmp_path))
        await check_dataset(desk, dataset_id)
        assert await confidence(desk, dataset_id) == ("GRCh37", False)
        await state_build(desk, dataset_id, "hg38")
        assert await confidence(desk, dataset_id) == ("GRCh38", True)
        await check_dataset(desk, dataset_id)
        assert await confidence(desk, dataset_id) == ("GRCh38", True)
        dataset = await stored(desk, dataset_id)
        assert dataset.stated_build == "GRCh38"
        assert dataset.report is not None
        assert dataset.report.build.evidence[0] == (
            "GRCh38 (hg38) is stated by you, and nothing contradicts it."
        )
        await state_build(desk, dataset_id, "")
        assert (await stored(desk, dataset_id)).stated_build == ""
        assert await confidence(desk, dataset_id) == ("GRCh37", False)

    asyncio.run(work())


def test_known_positions_contradict_and_nothing_is_changed(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "cohort.vcf.gz"
        (content,) = vcf_gz(make_study(3, samples=24, sites=150, build="GRCh37")).values()
        path.write_bytes(content)
        dataset_id = await added(desk, path)
        await check_dataset(desk, dataset_id)
        before = await stored(desk, dataset_id)
        with pytest.raises(ProblemError) as caught:
            await state_build(desk, dataset_id, "GRCh38")
        assert caught.value.problem.title == "The positions are GRCh37 (hg19), not GRCh38 (hg38)"
        assert "known positions agree with GRCh37 (hg19)" in caught.value.problem.what_happened
        assert await stored(desk, dataset_id) == before

    asyncio.run(work())


def test_positions_beyond_the_chromosome_contradict(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        dataset_id = await added(desk, open_build(tmp_path, first=51_000_000))  # chr22 of hg38 has 50.8 Mb
        await check_dataset(desk, dataset_id)
        with pytest.raises(ProblemError) as caught:
            await state_build(desk, dataset_id, "GRCh38")
        assert caught.value.problem.title == "The files are not GRCh38 (hg38)"
        assert "beyond the end of the chromosome in GRCh38 (hg38)" in caught.value.problem.what_happened
        await state_build(desk, dataset_id, "GRCh37")
        assert await confidence(desk, dataset_id) == ("GRCh37", True)

    asyncio.run(work())


def test_what_was_predicted_is_predicted_anew(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        made = await add_service(desk, "Fake", "https://fake.example", "fake", SecretStr("token"))
        service_id = made.ids(Noun.SERVICE)[0]
        await sync_panels(desk, (service_id,))
        panel = (await desk.store.read(lambda c: services.panels(c, service_id)))[0]
        dataset_id = await added(desk, open_build(tmp_path))
        await check_dataset(desk, dataset_id)
        await predict(desk, dataset_id, service_id, panel.id, "eur")
        asked: list[str | None] = []

        async def noted(*args: object) -> object:
            report = (await stored(desk, dataset_id)).report
            asked.append(report.build.value if report is not None else None)
            return await predict(*args)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("app.operations.state_build.predict", noted)
            await state_build(desk, dataset_id, "GRCh38")
        assert asked == ["GRCh38"]
        assert [v.panel_id for v in (await stored(desk, dataset_id)).verdicts] == [panel.id]

    asyncio.run(work())


def test_what_a_repair_made_is_of_the_stated_build(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        dataset_id = await added(desk, open_build(tmp_path))
        await check_dataset(desk, dataset_id)
        await state_build(desk, dataset_id, "GRCh38")
        changes = await repair_dataset(desk, dataset_id)
        new = next(each for each in changes.ids(Noun.DATASET) if each != dataset_id)
        assert (await stored(desk, new)).stated_build == "GRCh38"
        assert await confidence(desk, new) == ("GRCh38", True)

    asyncio.run(work())


def cohort_of(folder: Path, build: str) -> Path:
    """A VCF that surely is of a build, of people that no other has."""
    (content,) = vcf_gz(make_study(3, samples=24, sites=150, build=build)).values()
    path = folder / f"{build}.vcf"
    people = [f"P{n}_{build}" for n in range(24)]
    lines = gzip.decompress(content).decode().splitlines()
    names = [
        "\t".join([*each.split("\t")[:9], *people]) if each.startswith("#CHROM") else each for each in lines
    ]
    path.write_text("\n".join(names) + "\n")
    return path


def test_groups_of_different_builds_have_no_build_together(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        files = cohort_of(tmp_path, "GRCh37"), cohort_of(tmp_path, "GRCh38")
        dataset_id = (await add_dataset(desk, files)).ids(Noun.DATASET)[0]
        await check_dataset(desk, dataset_id)
        before = await stored(desk, dataset_id)
        for build in ("GRCh37", "GRCh38", "NCBI36"):
            with pytest.raises(ProblemError) as caught:
                await state_build(desk, dataset_id, build)
            assert caught.value.problem.title == "No build can be stated for all of these files"
            assert "GRCh38.vcf is GRCh38 (hg38)" in caught.value.problem.what_happened
        assert await stored(desk, dataset_id) == before

    asyncio.run(work())


def test_a_build_is_stated_for_the_group_that_leaves_it_open(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        files = cohort_of(tmp_path, "GRCh37"), open_build(tmp_path)
        dataset_id = (await add_dataset(desk, files)).ids(Noun.DATASET)[0]
        await check_dataset(desk, dataset_id)
        await state_build(desk, dataset_id, "GRCh38")
        report = (await stored(desk, dataset_id)).report
        assert report is not None
        builds = {each.name: each.build.value for each in report.groups}
        assert builds == {"GRCh37.vcf": "GRCh37", "cohort.vcf": "GRCh38"}
        assert all(each.build.confidence >= SURE for each in report.groups)
        assert report.build.value is None

    asyncio.run(work())


def test_odd_names_and_unread_files_are_refused(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        dataset_id = await added(desk, open_build(tmp_path))
        with pytest.raises(ProblemError, match="The build is not known"):
            await state_build(desk, dataset_id, "hg99")
        with pytest.raises(ProblemError, match="The files have to be checked first"):
            await state_build(desk, dataset_id, "GRCh37")
        assert (await stored(desk, dataset_id)).stated_build == ""

    asyncio.run(work())
