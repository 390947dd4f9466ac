"""The shape of the house: sizes of functions and files, headless imports, no traces of a machine.

The layers are held by the import contracts, which `packaging/dev.py check` looks at.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "app").rglob("*.py"))
HEADLESS = ("cli", "domain", "genotypes", "imputation", "notify", "operations", "practice", "results")
HEADLESS += ("scheduler", "services", "store", "transport", "workflows")
FORBIDDEN_WORDS = {"utils", "misc", "common", "manager", "helper"}
# A program for graphics cards, in the words of a library that only comes with PyTorch for one.
FOR_A_CARD = {"app.imputation.built_in.torch_fused"}


class Seen(NamedTuple):
    """What is to be known of all modules, read once."""

    sizes: dict[str, int]
    silent: list[str]
    printing: list[Path]


@pytest.fixture(scope="module")
def seen() -> Seen:
    """Sizes of functions, public things without docstrings, and modules that print."""
    found = Seen({}, [], [])
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found.sizes.update(functions(path, tree))
        found.silent.extend(_undocumented(path, tree))
        if _prints(tree):
            found.printing.append(path)
    return found


def functions(path: Path, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Name and lines of code of each function: from the first line of its body, without its docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", lines


def tracked() -> list[Path]:
    """The files of the repository; skips where there is no repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is not a checkout")
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_functions_are_short(seen: Seen) -> None:
    long = sorted((lines, name) for name, lines in seen.sizes.items() if lines > 40)
    assert statistics.median(seen.sizes.values()) <= 10
    assert len(long) <= 0.05 * len(seen.sizes), long


def test_files_are_short() -> None:
    paths = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "packaging").glob("*.py"))]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert [str(path) for path, lines in sizes.items() if lines > 800] == []
    long = [str(path) for path, lines in sizes.items() if lines > 500]
    assert len(long) <= 0.05 * len(sizes), long


def test_names_say_what_is_inside() -> None:
    parts = {
        part for path in SOURCES for part in re.split(r"[/_]", str(path.relative_to(ROOT).with_suffix("")))
    }
    assert parts & FORBIDDEN_WORDS == set()


def test_every_package_says_what_lives_there() -> None:
    packages = [path for path in SOURCES if path.name == "__init__.py"]
    silent = [
        str(p.relative_to(ROOT)) for p in packages if not ast.get_docstring(ast.parse(p.read_text("utf-8")))
    ]
    assert silent == []


def test_every_public_thing_has_a_docstring(seen: Seen) -> None:
    assert seen.silent == []


def _undocumented(path: Path, tree: ast.Module) -> Iterator[str]:
    if ast.get_docstring(tree) is None:
        yield str(path.relative_to(ROOT))
    for node in tree.body:
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named and not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def _modules(package: str) -> list[str]:
    paths = [path for path in SOURCES if path.relative_to(ROOT / "app").parts[0] == package]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    names = [name for name in names if name not in FOR_A_CARD]
    return [name.removesuffix(".__init__") for name in names if "migrations" not in name]


def test_the_program_runs_headless() -> None:
    """Every module outside the window is imported in a fresh process, and Qt is not there afterwards."""
    modules = [name for package in HEADLESS for name in _modules(package)]
    code = f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
    code += (
        "print([name for name in sys.modules if name.split('.')[0] in ('PySide6', 'shiboken6', 'pyqtgraph')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_print_is_for_the_command_line(seen: Seen) -> None:
    """And for the one sentence of `application.py` when there is no screen for a window."""
    others = [path for path in seen.printing if "cli" not in path.parts and path.name != "application.py"]
    assert others == []


def _prints(tree: ast.Module) -> bool:
    calls = (n for n in ast.walk(tree) if isinstance(n, ast.Call))
    return any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls)


def test_no_traces_of_a_machine() -> None:
    """No absolute paths of a developer's machine, no hosts of package indexes, no keys in any file."""
    patterns = (
        r"(?<![\w.])/(?:work|root)/",
        r"pypi\.org|pythonhosted|files\.python",
        r"(?:index|registry)[_-]url|--(?:extra-)?index",
        r"-----BEGIN [A-Z ]*PRIVATE KEY",
    )
    traces = re.compile("|".join(patterns))
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        if path != Path(__file__).resolve() and path.stat().st_size < 2_000_000
        for match in traces.finditer(path.read_bytes().decode("utf-8", errors="ignore"))
    ]
    assert found == []
