"""The real program on a real screen: window, keys, a native notification, and the click on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from app.application import DATABASE
from app.domain.job import Job, JobState
from app.domain.notice import Notice, NoticeKind
from app.domain.service import HealthState, Service
from app.store import jobs, notices, services
from app.store.store import Connection, Store
from tests.helpers.displays import screen

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("Xvfb", "openbox", "dunst", "dunstctl", "dbus-run-session", "xdotool", "scrot")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]

pytestmark = [
    pytest.mark.needs_display,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {', '.join(MISSING)}"),
]


def prepare(home: Path) -> None:
    """A data folder in which a job ended while the program was closed."""
    at = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    job = Job(
        id="job-1",
        name="Cohort of the north",
        remote_name="cohort",
        service_id="closed",
        app_id="a",
        panel_id="p",
        state=JobState.SUCCESS,
        created=at,
        ended=at,
        fetch_wanted=False,
    )
    notice = Notice(
        id="n-1",
        key="done:job-1",
        kind=NoticeKind.JOB_DONE,
        title="Cohort of the north is done",
        body="At a service.",
        at=at,
        job_id=job.id,
    )
    service = Service(
        id="closed",
        name="A closed service",
        family="cloudgene",
        base_url="http://127.0.0.1:1",
        enabled=False,
        state=HealthState.OFF,
        added=at,
    )

    def write(c: Connection) -> None:
        services.save_service(c, service)
        jobs.save_job(c, job)
        notices.add_notice(c, notice)

    home.mkdir()
    with Store.open(home / DATABASE, backups=None) as store:
        store.write_now(write)


def colours(path: Path) -> int:
    """How many colours are in a grid of points of a picture."""
    image = QImage(str(path))
    assert not image.isNull(), path.name
    return len({image.pixel(x, y) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)})


def test_a_notification_brings_the_job_to_the_front(tmp_path: Path) -> None:
    prepare(tmp_path / "home")
    with screen() as display:
        dropped = {"QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"}
        environment = {k: v for k, v in os.environ.items() if k not in dropped}
        environment |= {"DISPLAY": display, "HAPLODESK_KEYRING": "memory"}
        module = "tests.end_to_end.screen_session"
        done = subprocess.run(
            ["dbus-run-session", "--", sys.executable, "-m", module, str(tmp_path)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=220,
            check=False,
        )
    errors = tmp_path / "errors.txt"
    complaints = errors.read_text() if errors.exists() else ""
    assert done.returncode == 0, done.stderr + complaints
    told = json.loads(done.stdout.splitlines()[-1])
    first, second = told["first"], told["second"]
    assert (first["app"], first["summary"]) == ("Haplodesk", "Cohort of the north is done")
    assert (first["displayed"], first["code"]) == (1, 0)
    assert (second["displayed"], second["code"], second["view"]) == (0, 0, "jobs")
    assert second["size"] == first["size"]
    assert "Traceback" not in complaints, complaints
    for name in ("palette.png", "job.png", "again.png"):
        assert colours(tmp_path / name) > 20, name
