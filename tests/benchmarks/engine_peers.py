"""Runs an engine as a process of its own and measures it: CPU and wall seconds, and peak resident memory."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.engine_cases import Case

THREADS = 2
BEAGLE = "/usr/share/beagle/beagle.jar"
ROOT = Path(__file__).resolve().parents[2]
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Used:
    """What a run took; `peak_mb` is the highest sum over its processes at one moment."""

    cpu: float
    wall: float
    peak_mb: float


def measured(command: Sequence[str | Path], folder: Path, name: str) -> Used:
    """Run a command with its words in `folder/name.log`; CalledProcessError when it fails.

    Compiled modules are kept, as where the program is installed: to compile them takes time and memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with (folder / f"{name}.log").open("wb") as log:
        words = [str(each) for each in command]
        child = subprocess.Popen(words, stdout=log, stderr=log, cwd=ROOT, env=clean)
        peak, over = [0.0], threading.Event()
        watch = threading.Thread(target=_watch, args=(child.pid, peak, over))
        watch.start()
        code = child.wait()
        over.set()
        watch.join()
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        raise subprocess.CalledProcessError(code, words)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    used = Used(round(cpu, 2), round(wall, 2), round(peak[0], 1))
    (folder / f"{name}.json").write_text(json.dumps(asdict(used)), encoding="utf-8")
    return used


def kept(folder: Path, name: str) -> Used | None:
    """What an earlier run took, where its output was kept."""
    path = folder / f"{name}.json"
    return Used(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _watch(pid: int, peak: list[float], over: threading.Event) -> None:
    while not over.wait(_LOOK_SECONDS):
        peak[0] = max(peak[0], sum(_resident(each) for each in _family(pid)) / 1024)


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                children = Path(f"/proc/{each}/task/{task}/children").read_text(encoding="ascii")
                found += [int(child) for child in children.split()]
        except OSError:
            continue
    return found


def _resident(pid: int) -> int:
    """Kilobytes of a process that are its own or its share of what is shared."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def minimac4(case: Case, out: Path) -> tuple[Path, Used]:
    """Impute the phased target; one piece, since its own end where a piece has no site."""
    dose = out / "minimac4.vcf.gz"
    command: list[str | Path] = [
        "minimac4",
        case.msav,
        case.phased,
        "-o",
        dose,
        "-O",
        "vcf.gz",
        "-f",
        "GT,DS,HDS",
    ]
    command += ["-e", out / "minimac4.empirical.vcf.gz", "-t", str(THREADS), "--map", case.map]
    command += ["--chunk", "300000000"] if case.name.startswith("pgx") else []
    return dose, measured(command, out, "minimac4")


def beagle(case: Case, out: Path, *, impute: bool) -> tuple[Path, Used]:
    """Phase the unphased target, and impute it in the same run if asked."""
    name = "beagle" if impute else "beagle_phasing"
    command: list[str | Path] = [
        "java",
        "-Xmx6g",
        "-jar",
        BEAGLE,
        f"gt={case.target}",
        f"ref={case.panel}",
        f"map={case.map}",
    ]
    command += [f"out={out / name}", f"impute={str(impute).lower()}", f"nthreads={THREADS}", "seed=1"]
    return out / f"{name}.vcf.gz", measured(command, out, name)


def ours(
    case: Case, out: Path, panel: Path, *, phased: bool, options: Sequence[str] = ()
) -> tuple[Path, Used]:
    """The built-in engine as `haplodesk impute` runs it, on phased or unphased input."""
    name = "ours" if phased else "ours_unphased"
    target = case.phased if phased else case.target
    told = ["--phasing", "none" if phased else "builtin", *options]
    used = _impute([target], [panel], [case.map], out, name, told)
    return next((out / name).rglob("*.dose.vcf.gz")), used


def ours_together(cases: Sequence[Case], out: Path, panels: Sequence[Path]) -> Used:
    """The built-in engine on the phased input of some chromosomes in one run."""
    targets, maps = [each.phased for each in cases], [each.map for each in cases]
    return _impute(targets, panels, maps, out, "ours", ["--phasing", "none"])


def _impute(
    targets: Sequence[Path],
    panels: Sequence[Path],
    maps: Sequence[Path],
    out: Path,
    name: str,
    options: Sequence[str],
) -> Used:
    command: list[str | Path] = [sys.executable, "-m", "app", "--quiet", "impute", *targets]
    for option, files in (("--panel-file", panels), ("--map", maps)):
        command += [word for each in files for word in (option, each)]
    command += ["--out", out / name, "--engine", "builtin", "--threads", str(THREADS), *options]
    shutil.rmtree(out / name, ignore_errors=True)
    return measured(command, out, name)
