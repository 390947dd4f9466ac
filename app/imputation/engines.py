"""Which engines are on this computer, and where."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from app import __version__
from app.imputation.contract import Engine, EngineName

_JARS = ("/usr/share/beagle/beagle.jar", "/usr/local/share/beagle/beagle.jar")


def engines() -> tuple[Engine, ...]:
    """All engines, present or not; the built-in one is always there. Looks once and remembers."""
    return tuple(find_engine(name) for name in EngineName)


@functools.cache
def find_engine(name: EngineName) -> Engine:
    """One engine, with its version where the program tells it."""
    if name is EngineName.BUILTIN:
        return Engine(name=name, present=True, version=__version__)
    is_minimac = name is EngineName.MINIMAC4
    command = minimac4_command() if is_minimac else beagle_command()
    if command is None:
        return Engine(name=name, present=False)
    if is_minimac:
        version = _told([*command, "--version"], r"minimac v(\S+)")
    else:
        version = _told(command, r"beagle\.([\w.]+)\.jar")
    return Engine(name=name, present=True, version=version)


def minimac4_command() -> list[str] | None:
    """How Minimac4 is started."""
    found = shutil.which("minimac4")
    return [found] if found else None


def beagle_command(memory_mb: int = 512) -> list[str] | None:
    """How Beagle is started: Java with a memory limit and the jar of `HAPLODESK_BEAGLE_JAR` or the system."""
    java = shutil.which("java")
    jars = [os.environ.get("HAPLODESK_BEAGLE_JAR", ""), *_JARS]
    jar = next((each for each in jars if each and Path(each).is_file()), None)
    return [java, f"-Xmx{memory_mb}m", "-jar", jar] if java and jar else None


def _told(command: list[str], pattern: str) -> str:
    """The version in what a program prints when it is asked for nothing else."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(pattern, answer.stdout + answer.stderr)
    return found.group(1) if found else ""
