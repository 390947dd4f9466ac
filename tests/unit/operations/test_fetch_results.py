"""Results are fetched with as few downloads as can be, verified, and never half there."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.job import FileState
from app.domain.problem import Kind, ProblemError
from app.operations import fetch_results as fetching
from app.operations.desk import Desk
from app.operations.fetch_file import safe_target, size_of
from app.operations.fetch_results import fetch_results, unfinished_results
from app.operations.remove_result import remove_result
from tests.helpers import fake_family
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeFamily, fault
from tests.helpers.finished_job import WithOtherMd5, WithoutLength, archive, fetch, result_of


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


def test_what_was_forgotten_and_is_fetched_again_replaces_no_file(done: Desk, fake: FakeFamily) -> None:
    """Its files stayed, and a person may have worked on them."""
    folder = fetch(done)
    job = asyncio.run(only_job(done))
    asyncio.run(remove_result(done, result_of(done, job.id).id))
    (folder / "notes.txt").write_bytes(b"with remarks of mine")
    again = fetch(done)
    assert (folder / "notes.txt").read_bytes() == b"with remarks of mine"
    assert again != folder
    assert (again / "notes.txt").read_bytes() == b"imputed" * 1000


def test_a_cut_transfer_resumes_where_the_server_can(done: Desk, fake: FakeFamily) -> None:
    fake.resumable = True
    fake.cuts = [3]
    folder = fetch(done)
    assert (folder / "statistics" / "snps-excluded.txt").read_bytes() == b"none\n"
    assert ("statistics/snps-excluded.txt", 3) in fake.downloads


@pytest.mark.parametrize("right", [True, False])
def test_a_file_that_came_in_parts_is_compared_as_a_whole(done: Desk, fake: FakeFamily, right: bool) -> None:
    """A right checksum costs no byte twice; with a wrong one the file is fetched from its start again."""
    name = "statistics/snps-excluded.txt"
    told = hashlib.sha1(fake.content[name], usedforsecurity=False).hexdigest() if right else "0" * 40
    fake.resumable, fake.cuts, fake.checksums = True, [3], {name: ("sha1", told)}
    folder = fetch(done)
    assert (folder / name).read_bytes() == fake.content[name]
    starts = [offset for each, offset in fake.downloads if each == name]
    assert starts == ([0, 3] if right else [0, 3, 0])


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


def test_a_kill_between_the_rename_and_its_mark_costs_no_download(done: Desk, fake: FakeFamily) -> None:
    job = asyncio.run(only_job(done))
    folder = done.home / "results" / job.remote_name
    folder.mkdir(parents=True)
    (folder / "chr_20.zip").write_bytes(fake.content["chr_20.zip"])
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


def give(fake: FakeFamily, content: dict[str, bytes]) -> None:
    """Put more files up for download."""
    fake.content |= content
    fake.give_files("job-1")


@pytest.mark.parametrize("rubbish", [b"", b"\n", b"no sum at all\n", b"<html></html>", b"0" * 100_000])
def test_rubbish_in_a_checksum_file_is_ignored(done: Desk, fake: FakeFamily, rubbish: bytes) -> None:
    give(fake, {"chr_20.zip.md5": rubbish})
    assert (fetch(done) / "notes.txt").is_file()


def test_a_checksum_of_an_earlier_call_is_used(done: Desk, fake: FakeFamily) -> None:
    give(fake, {"chr_20.zip.md5": b"0" * 32 + b"  chr_20.zip\n"})
    job = asyncio.run(only_job(done))
    folder = done.home / "results" / job.remote_name
    folder.mkdir(parents=True)
    (folder / "chr_20.zip.md5").write_bytes(b"0" * 32 + b"  chr_20.zip\n")
    seen = tuple(
        f.model_copy(update={"state": FileState.VERIFIED}) if f.name.endswith(".md5") else f
        for f in (*job.remote_files, fake.remote["job-1"].files[-1].file)
    )
    asyncio.run(done.update_job(job.id, remote_files=seen))
    with pytest.raises(ProblemError, match="checksum") as caught:
        fetch(done)
    assert caught.value.problem.kind is Kind.INPUT
    assert not (folder / "notes.txt").exists()


def test_the_checksum_sent_with_a_file_is_used(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_family, "FakeDownload", WithOtherMd5)
    with pytest.raises(ProblemError, match="checksum"):
        fetch(done)
    monkeypatch.undo()
    asked = len(fake.downloads)
    job = asyncio.run(only_job(done))
    with pytest.raises(ProblemError, match="came once already"):
        asyncio.run(fetch_results(done, job.id, unattended=True))
    assert len(fake.downloads) == asked, "what came damaged is not fetched anew by itself"
    fetch(done)
    assert len(fake.downloads) == asked + 2


def test_an_end_before_the_told_size_is_a_cut(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_family, "FakeDownload", WithoutLength)
    with pytest.raises(ProblemError, match="at least 5 bytes"):
        fetch(done)


def test_resume_addresses_are_kept_for_later_calls(done: Desk, fake: FakeFamily) -> None:
    fake.resumable = True
    fake.cuts = [1, 2, 3]
    with pytest.raises(ProblemError, match="cut"):
        fetch(done)
    fetch(done)
    assert [at for name, at in fake.downloads if name.startswith("stat")] == [0, 1, 2, 3]


def test_resume_addresses_lapse_after_a_day(done: Desk, fake: FakeFamily) -> None:
    fake.resumable = True
    fake.cuts = [1, 2, 3]
    with pytest.raises(ProblemError, match="cut"):
        fetch(done)
    asyncio.run(done.pause(86_401))
    fetch(done)
    assert [at for name, at in fake.downloads if name.startswith("stat")] == [0, 1, 2, 0]


def test_a_person_may_spend_the_last_download_and_the_program_may_not(done: Desk, fake: FakeFamily) -> None:
    fake.cuts = [3]
    fake.give_files("job-1", downloads_left=1)
    job = asyncio.run(only_job(done))
    with pytest.raises(ProblemError, match="No download is left"):
        asyncio.run(fetch_results(done, job.id, unattended=True))
    assert [name for name, _ in fake.downloads] == ["statistics/snps-excluded.txt"]
    with pytest.raises(ProblemError, match="1 download is left"):
        asyncio.run(fetch_results(done, job.id, unattended=True))
    assert [name for name, _ in fake.downloads].count("statistics/snps-excluded.txt") == 1
    told = {f.name: f.problem for f in asyncio.run(only_job(done)).remote_files}
    assert "last download is left to you" in told["statistics/snps-excluded.txt"]
    fetch(done)


def test_a_kill_between_contents_and_mark_costs_no_download(
    done: Desk, fake: FakeFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise SystemError

    with monkeypatch.context() as patched:
        patched.setattr(fetching, "change_result", killed)
        with pytest.raises(SystemError):
            fetch(done)
    fetch(done)
    assert len(fake.downloads) == 2


def test_the_program_by_itself_fetches_nothing_that_was_deleted(done: Desk, fake: FakeFamily) -> None:
    folder = fetch(done)
    (folder / "notes.txt").unlink()
    job = asyncio.run(only_job(done))
    with pytest.raises(ProblemError, match="missing"):
        asyncio.run(fetch_results(done, job.id, unattended=True))
    assert len(fake.downloads) == 2


def test_a_disk_that_is_not_there_is_told_and_forgets_nothing(done: Desk, fake: FakeFamily) -> None:
    folder = fetch(done)
    folder.rename(folder.with_name("away"))
    folder.parent.joinpath(folder.name).write_text("in the way")
    with pytest.raises(ProblemError) as caught:
        fetch(done)
    assert caught.value.problem.kind is Kind.DISK
    folder.unlink()
    folder.with_name("away").rename(folder)
    fetch(done)
    assert len(fake.downloads) == 2


def test_a_disk_that_fails_under_a_download_is_told(done: Desk, fake: FakeFamily) -> None:
    job = asyncio.run(only_job(done))
    folder = done.home / "results" / job.remote_name
    (folder / "statistics" / "snps-excluded.txt.part").mkdir(parents=True)
    with pytest.raises(ProblemError, match="fetched from its start") as caught:
        fetch(done)
    assert caught.value.problem.kind is Kind.DISK


def test_a_name_that_no_disk_takes_does_not_stop_the_others(done: Desk, fake: FakeFamily) -> None:
    give(fake, {"x" * 300 + ".zip": b"PK"})
    with pytest.raises(ProblemError, match="too long"):
        fetch(done)
    job = asyncio.run(only_job(done))
    folder = Path(result_of(done, job.id).folder)
    assert (folder / "notes.txt").is_file()


@pytest.mark.allow_log("The quality could not be computed")
def test_a_result_without_figures_is_verified_all_the_same(done: Desk, fake: FakeFamily) -> None:
    password = fake.submissions[0].password
    assert password is not None
    give(fake, {"chr_20.zip": archive(password, "chr20.info.gz", b"no table at all")})
    fetch(done)
    job = asyncio.run(only_job(done))
    assert "could not be computed" in result_of(done, job.id).verdict


def test_what_a_killed_unpacking_left_is_removed(done: Desk) -> None:
    job = asyncio.run(only_job(done))
    folder = done.home / "results" / job.remote_name
    folder.mkdir(parents=True)
    (folder / "chr20.dose.vcf.gz.part").write_bytes(b"half")
    fetch(done)
    assert not list(folder.rglob("*.part"))


@pytest.mark.parametrize(
    "name",
    [
        "../x.zip",
        "/etc/x",
        "a/../../x",
        "C:/x",
        "a\\..\\..\\x",
        "",
        "a\0b",
        "CON",
        "a/nul.vcf.gz",
        "Com1.zip",
        "x.",
        "d /x",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProblemError):
        safe_target(tmp_path, name)


def test_sizes_are_read_as_lower_bounds() -> None:
    assert size_of("314 MB") == 314 << 20
    assert size_of("760 bytes") == 760
    assert size_of("") == 0
    assert size_of("large") == 0
