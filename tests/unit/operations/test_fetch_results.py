"""Results are fetched with as few downloads as can be, verified, and never half there."""

import asyncio
import io
import zipfile
from pathlib import Path

import pytest
import pyzipper
from pydantic import SecretStr

from app.domain.job import FileState, JobState
from app.domain.problem import Kind, ProblemError
from app.domain.result import ResultState
from app.operations import fetch_results as fetching
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.fetch_file import safe_target
from app.operations.fetch_results import fetch_results, size_of, unfinished_results
from app.operations.submit_job import submit_job
from app.operations.visit_jobs import visit_jobs
from app.store import results
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily, fault


def archive(password: SecretStr, member: str = "notes.txt", text: bytes = b"imputed" * 1000) -> bytes:
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(
        buffer, "w", compression=zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as made:
        made.setpassword(password.get_secret_value().encode())
        made.writestr(member, text)
    return buffer.getvalue()


@pytest.fixture
def done(desk: Desk, fake: FakeFamily, ready: JobDraft) -> Desk:
    """A finished job with an encrypted archive and a report."""
    asyncio.run(submit_job(desk, ready))
    password = fake.submissions[0].password
    assert password is not None
    fake.content = {"chr_20.zip": archive(password), "statistics/snps-excluded.txt": b"none\n"}
    fake.give_files("job-1")
    fake.set_state("job-1", JobState.SUCCESS, 4)
    asyncio.run(visit_jobs(desk, ready.service_id))
    return desk


def fetch(desk: Desk, to: Path | None = None, password: SecretStr | None = None) -> Path:
    job = asyncio.run(only_job(desk))
    asyncio.run(fetch_results(desk, job.id, to, password))
    found = desk.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert found is not None
    assert found.state is ResultState.VERIFIED
    return Path(found.folder)


def test_a_result_is_decrypted_and_verified(done: Desk) -> None:
    folder = fetch(done)
    assert (folder / "notes.txt").read_bytes() == b"imputed" * 1000
    assert (folder / "statistics" / "snps-excluded.txt").read_bytes() == b"none\n"
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == ["notes.txt", "snps-excluded.txt"]
    job = asyncio.run(only_job(done))
    assert {f.state for f in job.remote_files} == {FileState.VERIFIED}


def test_fetching_twice_costs_nothing(done: Desk, fake: FakeFamily) -> None:
    fetch(done)
    before = len(fake.downloads)
    fetch(done)
    assert len(fake.downloads) == before == 2


def test_a_cut_transfer_resumes_where_the_server_can(done: Desk, fake: FakeFamily) -> None:
    fake.resumable = True
    fake.cuts = [3]
    folder = fetch(done)
    assert (folder / "statistics" / "snps-excluded.txt").read_bytes() == b"none\n"
    assert ("statistics/snps-excluded.txt", 3) in fake.downloads


def test_the_last_download_is_not_spent_by_itself(done: Desk, fake: FakeFamily) -> None:
    fake.give_files("job-1", downloads_left=2)
    fake.cuts = [3, 3]
    with pytest.raises(ProblemError, match="1 download is left"):
        fetch(done)
    assert [name for name, _ in fake.downloads] == ["statistics/snps-excluded.txt"]


def test_a_whole_archive_in_a_part_file_is_taken(done: Desk, fake: FakeFamily) -> None:
    job = asyncio.run(only_job(done))
    folder = done.home / "results" / job.remote_name
    folder.mkdir(parents=True)
    (folder / "chr_20.zip.part").write_bytes(fake.content["chr_20.zip"])
    fetch(done)
    assert [name for name, _ in fake.downloads] == ["statistics/snps-excluded.txt"]


def test_a_wrong_password_keeps_the_archive(done: Desk, fake: FakeFamily) -> None:
    job = asyncio.run(only_job(done))
    with pytest.raises(ProblemError) as caught:
        fetch(done, password=SecretStr("wrong"))
    assert caught.value.problem.kind is Kind.INPUT
    folder = done.home / "results" / job.remote_name
    assert (folder / "chr_20.zip").is_file()
    assert not (folder / "notes.txt").exists()
    assert not list(folder.rglob("*.part"))
    fetch(done)
    assert [name for name, _ in fake.downloads].count("chr_20.zip") == 1


def test_a_file_that_is_gone_is_fetched_again_and_no_other(done: Desk, fake: FakeFamily) -> None:
    folder = fetch(done)
    (folder / "notes.txt").unlink()
    assert fetch(done) == folder
    assert (folder / "notes.txt").read_bytes() == b"imputed" * 1000
    assert [name for name, _ in fake.downloads] == [
        "statistics/snps-excluded.txt",
        "chr_20.zip",
        "chr_20.zip",
    ]


def test_a_kill_before_the_verdict_costs_no_request(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise fault(Kind.BUG)

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "judge", killed)
        with pytest.raises(ProblemError):
            fetch(done)
    job = asyncio.run(only_job(done))
    assert asyncio.run(unfinished_results(done)) == (job.id,)
    before = list(fake.calls), list(fake.downloads)
    fetch(done)
    assert (fake.calls, fake.downloads) == before
    assert asyncio.run(unfinished_results(done)) == ()


def test_an_archive_goes_only_after_its_contents_are_known(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise fault(Kind.BUG)

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "_drop_archive", killed)
        with pytest.raises(ProblemError):
            fetch(done)
    job = asyncio.run(only_job(done))
    folder = done.home / "results" / job.remote_name
    assert (folder / "chr_20.zip").is_file()
    fetch(done)
    assert not (folder / "chr_20.zip").exists()
    assert [name for name, _ in fake.downloads].count("chr_20.zip") == 1


def test_another_folder_is_fetched_anew(done: Desk, tmp_path: Path) -> None:
    fetch(done)
    folder = fetch(done, tmp_path / "elsewhere")
    assert (folder / "notes.txt").is_file()


@pytest.mark.parametrize("name", ["../x.zip", "/etc/x", "a/../../x", "C:/x", "a\\..\\..\\x", "", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProblemError):
        safe_target(tmp_path, name)


def test_sizes_are_read_as_lower_bounds() -> None:
    assert size_of("314 MB") == 314 << 20
    assert size_of("760 bytes") == 760
    assert size_of("") == 0
    assert size_of("large") == 0
