"""The room for a result is told before a job is sent, and before anything is fetched."""

from __future__ import annotations

import asyncio
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from app.domain.job import FileState, JobFile
from app.domain.problem import Kind, ProblemError
from app.domain.result import Quality, Result, ResultFile, ResultState
from app.operations import disk_forecast
from app.operations.desk import Desk
from app.operations.disk_forecast import bytes_per_genotype, forecast, job_forecast, refuse_too_little_room
from app.operations.draft_job import JobDraft
from app.operations.preflight import preflight, preview
from app.operations.result_folder import refuse_small_disk, room_needed
from app.store import services
from tests.helpers.fake_family import NOW

Usage = namedtuple("Usage", "total used free")
GB = 1_000_000_000


def test_whole_panels_are_near_what_servers_send() -> None:
    """1,000 people on HRC (39 million variants) are some 25 GB, most of it common variants."""
    hrc = forecast(1000, 39_235_157)
    assert 15 * GB < hrc.likely < 40 * GB
    assert hrc.least < hrc.likely < hrc.peak
    assert forecast(2000, 39_235_157).likely == pytest.approx(2 * hrc.likely, rel=0.05)
    assert forecast(1000, 39_235_157, filtered=True).likely < hrc.likely
    assert forecast(1000, 39_235_157, meta=True).likely > hrc.likely
    topmed = forecast(1000, 445_600_184)
    assert hrc.likely < topmed.likely < 39 * hrc.likely


def test_results_on_this_computer_tell_it_better() -> None:
    measured = forecast(100, 1_000_000, measured=(0.5, 1.0))
    assert measured.measured
    assert measured.likely == pytest.approx(100 * 1_000_000, rel=0.25)
    assert measured.least < measured.likely / 2 + 1


def result(samples: int, variants: int, size: int) -> Result:
    file = ResultFile(path="chr1.dose.vcf.gz", size=size, sha256="", source="", verified_by="", kind="dose")
    info = file.model_copy(update={"path": "chr1.info.gz", "kind": "info", "size": 10 * size})
    return Result(
        id="r",
        job_id="j",
        folder="/r",
        state=ResultState.VERIFIED,
        files=(file, info),
        quality=Quality(samples=samples, variants=variants),
        started=NOW,
    )


def test_what_a_genotype_takes_in_a_result() -> None:
    assert bytes_per_genotype(result(50, 20_000, 2_000_000)) == 2.0
    assert bytes_per_genotype(result(50, 200, 2_000_000)) is None
    assert bytes_per_genotype(result(0, 20_000, 2_000_000)) is None


def test_a_chromosome_is_its_share_of_the_genome(desk: Desk, ready: JobDraft) -> None:
    panel = desk.store.read_now(lambda c: services.panel(c, ready.service_id, ready.panel_id))
    assert panel is not None
    big = panel.model_copy(update={"variants": 39_000_000, "build": "GRCh37"})

    def of(*chromosomes: str) -> int:
        found = asyncio.run(job_forecast(desk, big, 1000, chromosomes))
        assert found is not None
        return found.likely

    every = tuple(map(str, range(1, 23)))
    assert of("22") < of("chr1") / 4 < of(*every) / 40
    assert of("1", "22") == pytest.approx(of("1") + of("22"), abs=2)
    assert asyncio.run(job_forecast(desk, big.model_copy(update={"variants": None}), 1000, every)) is None


@pytest.mark.parametrize("free", [10_000, 40 * GB, 9000 * GB])
def test_before_a_job_is_sent(
    desk: Desk, ready: JobDraft, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    """50 people at 39 million variants: about 1.2 GB and surely half a gigabyte."""

    async def forecasted(*_: object) -> disk_forecast.Forecast:
        return forecast(2000, 39_000_000)

    monkeypatch.setattr(disk_forecast, "job_forecast", forecasted)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))
    for look in (preflight, preview):
        found = asyncio.run(look(desk, ready))
        room = [each for each in found.obstacles if each.field == "disk"]
        assert len(room) == (free == 10_000)
        assert len(found.cautions) == (free == 40 * GB)
        for each in (*room, *found.cautions):
            assert each.problem.kind is Kind.DISK
            assert "2,000 people" in each.problem.what_you_can_do


def test_without_a_forecast_the_upload_is_the_measure(
    desk: Desk, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 0))
    found = asyncio.run(preview(desk, ready))
    assert [each.field for each in found.obstacles].count("disk") == 1


def files(*sizes: str) -> tuple[JobFile, ...]:
    return tuple(JobFile(name=f"chr_{n}.zip", size_text=size) for n, size in enumerate(sizes))


def test_before_a_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = files("300 MB", "100 MB")
    verified = JobFile(name="chr_9.zip", size_text="900 MB", state=FileState.VERIFIED)
    assert room_needed((*wanted, verified), keeps_archives=False) == 700 << 20
    assert room_needed(wanted, keeps_archives=True) == 800 << 20
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 0, 750 << 20))
    refuse_small_disk(tmp_path, wanted)
    with pytest.raises(ProblemError, match="too small for the result"):
        refuse_small_disk(tmp_path, wanted, keeps_archives=True)
    with pytest.raises(ProblemError, match="too small for the result"):
        refuse_too_little_room(tmp_path / "not" / "there", 1 << 30)
