"""What was predicted of files ends when they are checked again with other content."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.dataset import Dataset
from app.domain.verdict import Outcome, Verdict
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.store import datasets
from tests.helpers.direct_work import work_directly
from tests.unit.genotypes.vcf_text import good


async def read(desk: Desk, dataset_id: str) -> Dataset:
    found = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    assert found is not None
    return found


def test_verdicts_end_with_the_content_they_were_given_on(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)
    asyncio.run(_verdicts_end(desk, tmp_path / "a.vcf"))


async def _verdicts_end(desk: Desk, path: Path) -> None:
    await asyncio.to_thread(path.write_bytes, good())
    dataset_id = (await add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
    verdict = Verdict(service_id="m", service="Michigan", outcome=Outcome.ACCEPTS, headline="Taken.")
    judged = (await read(desk, dataset_id)).model_copy(update={"verdicts": (verdict,)})
    await desk.store.write(lambda c: datasets.save_dataset(c, judged))

    await check_dataset(desk, dataset_id)
    assert (await read(desk, dataset_id)).verdicts == (verdict,)

    await asyncio.to_thread(path.write_bytes, good(variants=7))
    await check_dataset(desk, dataset_id)
    assert (await read(desk, dataset_id)).verdicts == ()
