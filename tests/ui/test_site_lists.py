"""Site lists of panels: added, used, loosened, removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.ui.context import Context
from app.ui.views.panels.add_sites import build_in, list_name
from app.ui.views.panels.panels_view import PanelsView
from app.ui.views.panels.site_lists import bindable
from app.ui.views.uploads.verdict_details import VerdictDetails
from tests.ui import cohorts, samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.test_window import nameless


@pytest.fixture
def view(context: Context, library: FakeLibrary, qtbot: QtBot) -> PanelsView:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    library.all_site_lists = list(cohorts.site_lists())
    made = PanelsView(context)
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    qtbot.waitUntil(lambda: made.detail.sites.words.text() != "")
    return made


def named(view: PanelsView, name: str) -> QPushButton:
    return next(b for b in view.findChildren(QPushButton) if name in (b.text(), b.accessibleName()))


def words_in(view: PanelsView) -> list[str]:
    return [label.text() for label in view.detail.site_lists.findChildren(QLabel)]


def test_a_panel_says_whether_it_can_be_compared(view: PanelsView, qtbot: QtBot) -> None:
    sites = view.detail.sites
    assert sites.badge.accessibleName() == "Compared"
    assert sites.words.text().startswith("1000G Phase 3 sites: 49,143,605 sites · GRCh37 · with frequencies")
    view.reveal(samples.panels()[1].key)
    qtbot.waitUntil(lambda: sites.badge.accessibleName() == "Not compared")
    view.reveal(samples.panels()[3].key)
    qtbot.waitUntil(lambda: sites.badge.accessibleName() == "Cannot be read")
    assert nameless(view) == []


def test_a_list_is_used_for_a_panel_and_loosened(
    view: PanelsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    hrc = samples.panels()[1].key
    view.reveal(hrc)
    qtbot.waitUntil(lambda: view.detail.sites.badge.accessibleName() == "Not compared")
    menu = view.detail.sites.menu
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == ["1000G Phase 3 sites", "HRC.r1-1"]
    menu.actions()[1].trigger()
    named(view, "Unbind: 1000G Phase 3 sites").click()
    qtbot.waitUntil(lambda: len(operations.calls) == 2)
    assert operations.calls[0][:2] == ("bind_panel_sites", ("sites-2", (hrc,)))
    assert operations.calls[1][:2] == ("bind_panel_sites", ("sites-1", ()))


def test_removing_a_list_asks_first(view: PanelsView, operations: FakeOperations, qtbot: QtBot) -> None:
    named(view, "Remove: CAAPA").click()
    box = view.findChild(QMessageBox)
    assert box is not None
    assert operations.calls == []
    next(b for b in box.findChildren(QPushButton) if b.text() == "Remove site list").click()
    qtbot.waitUntil(lambda: operations.names() == ["remove_panel_sites"])


def test_a_dropped_list_is_added_for_the_chosen_panel(
    view: PanelsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    path = Path("HRC.r1-1.GRCh37.wgs.mac5.sites.tab.gz")
    assert view.drop_words([path]) == f"{path.name}: add as a site list"
    assert view.drop_words([Path("a.vcf.gz")]) is None
    dialog = view.add_sites([path])
    assert (dialog.name.text(), dialog.build.currentText()) == ("HRC.r1-1.GRCh37.wgs.mac5", "GRCh37")
    dialog.name.clear()
    assert not dialog.go.isEnabled()
    dialog.name.setText("HRC")
    dialog.go.click()
    qtbot.waitUntil(lambda: operations.names() == ["add_panel_sites"])
    assert operations.calls[0][1] == ((path,), "HRC", "GRCh37", (samples.panels()[0].key,))


def test_a_list_is_bound_where_it_stands(view: PanelsView, operations: FakeOperations, qtbot: QtBot) -> None:
    use = named(view, "Use HRC.r1-1 for a panel")
    menu = use.menu()
    assert menu is not None
    menu.aboutToShow.emit()
    words = [action.text() for action in menu.actions()]
    assert "HRC r1.1 2016 (michigan)" in words
    assert not any("topmed" in word for word in words)
    menu.actions()[words.index("HRC r1.1 2016 (michigan)")].trigger()
    qtbot.waitUntil(lambda: operations.names() == ["bind_panel_sites"])
    assert operations.calls[0][1] == ("sites-2", (samples.panels()[1].key,))
    assert nameless(view) == []


def test_only_panels_of_its_build_fit_a_list() -> None:
    found = cohorts.site_lists()[1]
    builds = {panel.build for panel in bindable(found, samples.panels())}
    assert builds <= {None, "", "GRCh37"}
    assert bindable(cohorts.site_lists()[2], samples.panels()) == []


def test_without_panels_it_says_why_nothing_can_be_bound(
    context: Context, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_site_lists = [cohorts.site_lists()[1]]
    view = PanelsView(context)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    why = "Used for no panel: no service has told its panels yet. Read the panels first."
    qtbot.waitUntil(lambda: why in words_in(view))
    qtbot.waitUntil(lambda: view.detail.site_lists.isVisible())
    dialog = view.add_sites([Path("HRC.sites.tab.gz")])
    assert not dialog.panel.isEnabled()
    assert not dialog.none.isHidden()
    dialog.reject()
    library.all_panels = [p for p in samples.panels() if p.build == "GRCh38"]
    view.refresh()
    qtbot.waitUntil(lambda: "Used for no panel: none that is known is GRCh37." in words_in(view))


def test_a_prediction_without_a_panel_offers_to_read_the_panels(
    context: Context, operations: FakeOperations, qtbot: QtBot
) -> None:
    details = VerdictDetails(context, lambda: None, lambda _: None)
    qtbot.addWidget(details)
    details.show_verdict(cohorts.acceptance().model_copy(update={"panel_id": None}))
    assert details.add_sites.isHidden()
    assert not details.read_panels.isHidden()
    assert details.missing.text().endswith(
        "It was predicted for no panel of TOPMed Imputation Server, so no site list can be used."
    )
    details.read_panels.click()
    qtbot.waitUntil(lambda: operations.names() == ["sync_panels"])
    assert operations.calls[0][1] == (("topmed",),)
    qtbot.waitUntil(lambda: bool(context.notices.boxes()))


@pytest.mark.parametrize(
    ("name", "build", "called"),
    [
        ("ALL.TOPMed_freeze5_hg38_dbSNP.vcf.gz", "GRCh38", "ALL.TOPMed_freeze5_hg38_dbSNP"),
        ("1000GP_Phase3_chr22.legend.gz", "GRCh37", "1000GP_Phase3"),
        ("caapa.chr1.sites.txt", "", "caapa"),
    ],
)
def test_names_and_builds_of_lists(name: str, build: str, called: str) -> None:
    assert build_in(name) == build
    assert list_name([Path(name)]) == called
