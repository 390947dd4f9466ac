"""One command from a fresh checkout to the demo, the tests or the checks.

    python3 packaging/dev.py demo     the whole journey against the practice server
    python3 packaging/dev.py test     all tests; more words go on to pytest
    python3 packaging/dev.py check    style, types and layers
    python3 packaging/dev.py setup    only make everything ready

The first call installs what is missing: system packages (Debian and Ubuntu, as root or with sudo that asks
nothing; elsewhere it says what to type), an environment in .venv with the locked packages, and the small
extensions in C. Later calls see by checksums that nothing changed and start at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from system import SetupError, available, prepare, python_packages, say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "haplodesk-setup.json"
LOCK = ROOT / "packaging" / "requirements.lock"
SERVERS = ROOT / "packaging" / "wes-servers.txt"
SERVERS_VENV = ROOT / ".venv-wes"
EXTENSION = (*sorted((ROOT / "app").rglob("*.c")), ROOT / "pyproject.toml")
OLDEST = (3, 11)
# Most tests wait for processes of their own: two workers, each with whole files, halve the time. Files come
# in the order of tests/conftest.py, long ones first: xdist's own order leaves one worker idle at the end.
AT_ONCE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
CHECKS = (
    ("style", ["-m", "ruff", "check", "."]),
    ("format", ["-m", "ruff", "format", "--check", "."]),
    ("types", ["-m", "mypy"]),
    ("layers", ["-c", "from importlinter.cli import lint_imports_command as run; run()"]),
)


def venv_python() -> Path:
    """The interpreter of the environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment() -> dict[str, str]:
    """The environment of children: no foreign packages, and Qt without a screen where there is none.

    Compiled modules are kept: the tests start many programs, and each would compile them again.
    """
    foreign = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if name not in foreign}
    clean.update(PYTHONNOUSERSITE="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    home = Path(os.path.expanduser("~"))
    if not os.access(home, os.W_OK):
        clean["PIP_NO_CACHE_DIR"] = "1"
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        clean.setdefault("QT_QPA_PLATFORM", "offscreen")
    return clean


def find_python() -> str:
    """A Python that is new enough, outside any environment."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], 20)]
    found = [sys.executable if sys.prefix == sys.base_prefix else "", "/usr/bin/python3"]
    found += [path for name in ("python3", *names, "python") if (path := shutil.which(name))]
    python = next((path for path in found if path and _new_enough(path)), None)
    if python is None and sys.platform.startswith("linux") and shutil.which("apt-get"):
        python = _debian_python()
    if python is None:
        raise SetupError("Python 3.11 or newer is needed. Install it and start this again with it.")
    return python


def _debian_python() -> str | None:
    """An extra Python of the distribution, such as 3.11 beside the 3.10 of Ubuntu 22.04."""
    if available("python3.11") is None:
        return None
    prepare(("python3.11", "python3.11-venv", "python3.11-dev"))
    return shutil.which("python3.11")


def _new_enough(python: str) -> bool:
    probe = f"import sys; sys.exit(not (sys.version_info >= {OLDEST} and sys.prefix == sys.base_prefix))"
    try:
        return subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def set_up() -> None:
    """Make everything ready; does nothing when the checksums say that nothing changed."""
    wanted = {"root": str(ROOT), "lock": _checksum(LOCK), "extension": _checksum(*EXTENSION)}
    done = _stamp()
    if done == wanted and _works():
        return
    python = find_python()
    prepare(python_packages(python))
    if done.get("root") != wanted["root"] or not _works():
        _make_environment(python)
        done = {"root": wanted["root"]}
    if done.get("lock") != wanted["lock"]:
        say("Installing the locked packages; the first time takes about a minute …")
        _pip(["--require-hashes", "-r", str(LOCK)], "Look whether this computer reaches its package index.")
    say("Building the program …")
    _pip(["--no-deps", "--no-build-isolation", "-e", str(ROOT)], "")
    STAMP.write_text(json.dumps(wanted), encoding="utf-8")


def set_up_servers() -> None:
    """Make the environment of the GA4GH servers that tests start: their packages would collide with ours.

    Without them only the tests that need them are skipped.
    """
    stamp = SERVERS_VENV / "haplodesk-servers.json"
    wanted = json.dumps({"root": str(ROOT), "servers": _checksum(SERVERS)})
    if os.name == "nt" or (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        return
    say("Installing the servers that tests of GA4GH services start; this takes about half a minute …")
    make = [str(venv_python()), "-m", "venv", "--clear", "--without-pip", str(SERVERS_VENV)]
    pip = [str(venv_python()), "-m", "pip", "--python", str(SERVERS_VENV / "bin" / "python")]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-compile", "-r", str(SERVERS)]
    for words in (make, install):
        done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            say("Tests with real GA4GH servers are skipped: " + _tail(done.stdout + done.stderr, 2))
            return
    stamp.write_text(wanted, encoding="utf-8")


def _checksum(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _stamp() -> dict[str, str]:
    try:
        read = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _works() -> bool:
    """Whether the environment has an interpreter that starts: the system's may have been replaced."""
    try:
        return subprocess.run([venv_python(), "-m", "pip", "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


def _make_environment(python: str) -> None:
    say(f"Making the environment .venv with {python} …")
    made = subprocess.run(
        [python, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise SetupError("The environment could not be made:\n" + _tail(made.stdout + made.stderr))


def _pip(words: list[str], advice: str) -> None:
    command = [str(venv_python()), "-m", "pip", "install", "--quiet", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SetupError(f"Packages could not be installed. {advice}\n" + _tail(done.stdout + done.stderr))


def _tail(text: str, lines: int = 15) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


def run(words: list[str]) -> int:
    """Run the environment's Python in the checkout."""
    return subprocess.run([str(venv_python()), *words], cwd=ROOT, env=environment(), check=False).returncode


def check() -> int:
    """All checks, even when one fails."""
    failed = []
    for name, words in CHECKS:
        say(f"— {name}")
        if run(words) != 0:
            failed.append(name)
    say(f"Failed: {', '.join(failed)}" if failed else "All checks passed")
    return 1 if failed else 0


def main(words: list[str]) -> int:
    """Do what the first word says; the number is the exit code."""
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command not in ("setup", "demo", "test", "check"):
        say((__doc__ or "").strip())
        return 0 if command in ("-h", "--help") else 2
    set_up()
    if command == "test":
        set_up_servers()
        return run(["-m", "pytest", *(rest or AT_ONCE)])
    if command == "demo":
        return run([str(ROOT / "packaging" / "demo.py"), *rest])
    return check() if command == "check" else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(130)
    except OSError as error:
        say(f"{error.filename or 'The system'}: {error.strerror or error}")
        sys.exit(1)
