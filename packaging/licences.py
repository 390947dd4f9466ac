"""Write packaging/LICENCES.md: what is installed with the program, and under which licence.

    .venv/bin/python packaging/licences.py            write the table
    .venv/bin/python packaging/licences.py --check    say whether it is up to date

The packages are those that the program needs on any system, found through the metadata of what is installed
here; tools of the developers are left out.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "packaging" / "LICENCES.md"
SYSTEMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
)
# Packages of other systems, which are not installed here, and those whose metadata say it at length only.
KNOWN = {
    "rubicon-objc": "BSD-3-Clause",
    "pywin32-ctypes": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "pycryptodomex": "BSD-2-Clause and public domain",
    "secretstorage": "BSD-3-Clause",
}
FAMILIES = {r"winrt-": "MIT"}
HEAD = """# Licences of what is installed with Haplodesk

Haplodesk itself is under the MIT licence (`LICENSE`). The program needs these packages on one system or
another; made by `packaging/licences.py` from their metadata. Qt and its Python bindings are used under the
LGPL 3 as dynamic libraries in files of their own, which a user may replace.

| package | licence |
|---|---|
"""


def needed() -> list[str]:
    """All packages that the program needs on any of the three systems, without the developers' tools."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    open_ends = [Requirement(line) for line in project["dependencies"]]
    found: set[str] = set()
    while open_ends:
        requirement = open_ends.pop()
        name = canonicalize_name(requirement.name)
        if name not in found and _wanted(requirement):
            found.add(name)
            open_ends += _children(requirement)
    return sorted(found & _locked())


def _locked() -> set[str]:
    """The names of the lock: markers of different packages may exclude one another."""
    lines = (ROOT / "packaging" / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(line.partition("==")[0]) for line in lines if re.match(r"[A-Za-z0-9]", line)}


def _wanted(requirement: Requirement) -> bool:
    return requirement.marker is None or any(
        requirement.marker.evaluate({**system, "extra": ""}) for system in SYSTEMS
    )


def _children(requirement: Requirement) -> list[Requirement]:
    try:
        lines = distribution(requirement.name).requires or []
    except PackageNotFoundError:
        return []
    return [Requirement(line) for line in lines]


def licence(name: str) -> str:
    """The licence of a package by its metadata; raises LookupError when nothing tells it."""
    if name in KNOWN:
        return KNOWN[name]
    family = next((text for pattern, text in FAMILIES.items() if re.match(pattern, name)), None)
    if family:
        return family
    metadata = distribution(name).metadata
    stated = metadata.get("License-Expression") or ""
    if not stated:
        classifiers = metadata.get_all("Classifier") or []
        ours = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: ")]
        stated = ", ".join(text for text in ours if text != "OSI Approved") or metadata.get("License") or ""
    if not stated or "\n" in stated:
        raise LookupError(f"{name} does not state its licence in one line; look it up and add it to KNOWN")
    return stated


def table() -> str:
    """The whole page."""
    return HEAD + "".join(f"| {name} | {licence(name)} |\n" for name in needed())


def main() -> int:
    """Write or check the page."""
    if "--check" in sys.argv:
        return 0 if TABLE.read_text(encoding="utf-8") == table() else 1
    TABLE.write_text(table(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
