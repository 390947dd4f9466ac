"""Pictures of every view, light and dark, empty and filled: to look at, not to compare.

Run as `python -m tests.ui.gallery FOLDER [view …]`; beside views there are `dataset`, `result`, `service` and
`many`, which shows the views that were named with very many rows too.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout, QWidget

from app.domain.clock import FixedClock
from app.domain.job import JobState
from app.domain.panel_overlap import OverlapGap, PanelOverlap
from app.domain.progress import Progress
from app.operations.tasks import Task, TaskKind, TaskState
from app.services.catalogue import presets
from app.ui import status
from app.ui.bridge import Bridge, problem_of
from app.ui.commands import Commands
from app.ui.context import Context, Library, Operations
from app.ui.dialogs.add_service import AddServiceDialog
from app.ui.dialogs.crash import CrashDialog
from app.ui.dialogs.set_token import SetTokenDialog
from app.ui.layout import Layout
from app.ui.notices import Notices
from app.ui.theme import Theme
from app.ui.views.panels.panels_view import PanelsView
from app.ui.views.registry import VIEWS
from app.ui.views.services.services_view import ServicesView
from app.ui.views.uploads.dataset_detail import DatasetDetail
from app.ui.views.uploads.target_menu import fill_targets, targets
from app.ui.views.uploads.uploads_view import UploadsView
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.progress import Stage, StepsBar
from app.ui.widgets.switcher import Switcher
from app.ui.window import MainWindow
from tests.ui import cohorts, samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.result_gallery import answers, grab_results, with_results

MANY = ("results", "services", "panels")
"""The pages that are looked at with very many rows too."""


def filled() -> FakeLibrary:
    """A library with something in every list."""
    library = FakeLibrary()
    library.all_services = list(samples.services())
    library.all_health = list(samples.health())
    library.all_presets = list(presets())
    library.all_panels = list(samples.panels())
    library.all_panel_changes = list(samples.panel_changes())
    library.all_datasets = [
        cohorts.judged(1),
        samples.dataset(2, False),
        samples.dataset(3, None),
        cohorts.prepared(),
    ]
    library.all_figures = {
        "dataset-1": cohorts.figures(),
        "dataset-2": cohorts.figures(10_000, cohorts.CHROMOSOMES),
    }
    library.all_site_lists = list(cohorts.site_lists())
    library.overlaps = overlaps(library)
    library.offer = cohorts.chain_offer()
    library.all_jobs = [
        samples.job(1),
        samples.job(2, JobState.FAILED),
        samples.job(3, JobState.SUCCESS),
        samples.job(4, JobState.QUEUED, queue_position=7, progress=None, step=""),
        samples.job(5, JobState.UPLOADING, service_id="topmed", panel_name="TOPMed r3"),
        samples.job(6, JobState.UNKNOWN, raw_state=42),
    ]
    with_results(library)
    library.all_events = list(samples.events())
    upload = Task(TaskKind.UPLOAD, "cohort-A chr20–22 → TOPMed", id="t1")
    upload.progress = Progress(done=53_000_000, total=85_000_000, rate=48e6, left_s=250)
    check = Task(TaskKind.CHECK, "Check cohort-C", id="t2")
    check.progress = Progress(done=1200, unit="records", step="Sites", counts={"variants": 1200})
    ended = Task(TaskKind.CHECK, "Check cohort-B", id="t3", state=TaskState.DONE, ended=time.monotonic())
    library.all_tasks = [upload, check, ended]
    return library


def many() -> FakeLibrary:
    """Years of results with long names, and more services and panels than there are."""
    library = with_results(filled(), 10_000)
    services, panels = samples.services(), samples.panels()
    names = {f"service-{n}": f"{services[n % 4].name} {n} of a very long name" for n in range(500)}
    library.all_services += [
        services[n % 4].model_copy(update={"id": key, "name": name, "score": n % 101})
        for n, (key, name) in enumerate(names.items())
    ]
    library.all_panels += [
        panels[n % 6].model_copy(update={"id": f"panel-{n}", "service_id": f"service-{n % 500}"})
        for n in range(10_000)
    ]
    return library


def overlaps(library: FakeLibrary) -> dict[str, PanelOverlap]:
    """Of the same build, after lift-over, and without a chain file."""
    known = (
        PanelOverlap(percent=93.4, found=3739, sites=4003, build="GRCh37"),
        PanelOverlap(percent=41.2, found=1649, sites=4003, build="GRCh37"),
        PanelOverlap(percent=92.9, found=3719, sites=4003, lost=12, build="GRCh38", lifted=("GRCh37",)),
        PanelOverlap(gap=OverlapGap.NO_CHAIN, build="GRCh38", lifted=("GRCh37",)),
    )
    wanted = ("1000g-phase-3", "hapmap", "topmed", "practice")
    return {
        panel.key: known[n] for panel in library.all_panels for n, w in enumerate(wanted) if w in panel.id
    }


def wait_until(app: QApplication, holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Let answers come in until something holds, however slow the machine is."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError("what was waited for did not come")
        settle(app, 0.02)
    settle(app, 0.1)


def settle(app: QApplication, seconds: float = 0.4) -> None:
    """Let answers come in."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        app.processEvents()
        time.sleep(0.01)


def fakes(library: FakeLibrary) -> FakeOperations:
    """Operations that answer with something to see."""
    made = FakeOperations(library)
    made.answers["plan_repair"] = cohorts.plan()
    made.answers |= answers()
    return made


def grab_dataset(app: QApplication, window: MainWindow, folder: Path, scheme: str) -> None:
    """Every tab of the page of a dataset, as in a low window and alone on the page."""
    window.navigate("uploads", "dataset-1")
    settle(app, 0.8)
    view = window.view("uploads")
    assert isinstance(view, UploadsView)
    detail = view.detail
    detail.whole.setChecked(True)
    for width, height, kind in ((1280, 820, ""), (880, 560, "-narrow")):
        window.resize(width, height)
        detail.verdict.unfold(cohorts.refusal())
        settle(app, 0.2)
        window.grab().save(str(folder / f"d-verdict{kind}-{scheme}.png"))
        detail.verdict.unfold(cohorts.refusal())
        for number in range(detail.tabs.count()):
            if not detail.tabs.isTabVisible(number):
                continue
            detail.tabs.setCurrentIndex(number)
            widget = detail.tabs.widget(number)
            if widget is detail.plan:
                detail.show_plan(detail.target("michigan", cohorts.refusal().panel_id))
            for place, switcher in enumerate(widget.findChildren(Switcher) or [None]):
                for part in range(switcher.stack.count() if switcher is not None else 1):
                    if switcher is not None:
                        switcher.show_number(part)
                    settle(app, 0.25)
                    detail.page.ensureWidgetVisible(detail.tabs, 0, 0)
                    bar = detail.page.verticalScrollBar()
                    bar.setValue(bar.maximum())
                    settle(app, 0.05)
                    name = f"d-{number}-{place}{part}{kind}-{scheme}.png"
                    window.grab().save(str(folder / name))
    window.resize(1280, 820)
    grab_sites(app, window, detail, folder, scheme)
    grab_more(app, window, view, folder, scheme)
    detail.whole.setChecked(False)


def grab_sites(
    app: QApplication, window: MainWindow, detail: DatasetDetail, folder: Path, scheme: str
) -> None:
    """The sites of a finding, those on the anti-diagonal, the menu of populations, a plan being changed."""
    detail.tabs.setCurrentWidget(detail.findings)
    detail.findings.table.selectRow(0)
    settle(app)
    window.grab().save(str(folder / f"d-finding-sites-{scheme}.png"))
    detail.tabs.setCurrentWidget(detail.sites)
    detail.sites.charts.show_number(0)
    detail.sites.flips.click()
    settle(app)
    window.grab().save(str(folder / f"d-flips-{scheme}.png"))
    detail.verdict.unfold(cohorts.refusal())
    assert detail.facts is not None
    wanted = [t for t in targets(detail.facts.services, detail.facts.panels) if len(t.populations) > 1]
    menu = QMenu()
    detail.context.theme.dress(menu)
    fill_targets(menu, wanted[:1], (), str)
    below = menu.actions()[0].menu()
    assert isinstance(below, QMenu)
    below.popup(window.pos())
    settle(app)
    below.grab().save(str(folder / f"d-populations-{scheme}.png"))
    below.close()
    detail.verdict.unfold(cohorts.refusal())
    detail.show_plan(detail.target("michigan", cohorts.refusal().panel_id))
    settle(app)
    detail.plan.steps.rows[-1].box.click()
    settle(app, 0.1)
    window.grab().save(str(folder / f"d-plan-ticked-{scheme}.png"))


def grab_more(app: QApplication, window: MainWindow, view: UploadsView, folder: Path, scheme: str) -> None:
    """A lift in the plan, a download that is asked for, the report, a real job's list, many people."""
    detail = view.detail
    detail.show_plan(detail.target("topmed", cohorts.acceptance().panel_id))
    for _ in range(30):
        settle(app, 0.1)
        if detail.plan.plan is not None:
            break
    window.grab().save(str(folder / f"d-lift-{scheme}.png"))
    for name, dialog in (
        ("chain", detail.plan.chain_row.ask_consent()),
        ("report", view.page.ask_report(cohorts.judged())),
        ("sites", window_panels(window).add_sites([Path("HRC.r1-1.GRCh37.wgs.mac5.sites.tab.gz")])),
    ):
        settle(app)
        assert dialog is not None
        dialog.grab().save(str(folder / f"d-dialog-{name}-{scheme}.png"))
        dialog.reject()
    view.drop([Path("snps-excluded.txt")])
    settle(app)
    window.grab().save(str(folder / f"d-excluded-{scheme}.png"))
    detail.comparison.show_comparison(cohorts.comparison(), detail.target(None, None))
    settle(app)
    window.grab().save(str(folder / f"d-compared-{scheme}.png"))
    view.reveal("dataset-2")
    settle(app, 0.8)
    for tab in (detail.samples, detail.ancestry, detail.panel_fit):
        detail.tabs.setCurrentWidget(tab)
        for switcher in tab.findChildren(Switcher)[:1]:
            switcher.show_number(1 if tab is detail.samples else 0)
        settle(app, 0.5)
        window.grab().save(str(folder / f"d-many-{detail.tabs.currentIndex()}-{scheme}.png"))
    view.reveal("dataset-4")
    settle(app, 0.5)
    window.grab().save(str(folder / f"d-made-{scheme}.png"))


def window_panels(window: MainWindow) -> PanelsView:
    """The page of panels."""
    view = window.view("panels")
    assert isinstance(view, PanelsView)
    return view


def make_window(app: QApplication, bridge: Bridge, theme: Theme, library: FakeLibrary) -> MainWindow:
    """A whole window over fakes."""
    context = Context(
        bridge=bridge,
        library=cast(Library, library),
        operations=cast(Operations, fakes(library)),
        theme=theme,
        commands=Commands(theme),
        notices=Notices(theme),
        layout=Layout(),
        clock=FixedClock(samples.NOW),
    )
    window = MainWindow(context)
    window.resize(1280, 820)
    window.show()
    settle(app)
    return window


def grab_panels(
    app: QApplication, window: MainWindow, library: FakeLibrary, folder: Path, kind: str, scheme: str
) -> None:
    """Panels fitted to a dataset, as cards, and side by side."""
    window.navigate("panels")
    settle(app)
    view = window_panels(window)
    wait_until(app, lambda: view.known is not None and view.table.model.rowCount() > 0)
    view.bar.dataset.setCurrentIndex(1)
    view.bar.dataset.activated.emit(1)
    wait_until(app, lambda: not view.table.grid.isColumnHidden(view.fit_column))
    view.table.reveal(next(key for key, o in overlaps(library).items() if o.gap is not None))
    wait_until(app, lambda: view.detail.chain.isVisible())
    for cards in (False, True):
        view.bar.show_as(cards)
        settle(app)
        window.grab().save(str(folder / f"p-{'cards' if cards else 'table'}{kind}-{scheme}.png"))
    view.bar.show_as(False)
    ids = [key for key in overlaps(library) if key in view.table.model.ids()][:4]
    dialog = view.compare(ids)
    assert dialog is not None
    wait_until(app, lambda: dialog.isVisible() and dialog.table.rowCount() > 0)
    dialog.grab().save(str(folder / f"p-compare{kind}-{scheme}.png"))
    dialog.reject()


def grab_service(app: QApplication, window: MainWindow, folder: Path, scheme: str) -> None:
    """The page of a service with each of its plots."""
    window.navigate("services", "michigan")
    view = window.view("services")
    assert isinstance(view, ServicesView)
    wait_until(app, lambda: view.detail.facts is not None and view.detail.facts.service.id == "michigan")
    for number in range(len(view.detail.spans) + 1):
        view.detail.plots.show_number(number)
        settle(app, 0.1)
        window.grab().save(str(folder / f"s-plot-{number}-{scheme}.png"))
    bar = view.detail.page.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    settle(app, 0.1)
    window.grab().save(str(folder / f"s-standing-{scheme}.png"))


def grab_extras(app: QApplication, window: MainWindow, folder: Path, scheme: str) -> None:
    """Palette, dialogs, notices, problems, the veil."""
    window.navigate("services")
    palette = window.open_palette()
    palette.box.setText("co")
    settle(app)
    palette.grab().save(str(folder / f"x-palette-{scheme}.png"))
    palette.close()
    for name, dialog in (
        ("add", AddServiceDialog(window.context, window)),
        ("token", SetTokenDialog(window.context, samples.services()[1], window)),
        ("crash", CrashDialog(problem_of(ValueError("x")), window)),
    ):
        dialog.open()
        settle(app)
        dialog.grab().save(str(folder / f"x-{name}-{scheme}.png"))
        dialog.reject()
    window.context.notices.say("The panels are read", "3 panels changed", button="Show", on_click=str)
    window.context.notices.problem(samples.failed_problem())
    settle(app)
    window.grab().save(str(folder / f"x-notices-{scheme}.png"))
    window.veil.show_words("3 files: check as one dataset")
    settle(app)
    window.grab().save(str(folder / f"x-drop-{scheme}.png"))
    window.veil.hide()
    parts = QWidget()
    parts.setObjectName("page")
    window.context.theme.dress(parts)
    column = QVBoxLayout(parts)
    panel = ProblemPanel(window.context.theme)
    panel.show_problem(samples.failed_problem(), None, "Check against this panel", str)
    bar = StepsBar(window.context.theme, window.context.now)
    bar.show_stages(stages())
    column.addWidget(panel)
    column.addWidget(bar)
    parts.resize(900, 300)
    parts.show()
    settle(app)
    parts.grab().save(str(folder / f"x-parts-{scheme}.png"))
    parts.close()


def stages() -> list[Stage]:
    """Eight stages, half-way."""
    done = status.step_state("done")
    names = ("Prepared", "Uploaded", "Queued", "Checked by the server")
    made = [Stage(name, done, samples.ago(minutes=60 - 10 * n)) for n, name in enumerate(names)]
    made.append(Stage("Phased and imputed", status.step_state("running"), samples.ago(minutes=9), 0.42))
    return made + [Stage(n, status.step_state("waiting")) for n in ("Exported", "Fetched", "Verified")]


def main(folder: Path, wanted: list[str]) -> None:
    """Grab them all."""
    folder.mkdir(parents=True, exist_ok=True)
    importlib.import_module("pyqtgraph")  # takes seconds, which the first pictures would not wait for
    app = QApplication([])
    bridge = Bridge()
    theme = Theme(app, "light")
    for scheme in ("light", "dark"):
        theme.choose(scheme)
        for name, made in (("filled", filled), ("many", many), ("empty", FakeLibrary)):
            if name == "many" and wanted and name not in wanted:
                continue
            library = made()
            window = make_window(app, bridge, theme, library)
            for spec in VIEWS:
                if (wanted and spec.id not in wanted) or (name == "many" and spec.id not in MANY):
                    continue
                window.navigate(spec.id)
                settle(app, 1.5 if name == "many" else 0.4)
                window.grab().save(str(folder / f"{spec.id}-{name}-{scheme}.png"))
            if name == "filled" and (not wanted or "dataset" in wanted):
                grab_dataset(app, window, folder, scheme)
            if name == "filled" and (not wanted or "result" in wanted):
                grab_results(app, window, library, folder, scheme, settle)
            if name != "empty" and (not wanted or "panels" in wanted):
                grab_panels(app, window, library, folder, "" if name == "filled" else "-many", scheme)
            if name == "filled" and (not wanted or "service" in wanted):
                grab_service(app, window, folder, scheme)
            if name == "filled" and not wanted:
                grab_extras(app, window, folder, scheme)
            window.close()
            window.deleteLater()
            settle(app, 0.05)
    bridge.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
