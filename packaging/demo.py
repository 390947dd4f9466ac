"""The main job from start to end, with the real window and the practice server, and a report of it.

Practice data are made, checked, sent, followed, fetched, decrypted, verified and judged against the truth
that only invented data have. With a screen the window shows every step and stays open; without one the same
window is drawn offscreen. Pictures and a report are left in the folder given by `--out`.

Run by `python3 packaging/dev.py demo`. Everything goes through the operations that the window calls.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import json
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from app.domain.job import Job
    from app.domain.result import Result
    from app.operations.desk import Desk
    from app.operations.draft_job import JobDraft
    from app.ui.running import RunningWindow

LIMIT_S = 1200
STEP_PAUSE_S = 0.6


def main() -> int:
    """Run the demonstration; 0 when the whole journey was made."""
    given = arguments()
    os.environ.setdefault("HAPLODESK_KEYRING", "memory")
    seen = has_screen()
    if not seen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    out = given.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    from app.application import DATABASE, build_window, close_window, logging_to, open_desk

    home = out / "data-folder"
    if (home / DATABASE).is_file():  # of an earlier demonstration, and of nothing else
        shutil.rmtree(home)
    with logging_to(home):
        window = build_window(open_desk(home))
        try:
            return Demonstration(window, out, seen and not given.close).run()
        finally:
            close_window(window)


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "demo-report", help="folder for report and pictures"
    )
    parser.add_argument("--close", action="store_true", help="close the window at the end")
    return parser.parse_args()


def has_screen() -> bool:
    """Whether a window can be shown."""
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return False
    if not sys.platform.startswith("linux"):
        return True
    from app.ui.running import display_problem

    missing = display_problem()
    if missing:
        print(f"{missing} The window is drawn offscreen.")
    return missing is None


class Demonstration:
    """Drives the window from the asyncio thread, one step after the other."""

    def __init__(self, window: RunningWindow, out: Path, stay: bool) -> None:
        self._window = window
        self._desk: Desk = window.desk
        self._out = out
        self._stay = stay
        if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
            # The screen that is not there is 800 pixels wide; the pictures are of a common window.
            window.window.resize(1280, 840)
        self._began = time.monotonic()
        self._pictures: list[str] = []
        self._steps: list[dict[str, Any]] = []
        self._failure = ""

    def run(self) -> int:
        """Start the journey and Qt's loop; ends with the journey unless the window is to stay."""
        work: Future[None] = self._window.bridge.submit(self._whole())
        work.add_done_callback(lambda _: self._window.bridge.call_soon(self._ended))
        self._window.exec()
        if not work.done():
            work.cancel()
            self._failure = self._failure or "The window was closed before the end."
        return 1 if self._failure else 0

    def _ended(self) -> None:
        if not self._stay:
            self._window.app.quit()

    async def _whole(self) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                await self._journey()
        except Exception as error:  # noqa: BLE001 - the report says what went wrong, whatever it was
            self._failure = f"{type(error).__name__}: {error}"
            await self._picture("failure")
        self._write_report()
        last = self._failure or f"The whole journey took {time.monotonic() - self._began:.0f} s."
        print(f"{last}\nReport: {self._out / 'report.html'}", flush=True)

    async def _journey(self) -> None:
        from app.domain.changes import Noun
        from app.operations.check_dataset import check_dataset
        from app.operations.practise import add_practice_data, start_practice
        from app.operations.submit_job import create_job

        await self._show("home", None, "first start")
        service = await self._step("Start the practice server", lambda: start_practice(self._desk))
        service_id = service.ids(Noun.SERVICE)[0]
        await self._show("services", service_id, "services")
        await self._show("panels", None, "panels")
        data = await self._step("Make practice data", lambda: add_practice_data(self._desk))
        dataset_id = data.ids(Noun.DATASET)[0]
        await self._step("Check the files", lambda: check_dataset(self._desk, dataset_id, service_id))
        await self._show("uploads", dataset_id, "dataset")
        draft = await self._draft(service_id, dataset_id)
        self._fill_form(draft)
        await self._show("new_job", dataset_id, "new job")
        made = await self._step("Send the job", lambda: create_job(self._desk, draft))
        job_id = made.ids(Noun.JOB)[0]
        await self._show("jobs", job_id, "job sent")
        await self._step("Wait for the service", lambda: self._until_done(job_id))
        await self._show("jobs", job_id, "job done")
        result = await self._step("Fetch, decrypt and verify", lambda: self._until_fetched(job_id))
        await self._show("results", result.id, "result")
        await self._step("Compare with the truth", lambda: self._compare(result))
        await self._show("activity", None, "activity")
        await self._show("home", None, "home at the end")

    async def _draft(self, service_id: str, dataset_id: str) -> Any:
        from app.operations.draft_job import JobDraft
        from app.store import services

        panels = await self._desk.store.read(lambda c: services.panels(c, service_id))
        panel = next(p for p in panels if p.build == "GRCh37")
        stored = await self._desk.store.read(lambda c: services.form(c, service_id, panel.app_id))
        assert stored is not None
        terms = {p.id: p.label for p in stored.form.parameters if p.type == "terms"}
        population = panel.populations[0].id
        options = {"population": population, "aesEncryption": True, "meta": True, "build": "hg19"}
        return JobDraft(
            name="Demonstration",
            dataset_id=dataset_id,
            service_id=service_id,
            app_id=panel.app_id,
            panel_id=panel.id,
            options=options,
            terms=terms,
        )

    def _fill_form(self, draft: JobDraft) -> None:
        """The page shows what is about to be sent; its terms stay for a person to tick."""
        kept = draft.model_dump(include={"dataset_id", "service_id", "app_id", "panel_id", "name", "options"})
        self._window.bridge.call_soon(lambda: self._window.context.layout.set("new_job/form", kept))

    async def _until_done(self, job_id: str) -> Job:
        from app.domain.job import ENDED_STATES, JobState

        pictured = False
        while True:
            job = await self._desk.job(job_id)
            if job.state in ENDED_STATES:
                break
            if job.state is JobState.RUNNING and job.steps and not pictured:
                await self._show("jobs", job_id, "job running")
                pictured = True
            await asyncio.sleep(0.5)
        if job.state is not JobState.SUCCESS:
            raise RuntimeError(
                f"the job ended as {job.state}: {job.problem.sentence() if job.problem else ''}"
            )
        return job

    async def _until_fetched(self, job_id: str) -> Result:
        from app.domain.result import ResultState
        from app.store import results

        while True:
            found = await self._desk.store.read(lambda c: results.result_of_job(c, job_id))
            if found is not None and found.state is ResultState.VERIFIED:
                return found
            if found is not None and found.state is ResultState.FAILED:
                raise RuntimeError(found.problem)
            await asyncio.sleep(0.3)

    async def _compare(self, result: Result) -> dict[str, Any]:
        from app.genotypes.worker import run_in_process

        truth = self._desk.home / "practice" / "data" / "truth"
        return {"accuracy": await run_in_process(compare, Path(result.folder), truth)}

    async def _step(self, words: str, work: Callable[[], Awaitable[Any]]) -> Any:
        began = time.monotonic()
        print(f"{began - self._began:6.1f} s  {words} …", flush=True)
        answer = await work()
        step: dict[str, Any] = {"step": words, "seconds": round(time.monotonic() - began, 1)}
        if isinstance(answer, dict):
            step |= answer
        verdict = getattr(answer, "verdict", "")
        if verdict:
            step["verdict"] = verdict
            print(f"          {verdict}", flush=True)
        self._steps.append(step)
        return answer

    async def _show(self, view: str, item: str | None, name: str) -> None:
        """Go to a page, let it settle, take a picture."""
        window = self._window.window
        if view not in window.specs:
            return
        self._window.bridge.call_soon(lambda: window.navigate(view, item))
        await self._until_drawn(view, item)
        if view == "results":
            await self._until_measured()
        await self._picture(name)

    async def _until_drawn(self, view: str, item: str | None) -> None:
        """Wait until the page has its rows and, if one thing is meant, that one; ten seconds at most."""
        page = await self._on_qt_thread(lambda: self._window.window.view(view))
        for _ in range(100):
            if await self._on_qt_thread(lambda: drawn(page, item)):
                return
            await asyncio.sleep(0.1)

    async def _until_measured(self) -> None:
        """Wait until the charts of a result are there; half a minute at most."""
        from app.operations.tasks import TaskState

        def at_work() -> bool:
            return any(task.state is TaskState.RUNNING for task in self._window.context.library.tasks())

        for _ in range(60):
            await asyncio.sleep(0.5)
            if not await self._on_qt_thread(at_work):
                return

    async def _on_qt_thread(self, ask: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def answered() -> None:
            loop.call_soon_threadsafe(answer.set_result, ask())

        self._window.bridge.call_soon(answered)
        return await answer

    async def _picture(self, name: str) -> None:
        await asyncio.sleep(STEP_PAUSE_S)
        number = len(self._pictures) + 1
        file = f"{number:02d}-{name.replace(' ', '-')}.png"
        await self._on_qt_thread(lambda: self._window.window.grab().save(str(self._out / file)))
        self._pictures.append(file)

    def _write_report(self) -> None:
        report = {
            "completed": not self._failure,
            "failure": self._failure,
            "seconds": round(time.monotonic() - self._began, 1),
            "steps": self._steps,
            "pictures": self._pictures,
        }
        (self._out / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
        (self._out / "report.html").write_text(page(report), encoding="utf-8")


def drawn(page: Any, item: str | None) -> bool:
    """Whether a page shows what it was asked to show."""
    model = getattr(getattr(page, "table", None), "model", None)
    detail = getattr(page, "detail", None)
    return (model is None or model.ready) and (item is None or detail is None or detail.isVisible())


def compare(result: Path, truth: Path, report: Callable[[Any], None]) -> list[dict[str, Any]]:
    """Dosage r² at sites that were not typed, by minor allele frequency; runs in a process of its own."""
    from app.results.accuracy import accuracy

    doses, truths = sorted(result.glob("*.dose.vcf.gz")), sorted(truth.glob("*.vcf.gz"))
    rows = []
    for dose, truth in zip(doses, truths, strict=True):
        found = accuracy([dose], truth)
        rows += [{"file": dose.name, **b.model_dump()} for b in found.by_maf if b.sites]
    return rows


def page(report: dict[str, Any]) -> str:
    """The report as a page for people."""
    steps = "".join(
        f"<tr><td>{html.escape(s['step'])}</td><td>{s['seconds']} s</td>"
        f"<td>{html.escape(str(s.get('verdict', '')))}</td></tr>"
        for s in report["steps"]
    )
    accuracy = next((s["accuracy"] for s in report["steps"] if "accuracy" in s), [])
    rows = "".join(
        f"<tr><td>{html.escape(r['file'])}</td><td>{r['maf_from']}–{r['maf_to']}</td>"
        f"<td>{r['sites']:,}</td><td>{'' if r['r2'] is None else format(r['r2'], '.3f')}</td></tr>"
        for r in accuracy
    )
    pictures = "".join(
        f"<figure><img src='{p}' width='900' alt=''><figcaption>{html.escape(p[3:-4].replace('-', ' '))}"
        "</figcaption></figure>"
        for p in report["pictures"]
    )
    state = "The whole journey was made" if report["completed"] else html.escape(report["failure"])
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Haplodesk demonstration</title>"
        "<style>body{font:15px system-ui;margin:2em;max-width:60em}td,th{padding:.2em 1em .2em 0;"
        "text-align:left}figure{margin:2em 0}img{max-width:100%;border:1px solid #ccc}</style>"
        f"<h1>Haplodesk demonstration</h1><p>{state}, in {report['seconds']} s.</p>"
        f"<table><tr><th>Step<th>Time<th>Verdict{steps}</table>"
        "<h2>Accuracy against the truth, at sites that were not typed</h2>"
        f"<table><tr><th>File<th>Minor allele frequency<th>Sites<th>Dosage r²{rows}</table>"
        f"<h2>Pictures</h2>{pictures}</html>"
    )


if __name__ == "__main__":
    sys.exit(main())
