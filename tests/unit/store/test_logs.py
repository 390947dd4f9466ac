"""Every sink of the log is clean of secrets, whatever way they take into it."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.domain.redaction import forget_all, register
from app.store.logs import FILES, Logging, current_job, guard, job_context, start_logging
from tests.unit.domain.test_redaction import SECRET_TEXTS

pytestmark = pytest.mark.allow_log(".*")

log = logging.getLogger("tests.logs")


@pytest.fixture
def console() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def started(tmp_path: Path, console: io.StringIO) -> Iterator[Logging]:
    forget_all()
    with start_logging(tmp_path / "logs", console=console) as running:
        yield running
    forget_all()


def _lines(started: Logging) -> list[dict[str, Any]]:
    return [json.loads(line) for line in started.path.read_text(encoding="utf-8").splitlines()]


def test_a_line_is_one_json_object(started: Logging) -> None:
    log.warning("chunk %d of %d\nfailed", 3, 12, extra={"bytes": 17, "phase": "sealed"})
    (line,) = _lines(started)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "tests.logs",
        "job": None,
        "text": "chunk 3 of 12\nfailed",
        "bytes": 17,
        "phase": "sealed",
    }


def test_lines_carry_the_job_also_in_tasks(started: Logging) -> None:
    async def work() -> None:
        log.info("in a task")

    async def main() -> None:
        with job_context("job-2"):
            await asyncio.create_task(work())
            log.info("in the job")
        log.info("outside")

    with job_context("job-1"):
        log.info("first")
        with job_context("job-9"):
            assert current_job() == "job-9"
    asyncio.run(main())
    assert [line["job"] for line in _lines(started)] == ["job-1", "job-2", "job-2", None]
    assert current_job() is None


class _Awkward:
    """Its text holds the secret."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def _as_message(text: str) -> None:
    log.info(text)


def _as_argument(text: str) -> None:
    log.info("got %s", text)


def _as_object(text: str) -> None:
    log.info("got %s and %r", _Awkward(text), {"a": text})


def _as_extra(text: str) -> None:
    log.info("got", extra={"answer": text, "more": {"deep": [text]}})


def _as_exception(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        log.warning("failed", exc_info=True)


def _as_cause(text: str) -> None:
    try:
        try:
            raise ValueError(text)
        except ValueError as error:
            raise RuntimeError("outer") from error
    except RuntimeError:
        log.exception("failed")


def _as_wrong_arguments(text: str) -> None:
    log.info("too few %s %s", text)


WAYS = [_as_message, _as_argument, _as_object, _as_extra, _as_exception, _as_cause, _as_wrong_arguments]


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_reaches_any_sink(
    started: Logging, console: io.StringIO, capsys: pytest.CaptureFixture[str], way: Callable[[str], None]
) -> None:
    later = io.StringIO()
    handler = logging.StreamHandler(later)
    guard(handler)
    guard(handler)
    assert len(handler.filters) == 1
    logging.getLogger().addHandler(handler)
    register(SecretStr("registered!secret"))
    try:
        for text, secret in [*SECRET_TEXTS, ("it is registered!secret", "registered!secret")]:
            way(text)
            for sink in (started.path.read_text(encoding="utf-8"), console.getvalue(), later.getvalue()):
                assert sink
                assert secret not in sink
            started.path.write_text("", encoding="utf-8")
            console.truncate(0)
            later.truncate(0)
    finally:
        logging.getLogger().removeHandler(handler)
    assert "Logging error" not in capsys.readouterr().err


def test_handlers_that_were_there_before_are_guarded(tmp_path: Path) -> None:
    before = io.StringIO()
    handler = logging.StreamHandler(before)
    logging.getLogger().addHandler(handler)
    try:
        with start_logging(tmp_path):
            log.info("password=hunter2")
    finally:
        logging.getLogger().removeHandler(handler)
    assert "password=" in before.getvalue()
    assert "hunter2" not in before.getvalue()


class _Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def test_what_cannot_be_shown_does_not_stop_the_log(
    started: Logging, capsys: pytest.CaptureFixture[str]
) -> None:
    log.info("got %s", _Broken(), extra={"odd": _Broken()})
    log.info("surrogate \ud800 and nul \x00")
    log.info(_Broken())
    assert len(_lines(started)) == 3
    assert capsys.readouterr().err == ""


def test_the_files_rotate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.logs.FILE_BYTES", 2_000)
    with start_logging(tmp_path):
        for number in range(200):
            log.info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert len(files) == FILES
    assert all(each.stat().st_size <= 2_000 for each in files)
    assert (
        json.loads((tmp_path / "haplodesk.log").read_text(encoding="utf-8").splitlines()[-1])["text"]
        == "line 199"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_does_not_disturb_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "haplodesk.log").symlink_to("/dev/full")
    with start_logging(tmp_path):
        log.info("lost")
    assert capsys.readouterr().err == ""


def test_closing_leaves_the_root_as_it_was(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    with start_logging(tmp_path, level=logging.DEBUG, console=sys.stderr):
        assert root.level == logging.DEBUG
    assert (root.level, list(root.handlers)) == before
