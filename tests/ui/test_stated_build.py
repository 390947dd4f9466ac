"""The build on the page of a dataset: stated where the files leave it open, refused where they do not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QTimer
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset, DatasetState
from app.domain.finding import BuildGuess, GroupFacts
from app.domain.problem import Kind, Problem
from app.ui.context import Context
from app.ui.views.uploads.build_row import BuildRow, is_open
from app.ui.views.uploads.uploads_view import UploadsView
from tests.ui import cohorts, samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.test_window import nameless

LIKELY = BuildGuess(value="GRCh37", confidence=0.5, evidence=("Chromosome names have no “chr”.",))
SURE = BuildGuess(value="GRCh38", confidence=0.95, evidence=("GRCh38 (hg38) is stated by you.",))


def with_build(build: BuildGuess, stated: str = "") -> Dataset:
    plain = samples.dataset(1)
    assert plain.report is not None
    report = plain.report.model_copy(update={"build": build})
    return plain.model_copy(update={"report": report, "stated_build": stated})


def shown(row: BuildRow) -> dict[str, bool]:
    """What can be chosen in the menu, and whether it has a mark."""
    row.fill()
    return {each.text(): each.isChecked() for each in row.menu.actions() if each.isEnabled() and each.text()}


@pytest.fixture
def row(context: Context, qtbot: QtBot) -> BuildRow:
    made = BuildRow(context)
    qtbot.addWidget(made)
    return made


def test_only_an_open_build_is_asked_for() -> None:
    assert is_open(with_build(LIKELY))
    assert not is_open(with_build(SURE))
    assert is_open(with_build(SURE, "GRCh38"))
    assert not is_open(samples.dataset(3, None))


def test_groups_of_different_builds_leave_nothing_open() -> None:
    dataset = with_build(BuildGuess())
    assert dataset.report is not None
    sure = SURE.model_copy(update={"value": "GRCh37"})
    facts = [GroupFacts(name=name, files=(n,), people=9, build=sure) for n, name in enumerate("AB")]
    known = dataset.report.model_copy(update={"groups": tuple(facts)})
    assert not is_open(dataset.model_copy(update={"report": known}))
    facts[1] = facts[1].model_copy(update={"build": LIKELY})
    partly = dataset.report.model_copy(update={"groups": tuple(facts)})
    assert is_open(dataset.model_copy(update={"report": partly}))


def test_it_says_how_sure_the_files_are(row: BuildRow) -> None:
    row.show_dataset(with_build(LIKELY))
    assert not row.isHidden()
    assert "(GRCh37, 50 % sure)" in row.words.text().replace("\xa0", " ")
    assert row.button.text() == "State the build"
    assert shown(row) == {"GRCh37 (hg19)": False, "GRCh38 (hg38)": False, "NCBI36 (hg18)": False}
    row.show_dataset(with_build(SURE, "GRCh38"))
    assert row.badge.accessibleName() == "Build stated"
    assert shown(row)["GRCh38 (hg38)"]
    assert not shown(row)["As found"]
    row.show_dataset(with_build(SURE, "GRCh37"))
    assert row.badge.accessibleName() == "Build contradicted"
    checking = with_build(LIKELY).model_copy(update={"state": DatasetState.CHECKING})
    row.show_dataset(checking)
    assert not row.button.isEnabled()


def test_stating_it_asks_for_the_plan_anew(
    context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    library.all_datasets = [with_build(LIKELY)]
    operations.answers["plan_repair"] = cohorts.plan()
    view = UploadsView(context)
    qtbot.addWidget(view)
    view.resize(1100, 800)
    view.show()
    qtbot.waitUntil(lambda: view.detail.build.isVisible())
    assert nameless(view) == []
    view.detail.show_plan(view.detail.target("michigan", "apps@hrc-r1.1@2.0.0"))
    qtbot.waitUntil(lambda: view.detail.plan.plan is not None)
    view.detail.build.fill()
    view.detail.build.menu.actions()[1].trigger()
    assert not view.detail.build.button.isEnabled()
    qtbot.waitUntil(lambda: operations.names() == ["plan_repair", "state_build"])
    assert operations.calls[1][1] == ("dataset-1", "GRCh38")
    qtbot.waitUntil(view.detail.build.button.isEnabled)
    library.all_datasets = [with_build(SURE, "GRCh38")]
    context.bridge.announce(Changes.of(Noun.DATASET, "dataset-1"))
    qtbot.waitUntil(lambda: operations.names() == ["plan_repair", "state_build", "plan_repair"])
    assert view.detail.line.text().endswith("GRCh38 (as you stated)")


def test_what_contradicts_it_is_shown_in_place(
    row: BuildRow, operations: FakeOperations, qtbot: QtBot
) -> None:
    operations.answers["state_build"] = Problem(
        kind=Kind.INPUT,
        title="The positions are GRCh37 (hg19), not GRCh38 (hg38)",
        what_happened="3,981 of 3,990 known positions agree with GRCh37 (hg19).",
    )
    row.show_dataset(with_build(LIKELY))
    row.state("GRCh38")
    qtbot.waitUntil(lambda: not row.problem.isHidden())
    assert row.problem.title.text() == "The positions are GRCh37 (hg19), not GRCh38 (hg38)"
    assert row.button.isEnabled()
    assert not shown(row)["GRCh38 (hg38)"]
    other = with_build(LIKELY).model_copy(update={"id": "dataset-2"})
    row.show_dataset(other)
    assert row.problem.isHidden()


def test_the_menu_opens_by_key(row: BuildRow, qtbot: QtBot) -> None:
    row.show_dataset(with_build(LIKELY))
    row.show()
    row.button.setFocus()
    opened: list[bool] = []
    row.menu.aboutToShow.connect(lambda: opened.append(True))
    QTimer.singleShot(100, row.menu.close)  # the menu of a button has a loop of its own until it is closed
    qtbot.keyClick(row.button, Qt.Key.Key_Space)
    assert opened == [True]
    assert [action.text() for action in row.menu.actions()][:2] == ["GRCh37 (hg19)", "GRCh38 (hg38)"]
