"""Commands over files that start at once, where they are written plainly.

Typer, with which all commands are declared, costs as much CPU as reading a small file, and a tenth of the
memory of a small job. What is not understood here (help, mistakes, jobs by name) is left to it, so that there
is one place which explains.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from app.cli.work.usage import WrongUsageError

if TYPE_CHECKING:
    from app.cli.program import Session

W = TypeVar("W")


def run_quickly(told: Sequence[str], rest: Sequence[str], session: Session) -> bool:
    """Run a command that is written plainly; False where it is another, or another way of writing it."""
    found = next((each for each in _QUICK if tuple(rest[: len(each)]) == each), None)
    if found is None or "--version" in told:
        return False
    gc.disable()  # while modules are loaded: nothing of it becomes garbage
    try:
        return _QUICK[found](rest[len(found) :], session)
    except WrongUsageError:
        return False
    finally:
        gc.enable()


def _filter(words: Sequence[str], session: Session) -> bool:
    from app.cli.work.filter_results import Words, filter_results, request_of

    read = read_plainly(Words, words, "source")
    if read is None or not Path(read.source).exists():
        return False
    request = request_of(read)
    _load("app.results.export.conversion")
    filter_results(session, read.source, request)
    return True


def _impute(words: Sequence[str], session: Session) -> bool:
    from app.cli.work.impute_order import Order

    order = read_plainly(Order, words, "files")
    if order is None:
        return False
    _load("app.cli.work.impute")
    from app.cli.work.impute import impute

    impute(session, order)
    return True


_QUICK: dict[tuple[str, ...], Callable[[Sequence[str], Session], bool]] = {
    ("results", "filter"): _filter,
    ("impute",): _impute,
}


def _load(module: str) -> None:
    """Load what is slow to load; from then on garbage is collected."""
    if "numpy" not in sys.modules:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing is multiplied; threads cost CPU to start
        import_module(module)
        gc.freeze()  # all that is there stays
    gc.enable()


def read_plainly(kind: type[W], words: Sequence[str], argument: str) -> W | None:
    """Options by the fields of a dataclass, and what comes without one as `argument`; None if not plain.

    WrongUsageError where they are plain and cannot be meant.
    """
    kinds: dict[str, Any] = {each.name: each.type for each in fields(kind)}  # type: ignore[arg-type]
    found: dict[str, Any] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        option, equals, value = word.partition("=")
        name = option.removeprefix("--").replace("-", "_")
        if not word.startswith("-"):
            name, value = argument, word
            if name in found and not kinds[name].startswith("tuple"):
                return None
        elif name not in kinds or name == argument or not option.startswith("--") or "_" in option:
            return None
        elif kinds[name] == "bool":
            if equals:
                return None
        elif not equals:
            if not waiting or waiting[0].startswith("-"):
                return None
            value = waiting.pop(0)
        try:
            found[name] = _valued(kinds[name], value, found.get(name, ()))
        except ValueError:
            return None
    return kind(**found) if _required(kind) <= found.keys() else None


def _required(kind: type[object]) -> set[str]:
    return {each.name for each in fields(kind) if each.default is MISSING}  # type: ignore[arg-type]


def _valued(kind: str, value: str, before: tuple[Any, ...]) -> Any:
    """ValueError where it is no number and should be one."""
    if kind == "bool":
        return True
    if kind.startswith("tuple"):
        return (*before, _MADE[kind.removeprefix("tuple[").removesuffix(", ...]")](value))
    kind = kind.removesuffix(" | None")
    if kind in ("int", "float") and not value.isascii():  # Python knows the digits of all scripts
        raise ValueError(value)
    return _MADE[kind](value)


_MADE: dict[str, Callable[[str], Any]] = {"str": str, "int": int, "float": float, "Path": Path}
