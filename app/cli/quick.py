"""Commands over files that start at once, where they are written plainly.

Typer, with which all commands are declared, costs as much CPU as reading a small file. What is not understood
here (help, mistakes, jobs by name) is left to it, so that there is one place which explains.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.cli.program import Session
    from app.cli.work.filter_results import Words

_FILTER = ["results", "filter"]


def run_quickly(told: Sequence[str], rest: Sequence[str], session: Session) -> bool:
    """Run a command that is written plainly; False where it is another, or another way of writing it."""
    if list(rest[:2]) != _FILTER or "--version" in told:
        return False
    gc.disable()  # while modules are loaded: nothing of it becomes garbage
    try:
        return _filter(rest[2:], session)
    finally:
        gc.enable()


def _filter(words: Sequence[str], session: Session) -> bool:
    from app.cli.work.filter_results import WrongUsageError, filter_results, request_of

    read = filter_words(words)
    if read is None or not Path(read.source).exists():
        return False
    try:
        request = request_of(read)
    except WrongUsageError:
        return False
    if "numpy" not in sys.modules:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing is multiplied; threads cost CPU to start
        import_module("app.results.export.conversion")
        gc.freeze()  # all that is there stays
    gc.enable()
    filter_results(session, read.source, request)
    return True


def filter_words(words: Sequence[str]) -> Words | None:
    """Options and the source of `results filter`; None where they are not plain."""
    from app.cli.work.filter_results import Words

    kinds = {each.name: each.type for each in fields(Words)}
    found: dict[str, Any] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-"):
            if "source" in found:
                return None
            found["source"] = word
            continue
        option, equals, value = word.partition("=")
        name = option.removeprefix("--").replace("-", "_")
        kind = kinds.get(name)
        if kind is None or name == "source" or not option.startswith("--") or "_" in option:
            return None
        if kind == "bool":
            if equals:
                return None
            found[name] = True
            continue
        if not equals:
            if not waiting or waiting[0].startswith("-"):
                return None
            value = waiting.pop(0)
        try:
            found[name] = _valued(kind, value, found.get(name, ()))
        except ValueError:
            return None
    return Words(**found) if {"source", "out"} <= found.keys() else None


def _valued(kind: Any, value: str, before: tuple[str, ...]) -> str | float | tuple[str, ...]:
    """ValueError where it is no number and should be one."""
    if kind == "float":
        return float(value)
    return value if kind == "str" else (*before, value)
