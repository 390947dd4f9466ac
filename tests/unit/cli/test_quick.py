"""What is read without Typer is read as Typer reads it, and starts without what it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from app.cli.commands.filter_results import filter_results
from app.cli.quick import read_plainly
from app.cli.tree import build
from app.cli.work.filter_results import Words, request_of
from app.domain.export import ExportFormat, ExportRequest, PresetName
from tests.helpers.command_line import Cli
from tests.helpers.dose_rows import haplotypes, write_result

PLAIN = {
    "least": ["x.vcf.gz", "--out", "o"],
    "source behind": ["--out", "o", "x.vcf.gz"],
    "with equals": ["x", "--out=o", "--min-r2=0:0.8,0.05:0.3", "--format=pgen"],
    "numbers": ["x", "--out", "o", "--min-maf", "0.01", "--min-mac", "5", "--min-er2", "1e-1"],
    "flags": ["x", "--out", "o", "--phased", "--plain-names", "--no-read-back", "--replace", "--typed-by-r2"],
    "regions": ["x", "--out", "o", "--region", "chr20", "--region=chr21:1-5"],
    "preset": ["x", "--out", "o", "--preset", "regenie", "--hard-call-threshold", "0.2"],
    "the last counts": ["x", "--out", "o", "--out", "p", "--format", "bed", "--format", "tsv"],
    "plink2": ["x", "--out", "o", "--with-plink2", "--format", "bed"],
}
LEFT_TO_TYPER = {
    "help": ["--help"],
    "no folder": ["x"],
    "no source": ["--out", "o"],
    "two sources": ["x", "y", "--out", "o"],
    "unknown": ["x", "--out", "o", "--fast"],
    "short": ["x", "-o", "o"],
    "no number": ["x", "--out", "o", "--min-maf", "often"],
    "no value": ["x", "--out"],
    "a flag with a value": ["x", "--out", "o", "--phased=yes"],
    "behind two dashes": ["--out", "o", "--", "--x"],
    "underscores": ["x", "--out", "o", "--min_r2", "0.3"],
    "negative": ["x", "--out", "o", "--min-maf", "-1"],
}


def by_typer(words: list[str], monkeypatch: pytest.MonkeyPatch) -> ExportRequest:
    """What the command makes of words."""
    taken: list[tuple[str, ExportRequest]] = []
    monkeypatch.setattr(
        "app.cli.work.filter_results.filter_results", lambda _, source, made: taken.append((source, made))
    )
    monkeypatch.setattr("app.cli.commands.filter_results.session_of", lambda _: None)
    app = typer.Typer()
    app.command()(filter_results)
    typer.main.get_command(app).main(words, standalone_mode=False)
    ((source, request),) = taken
    assert source == request.source
    return request


@pytest.mark.parametrize("words", PLAIN.values(), ids=PLAIN.keys())
def test_plain_words_mean_the_same(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_plainly(Words, words, "source")
    assert read is not None
    assert request_of(read) == by_typer(words, monkeypatch)


@pytest.mark.parametrize("words", LEFT_TO_TYPER.values(), ids=LEFT_TO_TYPER.keys())
def test_everything_else_is_left_to_typer(words: list[str]) -> None:
    assert read_plainly(Words, words, "source") is None


def test_no_option_is_forgotten() -> None:
    results = typer.main.get_command(build()).commands["results"]  # type: ignore[attr-defined]
    command = results.commands["filter"]
    options = {each.opts[0].removeprefix("--").replace("-", "_") for each in command.params}
    assert options - {"help"} == {each.name for each in fields(Words)}
    told = request_of(Words("x", "o", format="bgen", preset="bolt"))
    assert (told.format, told.preset) == (ExportFormat.BGEN, PresetName.BOLT)


def test_wrong_values_are_explained(cli: Cli, tmp_path: Path) -> None:
    source = write_result(tmp_path / "x.dose.vcf.gz", haplotypes(5, 3))
    told = cli("results", "filter", str(source), "--out", str(tmp_path / "o"), "--hard-call-threshold", "0.7")
    assert told.code == 2
    assert "hard-call-threshold" in told.err


def test_a_file_is_exported_without_what_is_slow_to_import(tmp_path: Path) -> None:
    """A quarter of a second each, on a slow machine."""
    source = write_result(tmp_path / "x.dose.vcf.gz", haplotypes(20, 3))
    words = ["results", "filter", str(source), "--out", str(tmp_path / "o"), "--format", "pgen"]
    script = (
        "import sys; from app.__main__ import main; code = main(sys.argv[1:]);"
        "slow = {'pydantic', 'typer', 'asyncio', 'sqlalchemy', 'httpx', 'multiprocessing', 'keyring'};"
        "sys.exit(code or ' '.join(sorted(slow & sys.modules.keys())) or None)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        timeout=100,
    )
    assert run.returncode == 0, run.stderr
    assert "equal" in run.stdout
    assert sorted(each.name for each in (tmp_path / "o").iterdir()) == ["x.pgen", "x.psam", "x.pvar"]
