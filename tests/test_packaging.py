"""The one command, the lock and the licences: what a fresh machine meets first."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGING = ROOT / "packaging"
LOCK = PACKAGING / "requirements.lock"


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PACKAGING))
    return _module("dev")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PACKAGING))
    return _module("system")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tests_{name}", PACKAGING / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_lock_names_no_host_and_hashes_everything() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert "://" not in text
    packages = re.findall(
        r"^[A-Za-z0-9][^\n]*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.MULTILINE
    )
    assert len(packages) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE))
    assert {"setuptools", "wheel"} <= {line.partition("==")[0] for line in packages}


def test_the_lock_holds_what_the_project_asks_for() -> None:
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    locked = {canonicalize_name(name): version for name, version in found}
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement


def test_licences_are_up_to_date_and_none_is_gpl_alone() -> None:
    assert subprocess.run([sys.executable, PACKAGING / "licences.py", "--check"], check=False).returncode == 0
    rows = (PACKAGING / "LICENCES.md").read_text(encoding="utf-8").splitlines()
    licences = [row.split("|")[2] for row in rows if row.startswith("| ")][1:]
    assert licences
    for text in licences:
        choices = re.split(r" OR |, ", text)
        assert any(not re.search(r"(?<!L)GPL|General Public", choice) for choice in choices), text


def test_packaging_is_no_package() -> None:
    assert not (PACKAGING / "__init__.py").exists()


@pytest.mark.parametrize("words", [[], ["--help"], ["nonsense"]])
def test_without_a_command_it_explains_itself(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, PACKAGING / "dev.py", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == (0 if words == ["--help"] else 2)
    assert "packaging/dev.py test" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["dev.py", "system.py"])
def test_the_command_needs_the_standard_library_only(name: str) -> None:
    text = (PACKAGING / name).read_text(encoding="utf-8")
    imported = set(re.findall(r"^(?:from|import) ([a-z_]+)", text, re.MULTILINE))
    assert imported <= set(sys.stdlib_module_names) | {"system"}


def test_nothing_is_done_twice(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[str] = []
    monkeypatch.setattr(dev, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(dev, "_works", lambda: True)
    monkeypatch.setattr(dev, "prepare", lambda _packages: calls.append("prepare"))
    monkeypatch.setattr(dev, "_make_environment", lambda _python: calls.append("venv"))
    monkeypatch.setattr(dev, "_pip", lambda words, _advice: calls.append(words[0]))
    dev.set_up()
    assert calls == ["prepare", "venv", "--require-hashes", "--no-deps"]
    dev.set_up()
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("extension", ["prepare", "--no-deps"]),
        ("lock", ["prepare", "--require-hashes", "--no-deps"]),
        ("root", ["prepare", "venv", "--require-hashes", "--no-deps"]),
    ],
)
def test_only_what_changed_is_done(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: str, expected: list[str]
) -> None:
    test_nothing_is_done_twice(dev, monkeypatch, tmp_path)
    stamp = json.loads((tmp_path / "stamp.json").read_text())
    (tmp_path / "stamp.json").write_text(json.dumps({**stamp, changed: "another"}))
    calls: list[str] = []
    monkeypatch.setattr(dev, "prepare", lambda _packages: calls.append("prepare"))
    monkeypatch.setattr(dev, "_make_environment", lambda _python: calls.append("venv"))
    monkeypatch.setattr(dev, "_pip", lambda words, _advice: calls.append(words[0]))
    dev.set_up()
    assert calls == expected


def test_without_a_screen_qt_draws_offscreen(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    environment = dev.environment()
    assert "PYTHONPATH" not in environment
    if sys.platform.startswith("linux"):
        assert environment["QT_QPA_PLATFORM"] == "offscreen"
        monkeypatch.setenv("DISPLAY", ":1")
        assert "QT_QPA_PLATFORM" not in dev.environment()


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="only Debian and its relatives")
def test_packages_by_either_name_are_seen(system: ModuleType) -> None:
    assert system.missing(("dpkg", "no-such-package-xyz|dpkg", "no-such-package-xyz")) == [
        "no-such-package-xyz"
    ]


def test_a_person_without_rights_gets_the_command(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "missing", lambda names: [n for n in names if n in ("libgl1", "dunst")])
    monkeypatch.setattr(system, "available", lambda name: name)
    monkeypatch.setattr(system, "_as_root", lambda: None)
    with pytest.raises(system.SetupError) as caught:
        system._prepare_debian(())
    assert "sudo apt-get install --no-install-recommends libgl1 dunst" in str(caught.value)


def test_missing_test_programs_do_not_stop(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system, "missing", lambda names: [n for n in names if n == "dunst"])
    monkeypatch.setattr(system, "available", lambda name: name)
    monkeypatch.setattr(system, "_as_root", lambda: None)
    system._prepare_debian(())
    assert "Some tests will be skipped" in capsys.readouterr().out


def test_other_systems_are_told_what_to_install(system: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.ctypes.util, "find_library", lambda name: None if name == "EGL" else "there")
    monkeypatch.setattr(system.shutil, "which", lambda name: "dnf" if name == "dnf" else None)
    with pytest.raises(system.SetupError) as caught:
        system._look_elsewhere()
    assert "libEGL" in str(caught.value)
    assert "sudo dnf install" in str(caught.value)


def _gate(folder: Path, program: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the gate with another `dev.py`."""
    if sys.platform != "linux" or not shutil.which("bash") or not shutil.which("timeout"):
        pytest.skip("the gate runs on Linux")
    (folder / ".ci").mkdir()
    (folder / "packaging").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    (folder / "packaging" / "dev.py").write_text(program)
    command = ["bash", folder / ".ci" / "run", *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=100, env={**os.environ, **more}
    )


def test_the_gate_calls_the_one_command_and_tells_its_exit_code(tmp_path: Path) -> None:
    """A failing check fails the gate, and the summary of the tests is its last line once more."""
    program = "import sys\nprint(*sys.argv[1:])\nsys.exit(3 * (sys.argv[1] == 'check'))\n"
    done = _gate(tmp_path, program, "-x")
    assert (done.returncode, done.stdout.split()) == (3, ["setup", "test", "-x", "check", "test", "-x"])


_LEAVES_A_SERVER = """
import subprocess, sys, time
if sys.argv[1] == "test":
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session=True)
    print("left", left.pid, flush=True)
    time.sleep({seconds})
    print("1 failed, 2 passed")
    sys.exit(1)
"""


def test_the_gate_ends_what_a_crashed_test_left(tmp_path: Path) -> None:
    """A server that holds the output open would hold the gate open as well."""
    done = _gate(tmp_path, _LEAVES_A_SERVER.format(seconds=0))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 failed, 2 passed")
    left = int(done.stdout.split()[1])
    assert not Path(f"/proc/{left}/cmdline").exists() or not Path(f"/proc/{left}/cmdline").read_bytes()


def test_the_gate_ends_after_its_limit(tmp_path: Path) -> None:
    done = _gate(tmp_path, _LEAVES_A_SERVER.format(seconds=3600), HAPLODESK_CI_LIMIT="2s")
    assert done.returncode == 124
    assert done.stdout.splitlines()[-1] == "The tests had not ended after 2s and were ended"
