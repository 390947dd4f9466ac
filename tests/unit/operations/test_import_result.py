"""Results from elsewhere become results like any other; nothing half-taken stays."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset, DatasetState
from app.domain.ledger import ResultLedger, Stage
from app.domain.problem import Kind, Problem, ProblemError
from app.domain.repair import Ledger, RepairOutcome
from app.domain.result import Result, ResultState
from app.operations import import_result as importing
from app.operations import judge_result, unpack
from app.operations.add_dataset import data_files
from app.operations.desk import Desk
from app.operations.import_result import import_result
from app.operations.link_result import link_result
from app.operations.result_ledger import SMALL, add_conversion, ledger_of, make_ledger
from app.store import datasets, pages, results
from app.store.pages import TableQuery
from tests.helpers.archives import PASSWORD, by_pyzipper, written
from tests.helpers.direct_work import _directly
from tests.helpers.imputed_files import NAMES, dose_text, info_text, packed, site_lines

SITES = site_lines(sites=400, step=100_000)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (importing, judge_result, unpack):
        monkeypatch.setattr(module, "run_in_process", _directly)


@pytest.fixture
def served(tmp_path: Path) -> dict[str, bytes]:
    """The files of a server."""
    return {
        "chr20.dose.vcf.gz": packed(dose_text(SITES), tmp_path),
        "chr20.info.gz": packed(info_text(SITES), tmp_path),
    }


def taken(desk: Desk, *paths: Path, **more: object) -> tuple[Result, ResultLedger]:
    """Import and give what is kept."""

    async def work() -> tuple[Result, ResultLedger]:
        changes: Changes = await import_result(desk, paths, **more)  # type: ignore[arg-type]
        (result_id,) = changes.ids(Noun.RESULT)
        result = await desk.store.read(lambda c: results.result(c, result_id))
        ledger = await ledger_of(desk, result_id)
        assert result is not None
        assert ledger is not None
        return result, ledger

    return asyncio.run(work())


def refused(desk: Desk, *paths: Path, **more: object) -> Problem:
    """The Problem of an import, after proving that nothing stayed."""
    before = files_below(desk.home)
    with pytest.raises(ProblemError) as caught:
        taken(desk, *paths, **more)
    assert desk.store.read_now(results.results) == ()
    assert files_below(desk.home) == before
    return caught.value.problem


def files_below(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found if ".db" not in path.name}


def test_a_folder_stays_where_it_is(desk: Desk, tmp_path: Path, served: dict[str, bytes]) -> None:
    extra = {"notes.docx": b"mine", "statistics/snps-excluded.txt": b"ID\tCHROM\tPOS\tREF\tALT\tINFO\n"}
    folder = written(tmp_path / "old", {**served, **extra})
    before = files_below(folder)
    result, ledger = taken(desk, folder, name="Cohort of 2019")
    assert files_below(folder) == before
    assert (result.name, result.job_id, result.in_place) == ("Cohort of 2019", "", True)
    assert (result.state, result.origin) == (ResultState.VERIFIED, "Minimac v4.1.6")
    assert {each.path for each in result.files} == {*served, "statistics/snps-excluded.txt"}
    assert result.quality is not None
    assert (result.quality.samples, result.quality.variants) == (12, 400)
    assert ledger.total(Stage.DOWNLOADED) == 400
    assert ledger.unknown[0].startswith("What was sent is not known")
    indexes = desk.home / "ledgers" / result.id / "indexes"
    assert files_below(indexes) == {f"{name}.tbi" for name in served}
    again, _ = taken(desk, folder)
    assert (again.id, again.name) == (result.id, "Cohort of 2019")


def test_two_results_of_one_folder_are_two(desk: Desk, tmp_path: Path, served: dict[str, bytes]) -> None:
    dose = served["chr20.dose.vcf.gz"]
    folder = written(tmp_path / "old", {"beagle.vcf.gz": dose, "minimac.dose.vcf.gz": dose})
    one, _ = taken(desk, folder / "beagle.vcf.gz", name="Beagle")
    other, _ = taken(desk, folder / "minimac.dose.vcf.gz", name="Minimac")
    again, _ = taken(desk, folder / "beagle.vcf.gz")
    assert one.id != other.id
    assert (again.id, again.name) == (one.id, "Beagle")
    assert {each.name for each in desk.store.read_now(results.results)} == {"Beagle", "Minimac"}


def test_it_is_found_and_sorted_like_any_other(desk: Desk, tmp_path: Path, served: dict[str, bytes]) -> None:
    result, _ = taken(desk, written(tmp_path / "old", served), name="Imported one")
    found = desk.store.read_now(lambda c: pages.ids(c, Noun.RESULT, TableQuery(text="imported")))
    assert list(found) == [result.id]
    assert desk.store.read_now(lambda c: results.result_of_job(c, "")) is None


def test_archives_with_a_password_are_unpacked(desk: Desk, tmp_path: Path, served: dict[str, bytes]) -> None:
    folder = tmp_path / "zips"
    folder.mkdir()
    by_pyzipper(folder / "chr_20.zip", served, PASSWORD, 256, 2)
    (folder / "qc_report.txt").write_text("Excluded sites in total: 3\n")
    result, ledger = taken(desk, folder, password=SecretStr(PASSWORD))
    there = Path(result.folder)
    assert there.parent == desk.home / "results"
    assert files_below(there) == {*served, *(f"{name}.tbi" for name in served), "qc_report.txt"}
    assert ledger.counters == {"Excluded sites in total": 3}
    assert (folder / "chr_20.zip").is_file()
    assert not result.in_place


def test_a_wrong_password_leaves_nothing(desk: Desk, tmp_path: Path, served: dict[str, bytes]) -> None:
    archive = by_pyzipper(tmp_path / "chr_20.zip", served, PASSWORD, 256, 2)
    assert refused(desk, archive, password=SecretStr("another")).kind is Kind.INPUT
    assert refused(desk, archive).title == "The archive needs a password"
    assert archive.is_file()


@pytest.mark.allow_log("The quality could not be computed")
def test_a_damaged_file_is_not_copied_and_is_told_of_in_place(
    desk: Desk, tmp_path: Path, served: dict[str, bytes]
) -> None:
    data = served["chr20.dose.vcf.gz"]
    folder = written(tmp_path / "old", {**served, "chr20.dose.vcf.gz": data[: len(data) // 2]})
    found = refused(desk, folder, copy=True)
    assert found.title == "A file of the result is damaged"
    result, ledger = taken(desk, folder)
    assert (result.state, result.problem) == (
        ResultState.INCOMPLETE,
        "Damaged or cut: chr20.dose.vcf.gz.",
    )
    assert any("middle of a block" in each.text for each in ledger.remarks if each.red)
    assert not ledger.complete
    assert result.verdict.startswith(f"1 of {len(result.files)} files is damaged or cut; ")


def test_files_of_beagle_with_a_name_of_their_own(desk: Desk, tmp_path: Path) -> None:
    head = (
        "##fileformat=VCFv4.2",
        '##source="beagle.22Jul22.46e.jar"',
        '##INFO=<ID=DR2,Number=A,Type=Float,Description="x">',
        '##FORMAT=<ID=DS,Number=A,Type=Float,Description="x">',
    )
    lines = []
    for line in site_lines(sites=50):
        cells = line.split("\t")
        mark = "" if "TYPED" in cells[7] else ";IMP"
        lines.append("\t".join([*cells[:7], f"DR2=0.91;AF=0.2{mark}"]))
    path = tmp_path / "my imputed cohort.vcf.gz"
    path.write_bytes(gzip.compress(dose_text(lines, head=head)))
    result, ledger = taken(desk, path)
    assert "beagle" in result.origin
    assert result.files[0].kind == "dose"
    assert result.quality is not None
    assert (result.quality.samples, result.quality.variants) == (12, 50)
    assert ledger.total(Stage.TYPED) == 5
    copy, _ = taken(desk, path, copy=True, to=tmp_path / "copy")
    assert files_below(tmp_path / "copy") == {path.name, path.name + ".tbi"}
    assert copy.id != result.id


def test_with_what_was_sent_the_books_are_whole(desk: Desk, tmp_path: Path, served: dict[str, bytes]) -> None:
    """Names that a repair changed come back, and each site that was sent is followed."""
    sent = tmp_path / "chr20.vcf.gz"
    array = [line for line in SITES if "TYPED" in line]
    sent.write_bytes(packed(dose_text([*array, *site_lines("20", 1, first=90_000_000)]), tmp_path))
    names = tmp_path / "sample-map.tsv"
    rows = ["sample\tnew_name\tbatch\toutcome", "Müller 1/a\tS1\t1\trenamed", "S2\tS2\t1\tkept"]
    names.write_text("\n".join(rows) + "\n", encoding="utf-8")
    outcome = RepairOutcome(
        ledger=Ledger(sites_in=1, samples_in=1, sites_out=1, samples_out=1), sample_map=str(names)
    )
    dataset = Dataset(
        id="data-1",
        name="Sent",
        files=data_files((sent,)),
        state=DatasetState.CHECKED,
        added=desk.clock.now(),
        outcome=outcome,
    )
    desk.store.write_now(lambda c: datasets.save_dataset(c, dataset))
    result, ledger = taken(desk, written(tmp_path / "old", served), dataset_id="data-1", copy=True)
    text = gzip.decompress((Path(result.folder) / "chr20.dose.vcf.gz").read_bytes())
    assert "\tMüller 1/a\tS2\t".encode() in text
    assert (ledger.samples.renamed, ledger.samples.order_kept) == (1, True)
    (row,) = ledger.chromosomes
    assert (row.sent, row.accepted, row.typed) == (41, 41, 40)
    assert ledger.unexplained == 1
    assert ledger.adds_up
    assert NAMES[0] not in ledger.model_dump_json()


def test_what_was_sent_can_be_said_later(desk: Desk, tmp_path: Path, served: dict[str, bytes]) -> None:
    sent = tmp_path / "chr20.vcf.gz"
    sent.write_bytes(packed(dose_text([line for line in SITES if "TYPED" in line]), tmp_path))
    dataset = Dataset(
        id="data-1",
        name="Sent",
        files=data_files((sent,)),
        state=DatasetState.CHECKED,
        added=desk.clock.now(),
    )
    desk.store.write_now(lambda c: datasets.save_dataset(c, dataset))
    result, before = taken(desk, written(tmp_path / "old", served))
    assert before.samples.sent is None

    async def work() -> tuple[ResultLedger | None, ResultLedger | None]:
        await link_result(desk, result.id, "data-1")
        told = await ledger_of(desk, result.id)
        assert not await link_result(desk, result.id, "data-1")
        await link_result(desk, result.id, None)
        for result_id, dataset_id in ((result.id, "data-9"), ("result-9", None)):
            with pytest.raises(ProblemError, match="No such"):
                await link_result(desk, result_id, dataset_id)
        return told, await ledger_of(desk, result.id)

    told, without = asyncio.run(work())
    assert told is not None
    assert (told.samples.sent, told.chromosomes[0].sent) == (len(NAMES), 40)
    assert without is not None
    assert without.samples.sent is None


def test_of_a_job_what_was_sent_is_known(desk: Desk) -> None:
    result = Result(id="r", job_id="job-1", folder="/x", state=ResultState.VERIFIED, started=desk.clock.now())
    desk.store.write_now(lambda c: results.save_result(c, result))
    with pytest.raises(ProblemError, match="The job knows"):
        asyncio.run(link_result(desk, "r", None))


def test_conversions_are_booked_and_stay(desk: Desk, tmp_path: Path, served: dict[str, bytes]) -> None:
    result, _ = taken(desk, written(tmp_path / "old", served))

    async def work() -> tuple[ResultLedger | None, ResultLedger]:
        booked = await add_conversion(desk, result.id, {"20": 390}, {})
        return booked, await make_ledger(desk, result.id)

    booked, again = asyncio.run(work())
    assert booked is not None
    assert booked.total(Stage.CONVERTED) == again.total(Stage.CONVERTED) == 390
    assert booked.adds_up
    assert again.adds_up
    assert [each.count for each in again.lost_by_reason()] == [10]
    assert sum(map(len, served.values())) < SMALL


def test_what_is_no_result(desk: Desk, tmp_path: Path) -> None:
    upload = tmp_path / "genotypes.vcf.gz"
    upload.write_bytes(
        packed(b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n", tmp_path)
    )
    assert refused(desk, upload).title == "This is no file of a result"
    assert refused(desk, tmp_path / "nowhere").kind is Kind.NOT_FOUND
    (tmp_path / "empty").mkdir()
    assert refused(desk, tmp_path / "empty").title == "There is no result"
    assert refused(desk, upload, dataset_id="data-9").kind in (Kind.NOT_FOUND, Kind.INPUT)


def test_nothing_is_overwritten(desk: Desk, tmp_path: Path, served: dict[str, bytes]) -> None:
    folder = written(tmp_path / "old", served)
    full = written(tmp_path / "full", {"mine.txt": b"mine"})
    assert refused(desk, folder, copy=True, to=full).title == "The folder is not empty"
    assert files_below(full) == {"mine.txt"}
    named = [written(tmp_path / name, {}) for name in ("a", "b")]
    for each in named:
        each.mkdir()
        by_pyzipper(each / "chr_20.zip", served, PASSWORD, 256, 2)
    found = refused(desk, *named, password=SecretStr(PASSWORD))
    assert found.title == "Two archives hold the same file"
