"""What was sent is written down before it goes; then names and sites of the result are accounted for."""

from __future__ import annotations

import asyncio
import gzip
import signal
from pathlib import Path

import pytest

from app.domain.dataset import Dataset
from app.domain.job import JobState, JobStep, MessageKind, StepMessage, StepState
from app.domain.ledger import ResultLedger, Stage
from app.domain.problem import ProblemError
from app.domain.repair import Ledger, RepairOutcome
from app.operations import judge_result, unpack
from app.operations.add_dataset import data_files
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import forget_job
from app.operations.result_ledger import forget_ledger, ledger_of, make_ledger
from app.operations.sent_record import own_names, read_map, sent_of, sent_record
from app.operations.submit_job import submit_job
from app.operations.visit_jobs import visit_jobs
from app.store import datasets
from tests.helpers.desk_fixtures import only_job
from tests.helpers.direct_work import _directly
from tests.helpers.fake_family import FakeFamily
from tests.helpers.finished_job import archive, fetch, result_of
from tests.helpers.imputed_files import NAMES, dose_text, info_text, packed, site_lines

SITES = site_lines(sites=300, step=100_000)
ARRAY = [line for line in SITES if "TYPED" in line]
OWN = {"S1": "Müller, 1", "S4": "caf\udce9"}


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (judge_result, unpack):
        monkeypatch.setattr(module, "run_in_process", _directly)


def outcome(folder: Path, names: dict[str, str]) -> RepairOutcome:
    """A repair that renamed samples."""
    path = folder / "sample-map.tsv"
    rows = [f"{own}\t{new}\t1\trenamed" for new, own in names.items()]
    text = "\n".join(["sample\tnew_name\tbatch\toutcome", *rows, "gone\t.\t.\tdrop_samples"]) + "\n"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    books = Ledger(sites_in=1, samples_in=1, sites_out=1, samples_out=1)
    return RepairOutcome(ledger=books, sample_map=str(path))


@pytest.fixture
def sent(desk: Desk, ready: JobDraft, fake: FakeFamily, tmp_path: Path) -> JobDraft:
    """A dataset of real sites whose samples were renamed."""
    path = tmp_path / "chr20.vcf.gz"
    path.write_bytes(packed(dose_text(ARRAY), tmp_path))
    found = desk.store.read_now(lambda c: datasets.dataset(c, ready.dataset_id))
    assert found is not None
    changed = found.model_copy(update={"files": data_files((path,)), "outcome": outcome(tmp_path, OWN)})
    desk.store.write_now(lambda c: datasets.save_dataset(c, changed))
    return ready


def finished(desk: Desk, draft: JobDraft, fake: FakeFamily, content: dict[str, bytes]) -> None:
    """Send the job; the server has done it and gives these files."""
    asyncio.run(submit_job(desk, draft))
    fake.content = content
    fake.give_files("job-1")
    fake.set_state("job-1", JobState.SUCCESS, 4)
    asyncio.run(visit_jobs(desk, draft.service_id))


def books(desk: Desk) -> ResultLedger:
    job = asyncio.run(only_job(desk))
    found = asyncio.run(ledger_of(desk, result_of(desk, job.id).id))
    assert found is not None
    return found


def excluded(lines: list[str]) -> bytes:
    rows = ["ID\tCHROM\tPOS\tREF\tALT\tINFO"]
    for line in lines:
        chromosome, position, identifier, ref, alt = line.split("\t")[:5]
        rows.append(f"{identifier}\t{chromosome}\t{position}\t{ref}\t{alt}\tMonomorphic")
    return ("\n".join(rows) + "\n").encode()


def test_names_come_back_and_every_site_has_its_place(
    desk: Desk, sent: JobDraft, fake: FakeFamily, tmp_path: Path
) -> None:
    back = [line for line in SITES if line not in ARRAY[:3]]
    finished(desk, sent, fake, {})
    password = fake.submissions[0].password
    assert password is not None
    fake.content = {
        "chr_20.zip": archive(password, "chr20.dose.vcf.gz", packed(dose_text(back), tmp_path)),
        "chr20.info.gz": packed(info_text(back), tmp_path),
        "statistics/snps-excluded.txt": excluded(ARRAY[:3]),
    }
    fake.give_files("job-1")
    asyncio.run(visit_jobs(desk, sent.service_id))
    folder = fetch(desk)
    text = gzip.decompress((folder / "chr20.dose.vcf.gz").read_bytes())
    assert "\tMüller, 1\tS2\tS3\tcaf".encode() + b"\xe9\tS5" in text
    assert (folder / "chr20.dose.vcf.gz.tbi").is_file()
    assert (folder / "chr20.info.gz.tbi").is_file()
    ledger = books(desk)
    (row,) = ledger.chromosomes
    assert (row.sent, row.accepted, row.typed, row.downloaded) == (30, 27, 27, 297)
    assert [(each.reason, each.count) for each in row.losses] == [("Monomorphic", 3)]
    assert (ledger.samples.sent, ledger.samples.renamed, ledger.samples.order_kept) == (12, 2, True)
    assert ledger.complete
    before = len(fake.downloads)
    fetch(desk)
    assert len(fake.downloads) == before


def test_a_plain_file_gets_its_names_too(
    desk: Desk, sent: JobDraft, fake: FakeFamily, tmp_path: Path
) -> None:
    finished(desk, sent, fake, {"imputed.vcf.gz": gzip.compress(dose_text(SITES))})
    folder = fetch(desk)
    data = (folder / "imputed.vcf.gz").read_bytes()
    assert data[12:14] == b"BC"
    assert "\tMüller, 1\tS2".encode() in gzip.decompress(data)
    assert sorted(path.name for path in folder.iterdir()) == ["imputed.vcf.gz", "imputed.vcf.gz.tbi"]
    assert books(desk).samples.renamed == 2


def test_a_plain_file_that_is_damaged_is_told_and_kept(
    desk: Desk, sent: JobDraft, fake: FakeFamily, tmp_path: Path
) -> None:
    data = packed(dose_text(SITES), tmp_path)
    finished(desk, sent, fake, {"imputed.vcf.gz": data[: len(data) // 2]})
    with pytest.raises(ProblemError, match="middle of a block"):
        fetch(desk)
    job = asyncio.run(only_job(desk))
    folder = Path(result_of(desk, job.id).folder)
    assert [path.name for path in folder.iterdir()] == ["imputed.vcf.gz"]


def test_a_disk_that_fills_up_costs_no_download(
    desk: Desk, sent: JobDraft, fake: FakeFamily, tmp_path: Path
) -> None:
    """Archive and downloads stay, nothing half-written does, and the next try needs no request for them."""
    resource = pytest.importorskip("resource", reason="limits of files are a matter of POSIX")
    finished(desk, sent, fake, {})
    password = fake.submissions[0].password
    assert password is not None
    fake.content = {"chr_20.zip": archive(password, "notes.txt", b"imputed" * 1_000_000)}
    fake.give_files("job-1")
    asyncio.run(visit_jobs(desk, sent.service_id))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, before[1]))
    try:
        with pytest.raises(ProblemError, match="filled up"):
            fetch(desk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    job = asyncio.run(only_job(desk))
    folder = Path(result_of(desk, job.id).folder)
    assert [path.name for path in folder.iterdir()] == ["chr_20.zip"]
    asked = len(fake.downloads)
    fetch(desk)
    assert len(fake.downloads) == asked
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_without_its_files_the_upload_is_known_by_its_record(
    desk: Desk, sent: JobDraft, fake: FakeFamily, tmp_path: Path
) -> None:
    finished(desk, sent, fake, {"chr20.dose.vcf.gz": packed(dose_text(SITES, NAMES[::-1]), tmp_path)})
    (tmp_path / "chr20.vcf.gz").unlink()
    fetch(desk)
    ledger = books(desk)
    assert (ledger.samples.sent, ledger.samples.order_kept) == (12, False)
    assert any("changed or are gone" in each for each in ledger.unknown)
    assert any("not in the order" in each.text for each in ledger.remarks)


def test_messages_of_the_job_stand_for_a_report(
    desk: Desk, sent: JobDraft, fake: FakeFamily, tmp_path: Path
) -> None:
    finished(desk, sent, fake, {"chr20.dose.vcf.gz": packed(dose_text(SITES), tmp_path)})
    job = asyncio.run(only_job(desk))
    text = "Excluded sites in total: 1,005\nRemaining sites in total: 20"
    message = StepMessage(kind=MessageKind.WARNING, text=text)
    step = JobStep(name="Quality Control", state=StepState.DONE, messages=(message,))
    asyncio.run(desk.update_job(job.id, steps=(step,)))
    fetch(desk)
    assert books(desk).counters["Excluded sites in total"] == 1005


def test_the_record_goes_with_its_job(desk: Desk, sent: JobDraft, fake: FakeFamily) -> None:
    finished(desk, sent, fake, {})
    job = asyncio.run(only_job(desk))
    record = asyncio.run(sent_record(desk, job.id))
    assert record is not None
    assert (record.samples, record.own_names) == (NAMES, OWN)
    path = desk.home / "sent" / f"{job.id}.json"
    assert path.parent.stat().st_mode & 0o077 == 0
    asyncio.run(forget_job(desk, job.id))
    assert not path.exists()
    assert asyncio.run(sent_record(desk, job.id)) is None


def test_names_through_two_repairs(desk: Desk, sent: JobDraft, tmp_path: Path) -> None:
    first = desk.store.read_now(lambda c: datasets.dataset(c, sent.dataset_id))
    assert first is not None
    folder = tmp_path / "second"
    folder.mkdir()
    second = Dataset(
        id="data-second",
        name="Repaired twice",
        files=first.files,
        added=desk.clock.now(),
        made_from=first.id,
        outcome=outcome(folder, {"P1": "S1", "P2": "S2"}),
    )
    assert asyncio.run(own_names(desk, second)) == {"P1": "Müller, 1", "P2": "S2"}
    assert asyncio.run(sent_of(desk, second)).samples == NAMES
    assert read_map(tmp_path / "nowhere.tsv") == {}


def test_books_can_be_made_again_and_forgotten(
    desk: Desk, sent: JobDraft, fake: FakeFamily, tmp_path: Path
) -> None:
    finished(desk, sent, fake, {"chr20.dose.vcf.gz": packed(dose_text(SITES), tmp_path)})
    fetch(desk)
    job = asyncio.run(only_job(desk))
    result_id = result_of(desk, job.id).id
    before = asyncio.run(ledger_of(desk, result_id))
    for path in (desk.home / "ledgers" / result_id).glob("*.npz"):
        path.write_bytes(b"not what it was")
    assert asyncio.run(make_ledger(desk, result_id)) == before
    assert before is not None
    assert before.total(Stage.DOWNLOADED) == 300
    asyncio.run(forget_ledger(desk, result_id))
    assert asyncio.run(ledger_of(desk, result_id)) is None
    assert not (desk.home / "ledgers" / result_id).exists()
    with pytest.raises(ProblemError):
        asyncio.run(make_ledger(desk, "result-none"))
