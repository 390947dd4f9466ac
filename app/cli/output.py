"""Answers are one JSON object or aligned text on standard output; the rest is on standard error."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from app.cli.bar import Bar
from app.cli.visible import plain_json, visible

if TYPE_CHECKING:
    from app.domain.problem import Problem

PROBLEM_KEYS = ("kind", "title", "what_happened", "what_you_can_do", "retry", "subject")
GAP = "  "
PLAINER = str.maketrans({"–": "-", "−": "-", "“": '"', "”": '"', "’": "'", "→": "->", "≥": ">=", "…": "..."})


class Output:
    """Answers and notes of one call. With `as_json` there is exactly one answer and it is an object."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        for stream in (sys.stdout, sys.stderr):
            _never_fail(stream)
        self.bar = Bar(sys.stderr, shown=not quiet)

    def answer(self, data: dict[str, object], lines: Iterable[str]) -> None:
        """The answer of a command: `data` with `--json`, else the lines."""
        self.bar.clear()
        if self.as_json:
            text = json.dumps(data, ensure_ascii=not _is_utf8(sys.stdout), indent=1, default=_plain)
            _write(sys.stdout, plain_json(text))
        else:
            for line in lines:
                _write(sys.stdout, line)

    def note(self, text: str) -> None:
        """Something worth knowing that is no part of the answer; on standard error."""
        if not self.quiet:
            self.bar.clear()
            _write(sys.stderr, text)

    def problem(self, problem: Problem, more: Sequence[Problem] = ()) -> None:
        """A problem: an object with `--json`, else its sentences; `more` are further ones at once."""
        self.bar.clear()
        if self.as_json:
            data: dict[str, object] = {"problem": problem_row(problem)}
            if more:
                data["more_problems"] = [problem_row(each) for each in more]
            self.answer(data, ())
            return
        for each in (problem, *more):
            _write(sys.stderr, each.sentence())


def problem_row(problem: Problem) -> dict[str, object]:
    """A problem as the contract writes it."""
    return {key: getattr(problem, key) for key in PROBLEM_KEYS}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _never_fail(stream: TextIO | None) -> None:
    """A console that cannot show a letter shows its code instead of ending the program."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None and not _is_utf8(stream):
        reconfigure(errors="backslashreplace")


def _is_utf8(stream: TextIO | None) -> bool:
    return (getattr(stream, "encoding", "") or "").lower().replace("-", "") in {"utf8", "utf8sig"}


def _write(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # a windowed program on Windows has none
        text = visible(text)
        stream.write((text if _is_utf8(stream) else text.translate(PLAINER)) + "\n")
        stream.flush()


def shown(value: object) -> str:
    """A value in a cell: times in local time, nothing as a dash, no control characters of others."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 10 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    return "".join(c if unicodedata.category(c) != "Cc" else " " for c in str(value))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "Nothing there.") -> list[str]:
    """Aligned columns under their heads; numbers to the right. Wide letters count as two."""
    raw = [list(row) for row in rows]
    if not raw:
        return [empty]
    cells = [list(heads), *([shown(value) for value in row] for row in raw)]
    right = [all(isinstance(r[i], int | float | None) for r in raw) for i in range(len(heads))]
    widths = [max(width(line[i]) for line in cells) for i in range(len(heads))]
    return [_aligned(line, widths, right) for line in cells]


def _aligned(line: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    parts = []
    for text, wide, to_right in zip(line, widths, right, strict=True):
        space = " " * (wide - width(text))
        parts.append(space + text if to_right else text + space)
    return GAP.join(parts).rstrip()


def pairs(rows: Iterable[tuple[str, object]]) -> list[str]:
    """Names and values below one another."""
    listed = [(name, shown(value)) for name, value in rows]
    wide = max((width(name) for name, _ in listed), default=0)
    return [f"{name}{' ' * (wide - width(name))}{GAP}{value}" for name, value in listed]


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(_letter_width(letter) for letter in text)


def _letter_width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
