"""The program without Python: built, asked who it is, made to check itself, its window seen on a screen."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import __version__
from tests.helpers.displays import screen

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The built program; the folder is removed after the tests, it is large."""
    folder = tmp_path_factory.mktemp("build")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(folder / "dist"), "--workpath", str(folder / "work"), "build.spec"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    yield folder / "dist" / "haplodesk" / ("haplodesk.exe" if os.name == "nt" else "haplodesk")
    shutil.rmtree(folder, ignore_errors=True)


def ask(program: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HAPLODESK_HOME": str(home), "HAPLODESK_KEYRING": "memory"}
    return subprocess.run(
        [str(program), *words],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_it_says_who_it_is(program: Path, tmp_path: Path) -> None:
    done = ask(program, tmp_path, "--version")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, f"haplodesk {__version__}", "")


def test_it_checks_itself(program: Path, tmp_path: Path) -> None:
    """Database, migrations, kernel, archives, a process of its own, engines, families and Qt."""
    done = ask(program, tmp_path, "self-check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_brings_its_licences_and_no_tools_of_developers(program: Path) -> None:
    names = {path.name for path in program.parent.rglob("*")}
    assert {"LICENSE", "LICENCES.md", "catalogue.json"} <= names
    assert names & {"pytest", "hypothesis", "mypy", "ruff", "scipy"} == set()


@pytest.mark.needs_display
@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is missing")
def test_its_window_opens(program: Path, tmp_path: Path) -> None:
    with screen() as display:
        environment = {k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")}
        environment |= {"DISPLAY": display, "HAPLODESK_HOME": str(tmp_path), "HAPLODESK_KEYRING": "memory"}
        with (tmp_path / "errors.txt").open("wb") as errors:
            running = subprocess.Popen([str(program)], cwd=tmp_path, env=environment, stderr=errors)
            try:
                assert _window_seen(environment, running), (tmp_path / "errors.txt").read_text()
            finally:
                running.send_signal(signal.SIGTERM)
                running.wait(30)
    assert "Traceback" not in (tmp_path / "errors.txt").read_text()


def _window_seen(environment: dict[str, str], running: subprocess.Popen[bytes]) -> bool:
    command = ["xdotool", "search", "--onlyvisible", "--name", "Haplodesk"]
    end = time.monotonic() + 60
    while time.monotonic() < end and running.poll() is None:
        found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if found.stdout.strip():
            return True
        time.sleep(0.2)
    return False
