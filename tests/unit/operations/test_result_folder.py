"""Each result has a folder of its own, and what was deleted from it is noticed."""

import asyncio
from pathlib import Path

from app.domain.settings import Settings
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.fetch_results import fetch_results
from app.store import settings
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily
from tests.helpers.finished_job import fetch, result_of, second_job


def test_two_jobs_do_not_share_a_folder(
    done: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = asyncio.run(only_job(done))
    assert fetch(done, out) == out
    second = asyncio.run(second_job(done, fake, ready, b"other"))
    asyncio.run(fetch_results(done, second.id, out))
    assert (out / "notes.txt").read_bytes() == b"imputed" * 1000
    assert result_of(done, second.id).folder == str(out / second.remote_name)
    assert (out / second.remote_name / "notes.txt").read_bytes() == b"other"
    before = len(fake.downloads)
    asyncio.run(fetch_results(done, second.id, out))
    asyncio.run(fetch_results(done, first.id, out))
    assert len(fake.downloads) == before


def test_files_of_the_user_are_not_overwritten(done: Desk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "chr_20.zip.part").write_text("mine too")
    folder = fetch(done, out)
    assert folder.parent == out
    assert (out / "notes.txt").read_text() == "mine"
    assert (out / "chr_20.zip.part").read_text() == "mine too"


def test_a_folder_that_another_job_has_claimed_is_left_alone(
    done: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    """Its first file need not have come yet."""
    out = tmp_path / "out"
    fetch(done, out)
    for path in out.rglob("*.txt"):
        path.unlink()
    (out / "statistics").rmdir()
    second = asyncio.run(second_job(done, fake, ready, b"other"))
    asyncio.run(fetch_results(done, second.id, out))
    assert result_of(done, second.id).folder == str(out / second.remote_name)


def test_an_archive_that_was_kept_is_unpacked_again(done: Desk, fake: FakeFamily) -> None:
    chosen = Settings()
    storage = chosen.storage.model_copy(update={"keep_archives": True})
    chosen = chosen.model_copy(update={"storage": storage})
    asyncio.run(done.store.write(lambda c: settings.save_settings(c, chosen)))
    folder = fetch(done)
    (folder / "notes.txt").unlink()
    fetch(done)
    assert (folder / "notes.txt").is_file()
    assert len(fake.downloads) == 2
