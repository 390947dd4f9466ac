"""The whole way by the command line, each command a process of its own, against the practice server."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import SITES, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
TERMS = ("--option", "check1=accepted", "--option", "check2=accepted", "--option", "population=off")
PASSWORD = "Chosen.By-Me_12345"
LIMIT_S = 240


@dataclass
class Shell:
    """Runs `haplodesk` as a person would."""

    home: Path
    environment: dict[str, str]

    def start(self, *words: str | Path, **more: Any) -> subprocess.Popen[str]:
        """A command that goes on."""
        command = [sys.executable, "-m", "app", "--home", str(self.home), "--json", *map(str, words)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=self.environment, cwd=ROOT, text=True, **pipes, **more)

    def run(self, *words: str | Path, stdin: str = "", code: int = 0) -> dict[str, Any]:
        """A command to its end; its one object."""
        with self.start(*words) as process:
            out, err = process.communicate(stdin, timeout=LIMIT_S)
        assert process.returncode == code, (words, out, err)
        assert "Traceback" not in err
        found: dict[str, Any] = json.loads(out)
        return found


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "HAPLODESK_SHARED") if key in os.environ}
    for name in ("user", "run"):
        (tmp_path / name).mkdir(mode=0o700)
    folders = {"HOME": str(tmp_path / "user"), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    return kept | folders | {"LC_ALL": "C.UTF-8", "PYTHONWARNINGS": "error"} | more


@contextmanager
def served(shell: Shell, mode: str) -> Iterator[dict[str, Any]]:
    """The practice server as a command; what it told."""
    process = shell.start("practice", "serve", "--mode", mode)
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            break
    try:
        yield json.loads(text)
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "Traceback" not in err


def set_faults(server: dict[str, Any], **faults: object) -> None:
    request = urllib.request.Request(
        f"{server['base_url']}/practice/faults",
        json.dumps(faults).encode(),
        {"X-Practice-Key": server["practice_key"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        assert reply.status == 200


@pytest.fixture
def memory(tmp_path: Path, world: World) -> Shell:
    """Secrets die with each command: tokens and passwords are given to each that needs them.

    The practice server finds panels of few sites in its folder; the other test lets it make its own.
    """
    shutil.copytree(world.panels, tmp_path / "home" / "practice" / "panels")
    return Shell(tmp_path / "home", environment(tmp_path, HAPLODESK_KEYRING="memory"))


def add(shell: Shell, server: dict[str, Any]) -> str:
    words = ("services", "add", "Practice", "--preset", "practice", "--url", server["base_url"])
    (row,) = shell.run(*words, "--token-stdin", stdin=server["token"] + "\n")["services"]
    assert row["token"]["present"]
    return str(row["id"])


def test_without_a_keyring(memory: Shell, tmp_path: Path) -> None:
    data = memory.run("practice", "data", tmp_path / "data", "--sites", str(SITES))
    cohort = [path for path in data["files"] if "/cohort/" in path]
    lines = [line for path in cohort for line in gzip.decompress(Path(path).read_bytes()).splitlines()]
    typed = sum(not line.startswith(b"#") for line in lines)
    flips = tmp_path / "data" / "with-faults" / "unsorted.vcf.gz"
    with served(memory, "cg3-local") as server:
        service = add(memory, server)
        secrets = f"{server['token']}\n{PASSWORD}\n"
        both = ("--token-stdin", "--password-stdin")
        where = ("--service", service, "--panel", "practice-hg19")
        assert memory.run("check", *cohort, "--service", service)["accepted"] is True
        refused = memory.run("submit", flips, *where, *both, stdin=secrets, code=3)
        told = [refused["problem"], *refused["more_problems"]]
        assert any("not in the order" in each["what_happened"] for each in told)
        assert any("re-identify" in each["what_happened"] for each in told)
        sent = memory.run("submit", *cohort, *where, *TERMS, *both, "--wait", stdin=secrets)
        job = sent["job"]["id"]
        assert sent["job"]["state"] == "success"
        wrong = memory.run("results", "fetch", job, *both, stdin=f"{server['token']}\nwrong\n", code=3)
        assert wrong["problem"]["kind"] == "input"
        result = memory.run("results", "fetch", job, "--to", tmp_path / "r", *both, stdin=secrets)["result"]
        assert result["state"] == "verified"
        books = result["ledger"]
        assert books["complete"], books["remarks"]
        assert books["adds_up"]
        stations = ("sent", "accepted", "typed", "imputed", "downloaded")
        assert [sum(row[at] for row in books["chromosomes"]) for at in stations] == [typed] * 3 + [
            2 * SITES
        ] * 2
        assert (books["samples"]["sent"], books["samples"]["order_kept"]) == (60, True)
        indexes = sorted(path.name for path in (tmp_path / "r").glob("*.tbi"))
        assert indexes == [f"chr{n}.{kind}.gz.tbi" for n in (20, 22) for kind in ("dose.vcf", "info")]
        kept_out = {path.name for path in (tmp_path / "r").rglob("*.zip*")} | {
            path.name for path in (tmp_path / "r").rglob("*.part")
        }
        assert kept_out == set()
        report = memory.run("results", "report", job)
        assert report["samples"] == 60
        assert report["variants"] == 2 * SITES
        assert report["by_maf"][-1]["mean_r2"] > 0.9
    log = "".join(path.read_text() for path in (memory.home / "logs").iterdir())
    assert server["token"] not in log
    assert PASSWORD not in log


def test_ctrl_c_ends_the_watching_and_not_the_job(memory: Shell, world: World) -> None:
    cohort = world.data.cohort
    with served(memory, "cg2") as server:
        service = add(memory, server)
        set_faults(server, hold_jobs=True)
        where = ("--service", service, "--panel", "practice-hg19", "--no-check")
        words = ("submit", *cohort, *where, *TERMS, "--token-stdin", "--wait")
        with memory.start(*words) as process:
            assert process.stdin is not None
            assert process.stderr is not None
            process.stdin.write(server["token"] + "\n")
            process.stdin.flush()
            for line in process.stderr:
                if "queued" in line:
                    break
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert out == ""
        assert "Traceback" not in err
        (job,) = memory.run("jobs", "list")["jobs"]
        assert job["state"] == "queued"
        set_faults(server, hold_jobs=False)
        done = memory.run("jobs", "watch", job["id"], "--token-stdin", stdin=server["token"] + "\n")
        assert done["jobs"][0]["state"] == "success"


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Shell]:
    """A session bus and an unlocked gnome-keyring of the test's own."""
    if not (shutil.which("gnome-keyring-daemon") and shutil.which("dbus-daemon")):
        pytest.skip("gnome-keyring or dbus-daemon is not installed")
    known = environment(tmp_path)
    bus_command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    bus = subprocess.Popen(bus_command, env=known, stdout=subprocess.PIPE, text=True)
    assert bus.stdout is not None
    known["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"],
        env=known, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert daemon.stdin is not None
    daemon.stdin.write("test-pass")
    daemon.stdin.close()
    end = time.monotonic() + 20
    while not (tmp_path / "run" / "keyring" / "control").exists() and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.5)
    try:
        yield Shell(tmp_path / "home", known)
    finally:
        for process in (daemon, bus):
            process.terminate()
            process.wait(10)
        bus.stdout.close()


def test_with_the_keyring_of_the_system(keyring: Shell, tmp_path: Path) -> None:
    data = keyring.run("practice", "data", tmp_path / "data", "--samples", "30")
    cohort = [path for path in data["files"] if "/cohort/" in path]
    with served(keyring, "cg3-s3") as server:
        service = add(keyring, server)
        assert len(keyring.run("panels", "sync")["added"]) == 2
        (panel,) = [p["id"] for p in keyring.run("panels", "list")["panels"] if p["build"] == "GRCh37"]
        assert keyring.run("services", "check")["check"][0]["state"] == "up"
        where = ("--service", service, "--panel", panel)
        job = keyring.run("submit", *cohort, *where, *TERMS, "--name", "My cohort")["job"]["id"]
        assert keyring.run("jobs", "watch", job)["jobs"][0]["state"] == "success"
        result = keyring.run("results", "fetch", "My cohort")["result"]
        assert result["folder"].startswith(str(keyring.home / "results"))
        again = keyring.run("results", "fetch", job)["result"]
        assert again["files"] == result["files"]
        (row,) = keyring.run("jobs", "list", "--state", "success")["jobs"]
        assert {each["state"] for each in row["files"]} == {"verified"}
        assert keyring.run("results", "report", result["folder"])["samples"] == 30
        assert keyring.run("doctor")["components"][0]["state"] == "ok"
        assert keyring.run("backup", "make", tmp_path / "b.db")["counts"]["jobs"] == 1
