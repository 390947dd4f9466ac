"""A reference genome is remembered for its build, used for plans and checks of files of it, and forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.problem import ProblemError
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.reference_genomes import forget_reference, references, use_reference
from app.operations.repair_dataset import plan_repair
from app.store import datasets
from tests.helpers.desk_fixtures import desk, fake
from tests.helpers.direct_work import work_directly
from tests.helpers.small_study import make_study, vcf_gz

__all__ = ["desk", "fake"]

LONG = {"GRCh37": 51_304_566, "GRCh38": 50_818_468}


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch) -> None:
    work_directly(monkeypatch)


def genome(folder: Path, build: str) -> Path:
    """Chromosome 22 of a build by its length alone: a sparse file with an index."""
    path = folder / f"{build}.fa"
    head, bases = b">22\n", LONG[build]
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + bases + 1)
    path.with_name(path.name + ".fai").write_text(f"22\t{bases}\t{len(head)}\t{bases}\t{bases + 1}\n")
    return path


def test_a_genome_is_remembered_for_its_build_until_it_is_forgotten(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        for build in LONG:
            assert await use_reference(desk, genome(tmp_path, build)) == build
        assert set(await references(desk)) == set(LONG)
        (tmp_path / "GRCh38.fa").rename(tmp_path / "away.fa")
        assert await references(desk) == {"GRCh37": str(tmp_path / "GRCh37.fa")}
        (tmp_path / "away.fa").rename(tmp_path / "GRCh38.fa")
        await forget_reference(desk, "GRCh37")
        assert list(await references(desk)) == ["GRCh38"]
        await forget_reference(desk)
        assert await references(desk) == {}

    asyncio.run(work())


def test_what_is_no_genome_of_a_known_build_is_refused(desk: Desk, tmp_path: Path) -> None:
    short, text = tmp_path / "short.fa", tmp_path / "text.fa"
    short.write_text(">22\nACGT\n")
    text.write_text("nothing\n")

    async def work() -> None:
        with pytest.raises(ProblemError, match="The build of the reference genome is not known"):
            await use_reference(desk, short)
        with pytest.raises(ProblemError, match="no line begins with"):
            await use_reference(desk, text)
        assert await references(desk) == {}

    asyncio.run(work())


def test_checks_and_plans_go_by_the_genome_of_the_build_of_the_files(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        (content,) = vcf_gz(make_study(3, samples=24, sites=150, build="GRCh37")).values()
        path = tmp_path / "cohort.vcf.gz"
        path.write_bytes(content)
        key = (await add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
        await check_dataset(desk, key)
        plan = await plan_repair(desk, key)
        assert (plan.reference, plan.reference_build) == ("", "GRCh37")
        await use_reference(desk, genome(tmp_path, "GRCh38"))
        assert (await plan_repair(desk, key)).reference == ""
        await check_dataset(desk, key)
        await use_reference(desk, genome(tmp_path, "GRCh37"))
        await check_dataset(desk, key)
        dataset = await desk.store.read(lambda c: datasets.dataset(c, key))
        assert dataset is not None
        assert dataset.report is not None
        told = {each.code: each.detail for each in dataset.report.findings}
        assert told["reference.unreadable"].startswith("GRCh37.fa: its index is not of it")
        with pytest.raises(ProblemError, match=r"GRCh37\.fa: its index is not of it"):
            await plan_repair(desk, key)
        await forget_reference(desk, "GRCh37")
        assert (await plan_repair(desk, key)).reference == ""

    asyncio.run(work())
