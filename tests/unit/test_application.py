"""The start of what goes on behind the window: whatever fails, everything else is looked after."""

import asyncio
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.application import open_desk, start_background, usable_folder
from app.domain.problem import Kind, ProblemError
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.submit_job import create_job
from app.scheduler.clock import Scheduler
from app.store import notices
from tests.helpers.desk_fixtures import desk, fake, ready
from tests.helpers.fake_family import FakeFamily, fault

__all__ = ["desk", "fake", "ready"]


class BrokenHost:
    """A practice server that cannot start."""

    base_url = None

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def start(self) -> tuple[str, SecretStr]:
        raise self._error

    async def stop(self) -> None:
        """It does not run."""

    async def make_data(self, folder: Path) -> tuple[Path, ...]:
        return ()


@pytest.mark.allow_log("practice server did not start")
@pytest.mark.parametrize("error", [fault(Kind.DISK), ValueError("a bug")])
def test_a_practice_server_that_cannot_start_stops_nothing_else(
    desk: Desk, fake: FakeFamily, ready: JobDraft, error: Exception
) -> None:
    asyncio.run(create_job(desk, ready))
    asyncio.run(desk.update_service(ready.service_id, practice=True))
    desk.practice = BrokenHost(error)

    async def run() -> None:
        scheduler = Scheduler(desk)
        await start_background(desk, scheduler)
        async with asyncio.timeout(60):
            while not fake.remote:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)
        await scheduler.stop()

    asyncio.run(run())
    told = desk.store.read_now(lambda c: notices.recent(c, 10))
    assert [n.title for n in told] == ["The practice server did not start"]


def test_a_data_folder_that_cannot_be_is_told_as_such(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    for home, verb in ((file, "used"), (file / "inside", "made")):
        with pytest.raises(ProblemError) as caught:
            open_desk(home)
        told = caught.value.problem
        assert (told.kind, told.title) == (Kind.DISK, f"The data folder cannot be {verb}")
        assert str(home) in told.what_happened


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_new_data_folder_is_private_and_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    there.chmod(0o755)
    assert [usable_folder(home).stat().st_mode & 0o777 for home in (tmp_path / "new", there)] == [
        0o700,
        0o755,
    ]
