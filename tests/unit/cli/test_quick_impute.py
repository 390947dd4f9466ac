"""`impute` without Typer means what it means with it, and loads little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields
from math import inf
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.commands.impute import impute
from app.cli.quick import read_plainly
from app.cli.tree import build
from app.cli.work.impute_order import AUTO, ENGINES, KERNELS, LIMITS, PHASINGS, Order
from app.cli.work.usage import WrongUsageError
from app.imputation.built_in.choice import KernelChoice
from app.imputation.contract import EngineName, ImputationRequest, PhasingName
from tests.helpers.command_line import Cli
from tests.unit.imputation.vcf import panel_rows, write_vcf

LEAST = ["t.vcf", "--panel-file", "p.vcf", "--out", "o"]
PLAIN = {
    "least": LEAST,
    "files behind": ["--panel-file", "p.vcf", "--out", "o", "t.vcf", "u.vcf"],
    "with equals": ["t.vcf", "--panel-file=p.vcf", "--out=o", "--min-r2=0.3", "--kernel=numpy"],
    "numbers": [*LEAST, "--threads", "3", "--memory", "512", "--seed", "0", "--min-r2", "1e-1"],
    "several": [*LEAST, "--panel-file", "q.hpanel", "--map", "a.map", "--map=b.map"],
    "words": [*LEAST, "--engine", "beagle", "--phasing", "none"],
    "the last counts": [*LEAST, "--out", "p", "--seed", "2", "--seed", "3"],
}
LEFT_TO_TYPER = {
    "digits of another script": [*LEAST, "--memory", "٥١٢"],
    "help": ["--help"],
    "no folder": ["t.vcf", "--panel-file", "p.vcf"],
    "no panel": ["t.vcf", "--out", "o"],
    "no files": ["--panel-file", "p.vcf", "--out", "o"],
    "unknown": [*LEAST, "--fast"],
    "no number": [*LEAST, "--threads", "many"],
    "no whole number": [*LEAST, "--threads", "1.5"],
    "no value": [*LEAST, "--map"],
    "negative": [*LEAST, "--seed", "-1"],
    "files as an option": [*LEAST, "--files", "x"],
    "another name": [*LEAST, "--genetic-map", "x"],
    "behind two dashes": [*LEAST, "--", "--x"],
    "underscores": [*LEAST, "--min_r2", "0.3"],
}
IMPOSSIBLE = {
    "an engine": ["--engine", "x"],
    "a phasing": ["--phasing", "x"],
    "a kernel": ["--kernel", "x"],
    "the kernel of another engine": ["--engine", "beagle", "--kernel", "c"],
    "no thread": ["--threads", "0"],
    "a little memory": ["--memory", "255"],
    "a large R2": ["--min-r2", "1.1"],
    "no R2": ["--min-r2", "nan"],
}


def by_typer(words: list[str], monkeypatch: pytest.MonkeyPatch) -> Order:
    """What the command makes of words."""
    taken: list[Order] = []
    monkeypatch.setattr("app.cli.work.impute.impute", lambda _, order: taken.append(order))
    monkeypatch.setattr("app.cli.commands.impute.session_of", lambda _: None)
    app = typer.Typer()
    app.command()(impute)
    typer.main.get_command(app).main(words, standalone_mode=False)
    return taken[0]


@pytest.mark.parametrize("words", PLAIN.values(), ids=PLAIN.keys())
def test_plain_words_mean_the_same(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_plainly(Order, words, "files") == by_typer(words, monkeypatch)


@pytest.mark.parametrize("words", LEFT_TO_TYPER.values(), ids=LEFT_TO_TYPER.keys())
def test_everything_else_is_left_to_typer(words: list[str]) -> None:
    assert read_plainly(Order, words, "files") is None


@pytest.mark.parametrize("words", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_cannot_be_is_explained(words: list[str], cli: Cli, tmp_path: Path) -> None:
    with pytest.raises(WrongUsageError, match=words[-2]):
        read_plainly(Order, [*LEAST, *words], "files")
    told = cli("impute", *LEAST[:-1], str(tmp_path / "o"), *words)
    assert told.code == 2
    assert words[-2] in told.err
    assert not (tmp_path / "o").exists()


def declared() -> dict[str, Any]:
    """What Typer was told of each option."""
    command = typer.main.get_command(build()).commands["impute"]  # type: ignore[attr-defined]
    return {each.opts[0].removeprefix("--").replace("-", "_"): each for each in command.params}


def test_both_ways_have_the_same_options_defaults_and_limits() -> None:
    options = declared()
    assert options.keys() - {"help"} == {each.name for each in fields(Order)}
    for each in fields(Order):
        option = options[each.name]
        assert option.required == (each.name in ("files", "panel_file", "out"))
        if not option.required:
            assert (option.default or None) == (each.default or None)
        told = (-inf if option.min is None else option.min, inf if option.max is None else option.max)
        assert told == LIMITS.get(each.name, (-inf, inf))


def test_the_words_are_those_of_the_engines() -> None:
    asked = {each.name: each.default for each in fields(ImputationRequest)}
    assert (Order.memory, Order.seed, Order.min_r2) == (asked["memory_mb"], asked["seed"], asked["min_r2"])
    assert set(ENGINES) == set(EngineName)
    assert set(KERNELS) == set(KernelChoice)
    assert set(PHASINGS) == {*PhasingName, AUTO}


def test_all_processors_are_used_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.work.impute_order.usable_processors", lambda: 7)
    assert Order((), (), Path()).processors == 7
    assert Order((), (), Path(), threads=2).processors == 2


def test_it_runs_without_what_is_slow_to_import_or_large(tmp_path: Path) -> None:
    """Each of these takes megabytes, of which a small job takes twenty besides Python and NumPy."""
    panel = write_vcf(tmp_path / "panel.vcf", panel_rows())
    target = write_vcf(tmp_path / "target.vcf", [(5000, "A", "C", ["0|1"])], prefix="T")
    words = ["impute", str(target), "--panel-file", str(panel), "--out", str(tmp_path / "o")]
    script = (
        "import json, sys; from app.__main__ import main; code = main(sys.argv[1:]);"
        "json.dump(sorted(sys.modules), sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", script, "--home", str(tmp_path / "home"), "--quiet", *words]
    run = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), timeout=100)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "o" / "chr20.dose.vcf.gz").exists()
    loaded = set(json.loads(run.stderr))
    needless = {
        "pydantic",
        "typer",
        "asyncio",
        "sqlalchemy",
        "sqlite3",
        "httpx",
        "multiprocessing",
        "keyring",
    }
    needless |= {"_hashlib", "subprocess", "email", "decimal", "zipfile", "numpy.ma", "numpy.random"}
    needless |= {f"app.imputation.{name}" for name in ("beagle", "minimac4", "phasing", "part_run")}
    needless |= {"app.domain.model", "app.operations.rule_files", "app.imputation.built_in.torch_kernel"}
    assert not needless & loaded
