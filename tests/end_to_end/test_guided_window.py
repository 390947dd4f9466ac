"""A service that is only a web page, from the window: files prepared, steps ticked, the result dropped.

Everything is done with the mouse in the real window; what a person may drop by mistake is told in place and
changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from app.application import build_window, close_window, logging_to, open_desk
from app.domain.dataset import DatasetState
from app.domain.job import Job, JobState
from app.domain.result import Result, ResultState
from app.genotypes.bgzf import read_lines
from app.operations.add_service import add_service
from app.operations.sync_panels import sync_panels
from app.store import datasets, jobs, results
from app.ui.running import RunningWindow
from app.ui.views.jobs.fetch_password import FetchPasswordDialog
from app.ui.views.jobs.jobs_view import JobsView
from app.ui.views.new_job.new_job_view import NewJobView
from app.ui.views.uploads.uploads_view import UploadsView
from tests.end_to_end.real_window import click_row, find_row, press, said, tick
from tests.helpers.archives import by_pyzipper
from tests.helpers.imputed_files import dose_text, packed, site_lines
from tests.helpers.small_study import make_study, vcf_gz
from tests.ui.conftest import flush_deleted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LIMIT_MS = 120_000
PAGE = "https://nard.macrogen.com"
PEOPLE = tuple(f"S{n}" for n in range(1, 25))
SHOTS = os.environ.get("HAPLODESK_TEST_SHOTS", "")


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningWindow]:
    monkeypatch.setenv("HAPLODESK_KEYRING", "memory")
    home = tmp_path / "home"
    with logging_to(home):
        desk = open_desk(home)
        opened = build_window(desk)
        try:
            opened.bridge.submit(add_service(desk, "NARD", PAGE)).result(60)
            yield opened
        finally:
            opened.window._may_close = True
            opened.window.close()
            close_window(opened)
            flush_deleted()


@pytest.fixture
def opened_pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: seen.append(url.toString()) or True)
    return seen


def shot(running: RunningWindow, name: str) -> None:
    """A picture for whoever wants to look."""
    if SHOTS:
        QApplication.processEvents()
        running.window.grab().save(str(Path(SHOTS) / f"{name}.png"))


def drop(running: RunningWindow, *paths: Path) -> str:
    """Drag files over the window and let them go; what the window said meanwhile."""
    window = running.window
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where, what = window.rect().center(), Qt.DropAction.CopyAction
    button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    over = QDragEnterEvent(where, what, data, button, keys)
    QApplication.sendEvent(window, over)
    assert over.isAccepted()
    words = window.veil.words
    QApplication.sendEvent(window, QDropEvent(QPointF(where), what, data, button, keys))
    return words


def study_file(folder: Path) -> Path:
    study = make_study(1, samples=24, sites=200, chromosomes=("22",), build="GRCh37")
    path = folder / "study.vcf.gz"
    path.write_bytes(next(iter(vcf_gz(study).values())))
    return path


def dosages(folder: Path, name: str, people: tuple[str, ...]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(packed(dose_text(site_lines("22", 80, first=17_000_000), people), folder))
    return path


def prepared(running: RunningWindow, qtbot: QtBot, file: Path) -> JobsView:
    """From the file in the hand to the files for the page."""
    window, store = running.window, running.desk.store
    qtbot.waitUntil(window.isVisible, timeout=LIMIT_MS)
    running.bridge.submit(sync_panels(running.desk, ("nard",))).result(60)
    drop(running, file)

    def is_checked() -> bool:
        known = store.read_now(datasets.datasets)
        return bool(known) and known[0].state is DatasetState.CHECKED

    qtbot.waitUntil(is_checked, timeout=LIMIT_MS)
    uploads = window.view("uploads")
    assert isinstance(uploads, UploadsView)
    qtbot.waitUntil(lambda: "New job" in said(uploads.detail), timeout=LIMIT_MS)
    press(qtbot, uploads.detail, "New job")
    form = window.view("new_job")
    assert isinstance(form, NewJobView)
    qtbot.waitUntil(lambda: find_row(form.where.tree, "NARD (1,779") is not None, timeout=LIMIT_MS)
    click_row(qtbot, form.where.tree, "NARD (1,779")
    qtbot.waitUntil(form.bar.button.isEnabled, timeout=LIMIT_MS)
    shot(running, "1-new-job")
    press(qtbot, form.bar, "Prepare the files")
    view = window.view("jobs")
    assert isinstance(view, JobsView)
    qtbot.waitUntil(lambda: view.detail.by_hand.isVisible(), timeout=LIMIT_MS)
    return view


def job_of(running: RunningWindow) -> Job:
    (job,) = running.desk.store.read_now(jobs.jobs)
    return job


def result_of(running: RunningWindow) -> Result | None:
    job = job_of(running)
    return running.desk.store.read_now(lambda c: results.result_of_job(c, job.id))


def told(view: JobsView, qtbot: QtBot, *words: str) -> None:
    """Something went wrong, and the page of the job says what."""
    qtbot.waitUntil(lambda: all(word in said(view.detail.problem) for word in words), timeout=LIMIT_MS)


def test_a_web_page_from_the_first_file_to_the_result(
    running: RunningWindow, qtbot: QtBot, tmp_path: Path, opened_pages: list[str]
) -> None:
    view = prepared(running, qtbot, study_file(tmp_path))
    card = view.detail.by_hand
    for words in ("published nowhere", "Upload study"):
        qtbot.waitUntil(lambda words=words: words in said(card), timeout=LIMIT_MS)
    folder = Path(card.sheet.folder if card.sheet is not None else "")
    (made,) = [path for path in folder.iterdir() if path.suffix == ".gz"]
    first = next(line for line in read_lines(made) if not line.startswith(b"#"))
    assert first.split(b"\t")[0] == b"22"
    shot(running, "2-steps")
    press(qtbot, card, "Open the page")
    assert opened_pages == [PAGE]
    tick(qtbot, card.boxes[0])
    qtbot.waitUntil(lambda: card.sheet is not None and card.sheet.steps[0].done, timeout=LIMIT_MS)
    uploaded = next(a for a in card.tell.menu().actions() if a.text() == "I have uploaded the files")
    uploaded.trigger()
    qtbot.waitUntil(lambda: job_of(running).state is JobState.SUBMITTED, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: "Uploaded " in card.prepared.text(), timeout=LIMIT_MS)
    mistakes(running, qtbot, view, tmp_path)
    people = study_people()
    whole = dosages(tmp_path / "fetched", "from the page.vcf.gz", people)
    assert drop(running, whole.parent) == "Take in as the result of study"
    qtbot.waitUntil(lambda: is_verified(running), timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: job_of(running).state is JobState.SUCCESS, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: not card.bring.isVisible(), timeout=LIMIT_MS)
    assert whole.is_file()  # it is only read
    found = result_of(running)
    assert found is not None
    assert [each.path for each in found.files if each.path.endswith(".vcf.gz")] == ["from the page.vcf.gz"]
    assert found.quality is not None
    assert found.quality.samples == len(people)
    shot(running, "9-done")


def study_people() -> tuple[str, ...]:
    return make_study(1, samples=24, sites=1).samples


def is_verified(running: RunningWindow) -> bool:
    found = result_of(running)
    return found is not None and found.state is ResultState.VERIFIED


def mistakes(running: RunningWindow, qtbot: QtBot, view: JobsView, folder: Path) -> None:
    """What a person may drop in place of the result; the job waits on as before."""
    people = study_people()
    drop(running, folder / "study.vcf.gz")
    told(view, qtbot, "no file of a result", "study.vcf.gz")
    shot(running, "3-wrong-file")
    strangers = dosages(folder / "strangers", "chr22.dose.vcf.gz", PEOPLE)
    drop(running, strangers)
    told(view, qtbot, "other people", "chr22.dose.vcf.gz")
    shot(running, "4-other-people")
    half = folder / "chr22.dose.vcf.gz.crdownload"
    half.write_bytes(b"\x1f\x8b")
    drop(running, half)
    told(view, qtbot, "not finished")
    one = dosages(folder / "one", "chr22.dose.vcf.gz", people)
    two = dosages(folder / "two", "chr22.dose.vcf.gz", people)
    drop(running, one, two)
    told(view, qtbot, "same name")
    cut = folder / "cut" / "chr22.dose.vcf.gz"
    cut.parent.mkdir()
    cut.write_bytes(one.read_bytes()[:-400])
    drop(running, cut)
    told(view, qtbot, "The end of chr22.dose.vcf.gz is missing")  # nothing that was said before
    shot(running, "5-cut")
    page = folder / "page.zip"
    page.write_bytes(b"<html>Please log in</html>")
    drop(running, page)
    told(view, qtbot, "archive")
    assert job_of(running).state is JobState.SUBMITTED
    assert result_of(running) is None
    assert view.detail.by_hand.bring.isVisible()


def test_an_archive_with_a_password_and_a_window_in_the_dark(
    running: RunningWindow, qtbot: QtBot, tmp_path: Path, opened_pages: list[str]
) -> None:
    running.window.context.theme.choose("dark")
    view = prepared(running, qtbot, study_file(tmp_path))
    shot(running, "6-dark")
    inside = dosages(tmp_path / "inside", "chr22.dose.vcf.gz", study_people())
    archive = tmp_path / "chr_22.zip"
    by_pyzipper(archive, {inside.name: inside.read_bytes()}, "a-word-of-mine-1", 256, 2)
    assert drop(running, archive) == "Take in as the result of study"
    qtbot.waitUntil(lambda: view.findChild(FetchPasswordDialog) is not None, timeout=LIMIT_MS)
    dialog = view.findChild(FetchPasswordDialog)
    assert isinstance(dialog, FetchPasswordDialog)
    shot(running, "7-password-dark")
    (field,) = dialog.findChildren(QLineEdit)
    qtbot.keyClicks(field, "a-word-of-mine-1")
    qtbot.mouseClick(dialog.fetch_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: is_verified(running), timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: view.detail.problem.isHidden(), timeout=LIMIT_MS)
    shot(running, "8-done-dark")
    assert opened_pages == []
