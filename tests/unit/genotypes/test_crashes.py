"""Inputs that once made a reader crash, and the fuzzer that finds them."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import hunt as hunting
from tests.fuzz.hunt import CRASHES, hunt, input_of, reason_of
from tests.fuzz.readers import READERS, Reader, run_on, seeds


def kept() -> list[Path]:
    return sorted(path.parent for path in CRASHES.glob("*/why.json"))


@pytest.mark.parametrize("folder", kept(), ids=lambda folder: folder.name)
def test_an_input_that_crashed_once(folder: Path) -> None:
    about = json.loads((folder / "why.json").read_text())
    run_on(about["reader"], {name: (folder / name).read_bytes() for name in about["files"]})


@pytest.mark.parametrize("reader", READERS)
def test_good_files_are_read(reader: str, tmp_path: Path) -> None:
    for format_ in READERS[reader].formats:
        for number, files in enumerate(seeds(format_)):
            folder = tmp_path / f"{format_} {number}"
            folder.mkdir()
            paths = [folder / name for name in files]
            for path in paths:
                path.write_bytes(files[path.name])
            READERS[reader].run(paths)  # nothing is swallowed here


@pytest.mark.parametrize("reader", READERS)
def test_a_few_damaged_inputs(reader: str) -> None:
    reasons = [reason for number in range(12) if (reason := reason_of(reader, input_of(reader, number)))]
    assert reasons == []


@pytest.fixture
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hunting, "CRASHES", tmp_path)
    monkeypatch.setattr(hunting, "MEMORY", 1 << 40)
    before = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getsignal(signal.SIGALRM) is before


def _picky(paths: list[Path]) -> None:
    if b"7" in paths[0].read_bytes():
        raise ZeroDivisionError("a seven")


@pytest.mark.usefixtures("_own_folder")
def test_the_fuzzer_finds_a_planted_crash_and_makes_it_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(READERS, "picky", Reader(("23andme",), _picky))  # type: ignore[arg-type]
    result = hunt("picky", 0.5, 0, lambda text: None)
    assert result.inputs > 0
    (name,) = result.found.values()
    assert (tmp_path / name / "person.txt").read_bytes() == b"7"
    assert json.loads((tmp_path / name / "why.json").read_text())["reader"] == "picky"


def test_inputs_come_out_the_same_by_their_number() -> None:
    assert input_of("consumer", 5) == input_of("consumer", 5)
    assert len({str(input_of("consumer", number)) for number in range(20)}) > 15
