"""Locks: held by one, refused aloud where they cannot be had, removed when nobody needs them."""

import asyncio
import errno
from pathlib import Path

import pytest

from app.domain.dataset import DatasetState
from app.domain.problem import Kind, ProblemError
from app.operations import check_dataset as checking
from app.operations.check_dataset import adopt_checks, check_dataset
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.exclusive import exclusive_file, remove_if_free
from app.operations.submit_job import create_job
from app.operations.tidy_locks import tidy_locks
from app.store import datasets, jobs

fcntl = pytest.importorskip("fcntl")


def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.lock"
    with exclusive_file(path) as mine:
        assert mine
        with exclusive_file(path) as second:
            assert not second
        assert not remove_if_free(path)
    with exclusive_file(path) as again:
        assert again
    assert remove_if_free(path)
    assert not path.exists()


def test_a_lock_on_a_file_that_was_removed_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.lock"
    flock = fcntl.flock

    def slow(handle: object, how: int) -> None:
        path.unlink(missing_ok=True)  # as another process may, between the opening and the lock
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", slow)
    with exclusive_file(path) as mine:
        assert not mine


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_folder_that_cannot_lock_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def broken(*_: object) -> None:
        raise OSError(number, "no locks here")

    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(ProblemError) as caught, exclusive_file(tmp_path / "a.lock"):
        pass
    assert caught.value.problem.kind is Kind.DISK


def test_a_lock_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("no folder")
    with pytest.raises(ProblemError), exclusive_file(tmp_path / "locks" / "a.lock"):
        pass


def test_locks_of_what_has_ended_are_removed(desk: Desk, ready: JobDraft) -> None:
    asyncio.run(create_job(desk, ready))
    (job,) = desk.store.read_now(jobs.jobs)
    desk.locks_folder.mkdir(exist_ok=True)
    for name in (job.id, "job-old", "job-older", "window"):
        (desk.locks_folder / f"{name}.lock").touch()
    with exclusive_file(desk.locks_folder / "window.lock"):
        asyncio.run(tidy_locks(desk))
    left = {path.stem for path in desk.locks_folder.iterdir()}
    assert left == {job.id, "window"}


def _checking(desk: Desk, dataset_id: str) -> None:
    found = desk.store.read_now(lambda c: datasets.dataset(c, dataset_id))
    assert found is not None
    running = found.model_copy(update={"state": DatasetState.CHECKING})
    desk.store.write_now(lambda c: datasets.save_dataset(c, running))


def test_a_check_that_another_program_runs_is_left_alone(desk: Desk, ready: JobDraft) -> None:
    _checking(desk, ready.dataset_id)
    with exclusive_file(desk.locks_folder / f"{ready.dataset_id}.lock"):
        assert not asyncio.run(adopt_checks(desk))
    assert asyncio.run(adopt_checks(desk))
    found = desk.store.read_now(lambda c: datasets.dataset(c, ready.dataset_id))
    assert found is not None
    assert found.state is DatasetState.NEW


def test_a_second_check_at_once_is_refused(
    desk: Desk, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "LOCK_PAUSE_S", 0.001)
    with (
        exclusive_file(desk.locks_folder / f"{ready.dataset_id}.lock"),
        pytest.raises(ProblemError, match="checked already"),
    ):
        asyncio.run(check_dataset(desk, ready.dataset_id))
