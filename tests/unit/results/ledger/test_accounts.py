"""Books add up exactly: every site that was sent is kept or lost for one reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.ledger import LedgerRow, ResultLedger, Stage
from app.results.indexing.figures import FileFigures
from app.results.indexing.file_tap import FileTap
from app.results.indexing.on_disk import look_into
from app.results.ledger.accounts import SentChromosome, SentUpload, build_ledger
from app.results.ledger.people import samples_hash
from app.results.ledger.statistics_files import ExcludedChunk, ServerStatistics, read_statistics
from app.results.ledger.typed_sites import TWICE, UNEXPLAINED, matched, ranked
from tests.helpers.imputed_files import NAMES, dose_text, info_text, packed, site_lines

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def figures(text: bytes, folder: Path, name: str) -> FileFigures:
    """What a pass over a file finds."""
    tap = FileTap(name, keep_all="sent" in name)
    tap.feed(packed(text, folder))
    tap.finish()
    return tap.figures


def upload(sites: Sequence[str], folder: Path, **more: object) -> SentUpload:
    """What was sent: these sites of all samples."""
    found = figures(dose_text(sites), folder, "sent.vcf.gz").chromosomes
    chromosomes = {one.name: SentChromosome(one.records, one.typed_keys) for one in found}
    return SentUpload(chromosomes=chromosomes, **{"samples": NAMES, **more})  # type: ignore[arg-type]


def typed(sites: Sequence[str]) -> list[str]:
    return [line for line in sites if "TYPED" in line]


def listed(path: Path, head: str, rows: Sequence[str]) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def excluded_row(line: str, reason: str) -> str:
    chromosome, position, identifier, ref, alt = line.split("\t")[:5]
    return "\t".join([identifier, chromosome, position, ref, alt, reason])


HEAD = "ID\tCHROM\tPOS\tREF\tALT\tINFO"
CHUNKS = "CHUNK\tSNPS\tREFERENCE_OVERLAP\tSAMPLES_LOW_CALL_RATE"


def reasons(row: LedgerRow, stage: Stage) -> dict[str, int]:
    return {each.reason: each.count for each in row.losses if each.stage is stage}


def only(ledger: ResultLedger) -> LedgerRow:
    (row,) = ledger.chromosomes
    return row


@pytest.fixture
def sites() -> list[str]:
    """700 sites on 50 Mb: 70 typed, of them 24 not in the panel."""
    return site_lines(sites=700, step=140_000)


def result_files(sites: Sequence[str], folder: Path) -> list[FileFigures]:
    dose = figures(dose_text(sites), folder, "chr20.dose.vcf.gz")
    return [dose, figures(info_text(sites), folder, "chr20.info.gz")]


def test_a_result_in_which_everything_came_back(tmp_path: Path, sites: list[str]) -> None:
    sent = upload(typed(sites), tmp_path)
    ledger = build_ledger(result_files(sites, tmp_path), ServerStatistics(), sent, NOW)
    row = only(ledger)
    assert (row.sent, row.accepted, row.typed, row.typed_only) == (70, 70, 70, 24)
    assert (row.imputed, row.downloaded, row.losses) == (700, 700, ())
    assert ledger.adds_up
    assert not ledger.remarks
    assert ledger.samples.order_kept
    assert sum(each.downloaded or 0 for each in ledger.chunks) == 700
    assert [(each.start, each.end) for each in ledger.chunks][:2] == [
        (1, 20_000_000),
        (20_000_001, 40_000_000),
    ]


def test_every_loss_has_the_reason_of_the_server(tmp_path: Path, sites: list[str]) -> None:
    """Lists, a chunk that was left out, sites that phasing dropped, one that nobody explains."""
    array = typed(sites)
    gone = {"Strand flip. Reference Panel: A/G": array[:3], "Low call rate. Value: 0.85": array[3:4]}
    in_chunk = [line for line in array if int(line.split("\t")[1]) > 40_000_000]
    dropped = [line for line in array if line.endswith(";TYPED")][4:7]
    lost = array[10]
    files = [
        listed(
            tmp_path / "snps-excluded.txt",
            HEAD,
            [excluded_row(line, why) for why, lines in gone.items() for line in lines],
        ),
        listed(
            tmp_path / "snps-typed-only.txt",
            HEAD.removesuffix("\tINFO"),
            [excluded_row(line, "").removesuffix("\t") for line in dropped],
        ),
        listed(tmp_path / "chunks-excluded.txt", CHUNKS, ["chunk_20_0040000001_0060000000\t20\t0.41\t0"]),
        tmp_path / "qc_report.txt",
    ]
    files[-1].write_text("Excluded sites in total: 4\nRemaining sites in total: 43\nTyped only sites: 23\n")
    away = {*sum(gone.values(), []), *in_chunk, *dropped, lost}
    back = [line for line in sites if line not in away and int(line.split("\t")[1]) <= 40_000_000]
    ledger = build_ledger(result_files(back, tmp_path), read_statistics(files), upload(array, tmp_path), NOW)
    row = only(ledger)
    assert reasons(row, Stage.ACCEPTED) == {
        "Strand flip": 3,
        "Low call rate": 1,
        "Chunk left out: reference overlap 41%": len(in_chunk),
    }
    expected = {"Not in the panel: left out by phasing": 3, UNEXPLAINED: 1}
    assert reasons(row, Stage.TYPED) == {reason: count for reason, count in expected.items() if count}
    assert (row.sent, row.typed) == (70, 70 - 4 - len(in_chunk) - 4)
    assert ledger.adds_up
    assert ledger.unexplained == 1
    assert not ledger.complete
    last = ledger.chunks[-1]
    assert (last.start, last.sent, last.accepted, last.downloaded) == (40_000_001, len(in_chunk), 0, 0)
    assert last.left_out == "Chunk left out: reference overlap 41%"
    assert ledger.generation == "second"
    flips = next(each for each in row.losses if each.reason == "Strand flip")
    assert flips.source == "snps-excluded.txt"
    assert len(flips.examples) == 3
    assert not ledger.remarks


def test_lists_of_the_first_generation(tmp_path: Path, sites: list[str]) -> None:
    array = typed(sites)
    rows = [
        "\t".join([":".join(line.split("\t")[n] for n in (0, 1, 3, 4)), "Allele switch", "Ref. A/G"])
        for line in array[:5]
    ]
    files = [
        listed(tmp_path / "snps-excluded.txt", "#Position\tFilterType\t Info", rows),
        listed(
            tmp_path / "typed-only.txt",
            "#Position",
            [":".join(array[6].split("\t")[n] for n in (0, 1, 3, 4))],
        ),
        listed(
            tmp_path / "chunks-excluded.txt",
            "#Chunk\tSNPs (#)\tReference Overlap (%)\tLow Sample Call Rates (#)",
            ["chunk_20_0010000001_0020000000\t2\t0.9\t3"],
        ),
        tmp_path / "qcreport.html",
    ]
    files[-1].write_text("<p><b>x</b><br>Excluded sites in total: 1,005<br/>Remaining sites in total: 7</p>")
    found = read_statistics(files)
    assert found.generation == "first"
    assert [each.reason for each in found.excluded["20"]] == ["Allele switch"] * 5
    assert len(found.typed_only["20"]) == 1
    assert found.chunks == [ExcludedChunk("20", 10_000_001, 20_000_000, 2, 0.9, 3)]
    assert found.chunks[0].reason == "Chunk left out: 3 samples with a low call rate"
    assert found.counters == {"Excluded sites in total": 1005, "Remaining sites in total": 7}
    back = [line for line in sites if line not in array[:5]]
    ledger = build_ledger(result_files(back, tmp_path), found, upload(array, tmp_path), NOW)
    assert ledger.chunk_size == 10_000_000
    assert reasons(only(ledger), Stage.ACCEPTED)["Allele switch"] == 5
    assert ledger.adds_up
    texts = " ".join(each.text for each in ledger.remarks)
    assert "1,005 excluded sites, its list has 5" in texts


def test_a_chromosome_that_did_not_come_back(tmp_path: Path, sites: list[str]) -> None:
    more = site_lines("21", 40)
    sent = upload([*typed(sites), *more], tmp_path)
    ledger = build_ledger(result_files(sites, tmp_path), ServerStatistics(), sent, NOW)
    row = ledger.chromosomes[1]
    assert (row.chromosome, row.sent, row.typed, row.downloaded) == ("21", 40, 0, None)
    assert reasons(row, Stage.TYPED) == {"No file of this chromosome is in the result": 40}
    assert ledger.adds_up
    assert "Chromosome 21 was sent, and nothing of it is in the result." in {
        each.text for each in ledger.remarks if each.red
    }


def test_dose_and_info_files_that_differ(tmp_path: Path, sites: list[str]) -> None:
    dose = figures(dose_text(sites[:-7]), tmp_path, "chr20.dose.vcf.gz")
    info = figures(info_text(sites), tmp_path, "chr20.info.gz")
    ledger = build_ledger([dose, info], ServerStatistics(), None, NOW)
    row = only(ledger)
    assert (row.imputed, row.downloaded) == (700, 693)
    assert reasons(row, Stage.DOWNLOADED) == {"In the info file and not in the dose file": 7}
    assert ledger.adds_up
    moved = [*sites[:-1], sites[-1].replace(sites[-1].split("\t")[1], "99000000", 1)]
    dose = figures(dose_text(moved), tmp_path, "chr20.dose.vcf.gz")
    ledger = build_ledger([dose, info], ServerStatistics(), None, NOW)
    assert "other sites in the same number" in ledger.remarks[0].text
    assert ledger.unknown[0].startswith("What was sent is not known")


def test_people_that_are_missing_strange_or_in_another_order(tmp_path: Path, sites: list[str]) -> None:
    few = sites[:40]
    names = (*NAMES[1:], "Stranger")
    file = figures(dose_text(few, names), tmp_path, "chr20.dose.vcf.gz")
    book = build_ledger([file], ServerStatistics(), upload(typed(few), tmp_path), NOW).samples
    assert (book.sent, book.found, book.missing, book.foreign, book.order_kept) == (12, 12, 1, 1, False)
    file = figures(dose_text(few, NAMES[::-1]), tmp_path, "chr20.dose.vcf.gz")
    ledger = build_ledger([file], ServerStatistics(), upload(typed(few), tmp_path), NOW)
    assert (ledger.samples.missing, ledger.samples.order_kept) == (0, False)
    assert "not in the order" in ledger.remarks[0].text
    file = figures(dose_text(few), tmp_path, "chr20.dose.vcf.gz")
    for digest, kept in ((samples_hash(NAMES), True), (samples_hash(NAMES[::-1]), False), ("", None)):
        sent = upload(typed(few), tmp_path, samples=None, samples_hash=digest, sample_count=12)
        assert build_ledger([file], ServerStatistics(), sent, NOW).samples.order_kept is kept


def test_where_positions_were_lifted_the_lists_are_counted(tmp_path: Path, sites: list[str]) -> None:
    array = typed(sites)
    excluded = listed(
        tmp_path / "snps-excluded.txt", HEAD, [excluded_row(line, "Monomorphic") for line in array[:6]]
    )
    lifted = tmp_path / "lift-over.txt"
    lifted.write_text("20:61795\tLiftOver\tLiftOver failed. SNP removed.\n")
    back = [line for line in sites if line not in array[:9]]
    sent = upload(array, tmp_path, lifted=True)
    ledger = build_ledger(result_files(back, tmp_path), read_statistics([excluded, lifted]), sent, NOW)
    row = only(ledger)
    assert reasons(row, Stage.ACCEPTED) == {"Monomorphic": 6, "Not lifted to the other build": 1}
    assert (row.sent, row.accepted, row.typed) == (70, 63, 61)
    assert reasons(row, Stage.TYPED) == {UNEXPLAINED: 2}
    assert ledger.adds_up
    assert "another build" in ledger.unknown[0]


def test_another_build_is_seen_though_nobody_told_of_it(tmp_path: Path, sites: list[str]) -> None:
    moved = []
    for line in sites:
        cells = line.split("\t")
        moved.append("\t".join([cells[0], str(int(cells[1]) + 31_337), *cells[2:]]))
    ledger = build_ledger(
        result_files(moved, tmp_path), ServerStatistics(), upload(typed(sites), tmp_path), NOW
    )
    row = only(ledger)
    assert (row.sent, row.accepted, row.typed, row.losses) == (70, 70, 70, ())
    assert "another build" in ledger.unknown[0]
    assert ledger.complete


def test_a_filter_of_the_job_explains_what_is_not_there(tmp_path: Path, sites: list[str]) -> None:
    array = typed(sites)
    back = [line for line in sites if line not in array[:4]]
    sent = upload(array, tmp_path, later="Below the R2 filter of the job (0.3)")
    ledger = build_ledger(result_files(back, tmp_path), ServerStatistics(), sent, NOW)
    assert reasons(only(ledger), Stage.TYPED) == {"Below the R2 filter of the job (0.3)": 4}
    assert not ledger.unexplained


def test_a_variant_that_was_sent_twice_is_told_so(tmp_path: Path, sites: list[str]) -> None:
    array = typed(sites)
    sent = upload(sorted([*array, array[2]], key=lambda line: int(line.split("\t")[1])), tmp_path)
    ledger = build_ledger(result_files(sites, tmp_path), ServerStatistics(), sent, NOW)
    assert reasons(only(ledger), Stage.TYPED) == {TWICE: 1}
    assert ledger.adds_up
    assert not ledger.unexplained


def test_sites_that_nobody_sent(tmp_path: Path, sites: list[str]) -> None:
    sent = upload(typed(sites)[5:], tmp_path)
    ledger = build_ledger(result_files(sites, tmp_path), ServerStatistics(), sent, NOW)
    row = only(ledger)
    assert (row.sent, row.typed) == (65, 70)
    assert reasons(row, Stage.TYPED) == {"Typed sites of the result that were not sent": -5}
    assert ledger.adds_up
    assert any("5 sites are marked as typed" in each.text for each in ledger.remarks)


def test_lists_that_cannot_be_read_are_remarks(tmp_path: Path) -> None:
    bad = tmp_path / "snps-excluded.txt"
    bad.write_bytes(b"<html>\xff\n")
    worse = tmp_path / "snps-typed-only.txt"
    worse.write_text("ID\tCHROM\tPOS\tREF\tALT\nrs1\t20\tnowhere\tA\tC\n")
    found = read_statistics([bad, worse, tmp_path / "chunks-excluded.txt"], ["Typed only sites: 1,234"])
    assert len(found.notes) == 3
    assert found.counters == {"Typed only sites": 1234}
    ledger = build_ledger([], found, None, NOW)
    assert {each.text for each in ledger.remarks} == set(found.notes)


keys = st.lists(st.integers(1, 12), max_size=40)


@settings(deadline=None, max_examples=60)
@given(keys, keys)
def test_equal_keys_are_matched_once_each(rows: list[int], wanted: list[int]) -> None:
    mine, theirs = np.array(rows, np.uint64), np.array(wanted, np.uint64)
    found = matched(mine, theirs)
    hit = found[found >= 0].tolist()
    assert len(set(hit)) == len(hit)
    assert all(rows[row] == wanted[at] for at, row in enumerate(found.tolist()) if row >= 0)
    assert len(hit) == sum(min(rows.count(key), wanted.count(key)) for key in set(wanted))
    assert len(np.unique(ranked(mine))) == len(rows)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_books_add_up_whatever_happens(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Any part of the sites comes back, any part is in the lists, others were never sent."""
    folder = tmp_path_factory.mktemp("books")
    random = np.random.default_rng(seed)
    sites = site_lines(sites=200, step=300_000, seed=seed)
    array = [line for line in typed(sites) if random.random() < 0.9]
    back = [line for line in sites if random.random() < 0.8]
    rows = [excluded_row(line, "Strand flip") for line in typed(sites) if random.random() < 0.3]
    lists = [listed(folder / "snps-excluded.txt", HEAD, rows)]
    if seed % 2:
        lists.append(
            listed(folder / "chunks-excluded.txt", CHUNKS, ["chunk_20_0000000001_0020000000\t1\tNaN\t0"])
        )
    ledger = build_ledger(result_files(back, folder), read_statistics(lists), upload(array, folder), NOW)
    assert ledger.adds_up
    row = only(ledger)
    for stage in (Stage.SENT, Stage.ACCEPTED, Stage.TYPED, Stage.IMPUTED, Stage.DOWNLOADED):
        assert sum(each.at(stage) or 0 for each in ledger.chunks) == row.at(stage)
    again = ResultLedger.model_validate_json(ledger.model_dump_json())
    assert again == ledger


def remarks(files: Sequence[FileFigures]) -> list[str]:
    return [each.text for each in build_ledger(files, read_statistics(()), None, NOW).remarks]


def test_a_file_that_was_cut_counts_what_is_before_the_cut(tmp_path: Path) -> None:
    lines = site_lines(sites=3000)
    whole = packed(dose_text(lines), tmp_path)
    path = tmp_path / "chr20.dose.vcf.gz"
    path.write_bytes(whole[: len(whole) // 2])
    dose = look_into(path, path.name)
    info = figures(info_text(lines), tmp_path, "chr20.info.gz")
    ledger = build_ledger([dose, info], read_statistics(()), None, NOW)
    row = only(ledger)
    assert row.imputed == 3000
    assert row.downloaded == dose.records
    assert 0 < dose.records < 3000
    assert ledger.adds_up
    assert not ledger.complete
    assert f"chr20.dose.vcf.gz is damaged or cut after {dose.records:,} records." in remarks([dose, info])
    assert not any("holds no records" in each for each in remarks([dose, info]))


def test_files_with_each_others_names_are_seen(tmp_path: Path) -> None:
    one, two = site_lines("20", 40), site_lines("21", 50)
    files = [
        figures(dose_text(one), tmp_path, "chr21.dose.vcf.gz"),
        figures(info_text(two), tmp_path, "chr21.info.gz"),
    ]
    words = (
        "chr21.dose.vcf.gz is of chromosome 20 and chr21.info.gz of 21: one of them has another file's name."
    )
    assert words in remarks(files)
    right = [figures(info_text(one), tmp_path, "chr21.info.gz"), files[0]]
    assert remarks(right) == []


def test_two_results_in_one_folder_are_seen_and_parts_of_a_chromosome_are_not(tmp_path: Path) -> None:
    lines = site_lines("X", 90)
    names = ("chrX.PAR1.dose.vcf.gz", "chrX.nonPAR.dose.vcf.gz")
    parts = [
        figures(dose_text(part), tmp_path, n) for n, part in zip(names, (lines[:40], lines[40:]), strict=True)
    ]
    assert remarks(parts) == []
    again = figures(dose_text(lines), tmp_path, "other/chrX.dose.vcf.gz")
    (told,) = remarks([*parts, again])
    assert told.endswith("so its sites are counted twice: the folder may hold two results.")
    others = figures(dose_text(lines, NAMES[:5]), tmp_path, "women/chrX.dose.vcf.gz")
    assert not any("twice" in each for each in remarks([*parts, others]))
