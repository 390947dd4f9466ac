"""A command that is ended leaves no copy of genotypes behind, and clears away what a killed one left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.work.check import SCRATCH as CHECKING
from app.cli.work.repair import SCRATCH as REPAIRING
from app.genotypes.repair.staging import HIDDEN
from tests.helpers.command_line import Cli
from tests.unit.cli.test_check import vcf

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of this kind are not known there")

STOPPED = """
import sys, time, pathlib
from app.cli.work import check, repair

def wait(folder):
    (pathlib.Path(folder) / "genotypes").write_bytes(b"0/1")
    print(folder, flush=True)
    time.sleep(60)

check.check_files = lambda paths, options, report, folder: wait(folder)
repair.repair_errand = lambda errand, out, home, report: wait(errand.work)
repair.plan_errand = lambda errand, report: wait(errand.work)
from app.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def started(folder: Path, *arguments: str | Path) -> tuple[subprocess.Popen[str], Path]:
    """A command that waits in the middle of its work, and the folder it works in."""
    (folder / "temporary").mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(folder / "temporary"), "HAPLODESK_HOME": str(folder / "home")}
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED, *map(str, arguments), "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["check", "repair", "plan"])
def test_told_to_end_it_leaves_nothing(tmp_path: Path, command: str, number: signal.Signals) -> None:
    upload, out = vcf(tmp_path), tmp_path / "out"
    more = {"check": (), "repair": ("--out", out), "plan": ("--out", out, "--plan")}[command]
    process, work = started(tmp_path, "check" if command == "check" else "repair", upload, *more)
    with process:
        assert (work / "genotypes").is_file()
        process.send_signal(number)
        assert process.wait(30) == 128 + number, process.stderr and process.stderr.read()
    assert not work.exists()
    assert not out.exists()
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize(("command", "prefix"), [("check", CHECKING), ("repair", HIDDEN)])
def test_what_a_killed_one_left_goes_with_the_next(
    cli: Cli, tmp_path: Path, command: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = vcf(tmp_path)
    more = ("--out", tmp_path / "out") if command == "repair" else ()
    process, work = started(tmp_path, command, upload, *more)
    with process:
        process.kill()
    folder = next(each for each in (work, *work.parents) if each.name.startswith(prefix))
    assert (work / "genotypes").is_file()
    os.utime(folder, (0, 0))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert cli(command, upload, *more).code == 0
    assert not folder.exists()


def test_a_repair_of_the_window_in_the_same_folder_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    other = tmp_path / "out" / f"{HIDDEN}window"
    other.mkdir(parents=True)
    os.utime(other, (0, 0))
    assert cli("repair", vcf(tmp_path), "--out", tmp_path / "out").code == 0
    assert other.is_dir()
    assert REPAIRING != HIDDEN
