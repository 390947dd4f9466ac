"""Aligned text, one object, a bar."""

from __future__ import annotations

import io
import json
import unicodedata
from datetime import UTC, datetime

import pytest

from app.cli.bar import Bar, bar_line
from app.cli.output import Output, pairs, shown, table, width
from app.domain.problem import Kind, problem
from app.domain.progress import Progress


def test_columns_are_aligned_and_numbers_stand_right() -> None:
    lines = table(("name", "count"), [("a", 5), ("日本", 1200)])
    assert lines == ["name  count", "a         5", "日本  1,200"]


def test_an_empty_table_is_a_sentence() -> None:
    assert table(("name",), [], "None yet.") == ["None yet."]


def test_width_of_letters() -> None:
    assert (width("abc"), width("日本"), width("e\u0301")) == (3, 4, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), ("", "–"), (True, "yes"), (False, "no"), (0.12345, "0.123"), (12345.6, "12,346"), (7, "7")],
)
def test_values_in_cells(value: object, text: str) -> None:
    assert shown(value) == text


def test_control_characters_of_a_server_do_not_reach_the_terminal() -> None:
    assert shown("a\x1b[31mb\nc") == "a [31mb c"


@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_that_is_written_steers_the_terminal(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    path = "out\x1b]0;x\x07\x9b31m\udcff.vcf"
    output = Output(as_json=as_json)
    output.answer({"path": path}, [path, "two\tcells"])
    output.note(path)
    output.problem(problem(Kind.INPUT, "Bad", path, "No.").problem)
    written = "".join(capsys.readouterr())
    assert not {letter for letter in written if unicodedata.category(letter) in ("Cc", "Cs")} - set("\n\t")
    assert "]0;x" in written


def test_json_keeps_a_name_whatever_its_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    path = "a\x9b\x1b\udcff"
    Output(as_json=True).answer({"path": path}, [])
    assert json.loads(capsys.readouterr().out) == {"path": path}


def test_a_step_of_the_bar_does_not_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, times = Terminal(), iter((0.0, 2.0))
    monkeypatch.setattr("app.cli.bar.time.monotonic", lambda: next(times))
    bar = Bar(stream)
    for _ in range(2):
        bar.show("Reading", Progress(done=1, total=2, unit="bytes", step="a\x1b[2Jb"))
    assert "a [2Jb" in stream.getvalue()
    assert "\x1b[2J" not in stream.getvalue()


def test_pairs() -> None:
    assert pairs([("a", 1), ("long", None)]) == ["a     1", "long  –"]


def test_times_are_isoformat_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).answer({"at": datetime(2026, 1, 2, tzinfo=UTC)}, ["never"])
    assert '"at": "2026-01-02T00:00:00+00:00"' in capsys.readouterr().out


def test_quiet_keeps_notes_back(capsys: pytest.CaptureFixture[str]) -> None:
    Output(quiet=True).note("hello")
    Output().note("there")
    assert capsys.readouterr().err == "there\n"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_bar_comes_after_a_second_on_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("app.cli.bar.time.monotonic", lambda: now[0])
    terminal, file = Terminal(), io.StringIO()
    for bar in (Bar(terminal), Bar(file), Bar(terminal, shown=False)):
        bar.show("Reading", Progress(done=1, total=2))
        bar.clear()
    assert terminal.getvalue() == file.getvalue() == ""
    bar = Bar(terminal)
    bar.show("Reading", Progress(done=1, total=2))
    now[0] += 1.5
    bar.show("Reading", Progress(done=1, total=2))
    bar.show("Reading", Progress(done=2, total=2))  # too soon
    bar.clear()
    assert terminal.getvalue().count("Reading") == 1
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_what_a_bar_says() -> None:
    line = bar_line("Sending", Progress(done=500, total=1000, rate=2_500_000, left_s=61))
    assert line == "Sending  [############------------]  50 %  2.5 MB/s  1:01 left"
    assert bar_line("Reading", Progress(done=1200, unit="sites")) == "Reading  1,200 sites"
