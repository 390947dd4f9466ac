"""What holds for every test: no screen, no keyring, no home of a person; nothing left behind.

The marker `allow_log(pattern)` allows warnings in the log that match; a test that asks for `caplog` looks
at the log itself.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from app.domain.clock import FixedClock
from tests.helpers.garbage import collect_here, leave_loaded_alone
from tests.helpers.leaks import LogWatch, Watch
from tests.helpers.patience import be_patient
from tests.helpers.quick_processes import start_processes_as_ever, start_processes_quickly

_FOLDERS = {
    "HOME": "",
    "XDG_DATA_HOME": "data",
    "XDG_CONFIG_HOME": "config",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
    "XDG_RUNTIME_DIR": "runtime",
}


def _isolated() -> Path:
    """A home of the test run's own; made before Qt or a keyring is imported."""
    home = Path(tempfile.mkdtemp(prefix="haplodesk-tests-"))
    for name, part in _FOLDERS.items():
        folder = home / part
        folder.mkdir(mode=0o700, exist_ok=True)
        os.environ[name] = str(folder)
    return home


os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HAPLODESK_KEYRING"] = "memory"
os.environ.pop("HAPLODESK_HOME", None)
os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
_HOME = _isolated()
start_processes_quickly()
be_patient()

# The same examples in each run, so that a change is judged by its own faults; HAPLODESK_EXAMPLES=new looks
# for others, as tests/fuzz does all the time.
_SAME = os.environ.get("HAPLODESK_EXAMPLES") != "new"
hypothesis.settings.register_profile("haplodesk", deadline=None, database=None, derandomize=_SAME)
hypothesis.settings.load_profile("haplodesk")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes by their argument: compressed ones hold the time of day, and workers must collect alike."""
    del config
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A worker that crashes fails its test and nothing else."""
    from tests.helpers.whole_files import WholeFiles

    return WholeFiles(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have long tests, so that no worker ends long after the others."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    """What is loaded by now stays."""
    leave_loaded_alone()


def pytest_unconfigure() -> None:
    """Remove the home of the run."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    collect_here()
    watch, log = Watch(), LogWatch()
    logging.getLogger().addHandler(log)
    yield
    logging.getLogger().removeHandler(log)
    collect_here()
    left = watch.leaks()
    if "caplog" not in request.fixturenames:
        left += log.unexpected([mark.args[0] for mark in request.node.iter_markers("allow_log")])
    if left:
        pytest.fail("\n".join(left), pytrace=False)


@pytest.fixture
def spawned() -> Iterator[None]:
    """Processes start as they do for people, where that is what is tested."""
    start_processes_as_ever()
    yield
    start_processes_quickly()


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at nine in the morning until told otherwise."""
    return FixedClock(datetime(2026, 11, 25, 9, 0, tzinfo=UTC))


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """Workers send what a test logged as UTF-8; tests of odd texts log what is none."""
    data = yield
    if data and data.get("sections"):
        data["sections"] = [(name, text.encode(errors="replace").decode()) for name, text in data["sections"]]
    return data
