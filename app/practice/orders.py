"""What the server tells the process that does a job, and what that process tells the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from app.domain.model import Model
from app.domain.progress import Progress, Report
from app.practice.panels import PanelPackage
from app.practice.settings import PracticeLimits, ServerText

OK, ERROR, WARNING, RUNNING_NOW = 0, 1, 2, 3


class JobOrder(Model):
    """One job to do. `folder` holds `input/`; results go to `output/`. `inputs` are the form's values."""

    job_id: str
    folder: str
    inputs: dict[str, str]
    files: tuple[str, ...]
    panel: PanelPackage
    limits: PracticeLimits
    text: ServerText
    engine: str = "builtin"
    failing_qc: bool = False

    def input_folder(self) -> Path:
        """Where the uploaded files are."""
        return Path(self.folder) / "input"

    def output_folder(self) -> Path:
        """Where the results go."""
        return Path(self.folder) / "output"

    def work_folder(self) -> Path:
        """Scratch room of the job."""
        return Path(self.folder) / "work"


class JobOutcome(Model):
    """How a job ended; everything else was told on the way."""

    success: bool


class Teller:
    """Writes the steps and messages of a job to a file that the server reads along.

    Each line is an event: `{"step": name}`, `{"message": text, "type": n}` (type 3 replaces a message of
    type 3 that stands last in its step), `{"log": text}`.
    """

    def __init__(self, path: Path, report: Report) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._report = report
        self._told = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def step(self, name: str) -> None:
        """Begin a step."""
        self._tell({"step": name})

    def message(self, kind: int, text: str) -> None:
        """A message of the step; blank lines are dropped, as the server's parser does."""
        lines = [line for line in text.split("\n") if line.strip()]
        self._tell({"message": "\n".join(lines), "type": kind})

    def running(self, title: str, done: int | None = None, total: int | None = None) -> None:
        """The running message with its bar (`cloudgene.md` 4.3)."""
        if done is None or not total:
            self._tell({"message": f"<b>{title}</b>", "type": RUNNING_NOW})
            return
        share = 100 * done / total
        bar = (
            '<div class="progress"><div class="progress-bar" role="progressbar" '
            f'style="width: {share:.1f}%;"></div></div>'
        )
        self._tell({"message": f"<b>{title} ({done}/{total})</b><br>{bar}", "type": RUNNING_NOW})

    def log(self, text: str) -> None:
        """A line of the job's log."""
        self._tell({"log": text})

    def _tell(self, event: dict[str, Any]) -> None:
        self._file.write(json.dumps(event, ensure_ascii=False) + "\n")
        self._file.flush()
        self._told += 1
        self._report(Progress(done=self._told, unit="messages"))


class Listener:
    """Reads the events that came since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def news(self) -> list[dict[str, Any]]:
        """The new events, oldest first; a line that is not yet whole waits."""
        if not self._path.is_file():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [json.loads(line) for line in whole.splitlines()]
