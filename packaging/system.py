"""System packages: what the window and the tests need, found and installed where that is possible.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import ctypes.util
import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Names with | are the same thing on newer and older systems; the first that exists is taken.
QT_LIBRARIES = (
    "libgl1",
    "libegl1",
    "libxkbcommon0",
    "libdbus-1-3",
    "libfontconfig1",
    "libglib2.0-0t64|libglib2.0-0",
    "fonts-dejavu-core",
)
XCB_LIBRARIES = (
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "libx11-xcb1",
)
COMPILER = ("gcc", "libc6-dev")
TEST_PROGRAMS = (
    "xvfb",
    "xauth",
    "openbox",
    "xdotool",
    "scrot",
    "dunst",
    "libnotify-bin",
    "gnome-keyring",
    "dbus",
    "p7zip-full|7zip",
    "zip",
    "curl",
    "jq",
    "bcftools",
    "tabix",
    "plink2",
    "minisign",
    "minimac4",
    "beagle",
    "default-jre-headless",
)
LINKED_BY_QT = ("GL", "EGL", "xkbcommon", "dbus-1", "fontconfig", "glib-2.0")
ELSEWHERE = {
    "dnf": "sudo dnf install gcc python3-devel mesa-libGL mesa-libEGL libxkbcommon libxkbcommon-x11 "
    "dbus-libs fontconfig glib2 dejavu-sans-fonts xcb-util-cursor xcb-util-wm xcb-util-image "
    "xcb-util-keysyms xcb-util-renderutil",
    "zypper": "sudo zypper install gcc python3-devel Mesa-libGL1 Mesa-libEGL1 libxkbcommon0 "
    "libxkbcommon-x11-0 libdbus-1-3 fontconfig glib2 dejavu-fonts libxcb-cursor0",
    "pacman": "sudo pacman -S --needed gcc libglvnd libxkbcommon libxkbcommon-x11 dbus fontconfig glib2 "
    "ttf-dejavu xcb-util-cursor xcb-util-wm xcb-util-image xcb-util-keysyms xcb-util-renderutil",
}


class SetupError(Exception):
    """The set-up cannot go on; the text says what to do."""


def say(text: str) -> None:
    """A line for the person, at once."""
    print(text, flush=True)


def prepare(python_packages: tuple[str, ...]) -> None:
    """See that the system libraries are there; raises SetupError with the command to type."""
    if not sys.platform.startswith("linux"):
        return
    if shutil.which("apt-get") and shutil.which("dpkg-query"):
        _prepare_debian(python_packages)
    else:
        _look_elsewhere()


def _prepare_debian(python_packages: tuple[str, ...]) -> None:
    needed = missing((*python_packages, *QT_LIBRARIES, *XCB_LIBRARIES, *COMPILER))
    nice = missing(TEST_PROGRAMS)
    if not needed and not nice:
        return
    root = _as_root()
    if root is None:
        _ask_for(needed, nice)
        return
    _refresh_lists(root, [*needed, *nice])
    if needed:
        say(f"Installing {len(needed)} system packages …")
        names = [available(name) or name.split("|")[0] for name in needed]
        if not _install(root, names):
            raise SetupError(
                "The system packages could not be installed. Try it by hand:\n  " + _command(names)
            )
    if nice:
        _install_nice(root, nice)


def _install_nice(root: list[str], nice: list[str]) -> None:
    """Programs for tests: those that exist; the others cost only the tests that need them."""
    names = [name for name in map(available, nice) if name]
    if names:
        say(f"Installing {len(names)} programs for the tests …")
    if names and not _install(root, names):
        names = [name for name in names if not _install(root, [name])]
        say("Tests that need these programs will be skipped: " + " ".join(names))


def _ask_for(needed: list[str], nice: list[str]) -> None:
    names = [available(name) or name.split("|")[0] for name in (*needed, *nice)]
    if needed:
        raise SetupError("System packages are missing. Type this, then try again:\n  " + _command(names))
    say("Some tests will be skipped. To run them all, type:\n  " + _command(names))


def _command(names: list[str]) -> str:
    return "sudo apt-get update && sudo apt-get install --no-install-recommends " + " ".join(names)


def missing(names: tuple[str, ...]) -> list[str]:
    """Which packages are not installed; a name with | is there when one of its names is."""
    every = sorted({each for name in names for each in name.split("|")})
    form = "-f=${Package} ${db:Status-Abbrev}\n"
    found = subprocess.run(["dpkg-query", "-W", form, *every], capture_output=True, text=True, check=False)
    installed = {line.split()[0] for line in found.stdout.splitlines() if line.split()[1:2] == ["ii"]}
    return [name for name in names if not installed & set(name.split("|"))]


def available(name: str) -> str | None:
    """The first of the names that can be installed."""
    for each in name.split("|"):
        answer = subprocess.run(["apt-cache", "policy", each], capture_output=True, text=True, check=False)
        lines = [line.strip() for line in answer.stdout.splitlines()]
        if any(line.startswith("Candidate:") and not line.endswith("(none)") for line in lines):
            return each
    return None


def _as_root() -> list[str] | None:
    """How to become root without a question; None when that is not possible."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def _refresh_lists(root: list[str], names: list[str]) -> None:
    if glob.glob("/var/lib/apt/lists/*Packages*") and all(available(name) for name in names):
        return
    say("Reading the lists of system packages …")
    subprocess.run([*root, "apt-get", "update", "-qq"], capture_output=True, check=False)


def _install(root: list[str], names: list[str]) -> bool:
    setting = ["env", "DEBIAN_FRONTEND=noninteractive"]
    command = [*root, *setting, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *names]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return True
    subprocess.run([*root, "apt-get", "update", "-qq"], capture_output=True, check=False)
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    if again.returncode != 0:
        say("\n".join(again.stderr.strip().splitlines()[-3:]))
    return again.returncode == 0


def _look_elsewhere() -> None:
    absent = [name for name in LINKED_BY_QT if ctypes.util.find_library(name) is None]
    if not absent:
        return
    command = next((text for program, text in ELSEWHERE.items() if shutil.which(program)), "")
    names = ", ".join("lib" + name for name in absent)
    how = f"Type this, then try again:\n  {command}" if command else "Install them with your package tool."
    raise SetupError(f"Libraries are missing: {names}. {how}")


def python_packages(python: str) -> tuple[str, ...]:
    """The packages that a Debian Python needs besides itself; none for another Python."""
    probe = "import sys, sysconfig; print(sys.base_prefix, '%d.%d' % sys.version_info[:2])"
    prefix, version = subprocess.run(
        [python, "-c", probe], capture_output=True, text=True, check=True
    ).stdout.split()
    if prefix != "/usr" or not Path("/etc/debian_version").exists():
        return ()
    return (f"python{version}-venv|python3-venv", f"python{version}-dev|python3-dev")
