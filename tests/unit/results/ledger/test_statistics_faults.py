"""Lists and reports of a server that nobody should have written: a note each, and never a long time."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.results.ledger.statistics_files import ServerStatistics, counters_of, read_statistics

OLD_HEAD = "#Position\tFilterType\tInfo\n"


def read(folder: Path, name: str, text: str) -> ServerStatistics:
    path = folder / name
    path.write_text(text)
    return read_statistics([path])


@pytest.mark.parametrize("filler", ["\n", "<b>", "<", " \n"])
def test_a_report_of_nothing_but_gaps_takes_no_time_by_the_square(filler: str) -> None:
    assert counters_of(filler * 400_000 + "\nSamples: 12\n") == {"Samples": 12}


def test_figures_beyond_all_measure_are_none() -> None:
    found = counters_of(f"Match: {'9' * 400}\nSNPs: {'9' * 20}\nSamples: 1,234\n")
    assert found == {"Samples": 1234}


@pytest.mark.parametrize(
    "line", ["7:99999999999999999999999:A:C\tx\ty", "7:-1:A:C\tx\ty", "7", "7:x:A:C\tx"], ids=str.__len__
)
def test_a_place_that_is_none_is_a_note_and_what_was_read_stays(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, "snps-excluded.txt", f"{OLD_HEAD}7:100:A:C\tStrand flip\t\n{line}\n")
    assert [each.reason for each in found.excluded["7"]] == ["Strand flip"]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("snps-excluded.txt could not be read: ")
    assert "index" not in found.notes[0]


def test_a_chunk_without_measure_is_passed_over(tmp_path: Path) -> None:
    rows = f"chunk_7_1_{'9' * 30}\t10\t0.4\t0\nchunk_7_1_20000000\t1e300\t0.4\t0\n"
    found = read(tmp_path, "chunks-excluded.txt", "#Chunk\tSNPs (#)\tReference Overlap (%)\n" + rows)
    assert [(each.end, each.sites) for each in found.chunks] == [(20_000_000, 0)]
