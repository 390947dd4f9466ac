"""The page of a dataset: predictions, tabs, picks, the plan of repairs, a real job's list, the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.domain.changes import Changes, Noun
from app.domain.dataset import OTHER_FORMAT, DatasetState
from app.domain.finding import Finding, Severity
from app.domain.problem import Kind, Problem
from app.domain.progress import Progress
from app.domain.repair import RepairCode, RepairPlan
from app.operations.tasks import Task, TaskKind
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.models.table import SHOWN_ROLE
from app.ui.views.home.blocks import dataset_row
from app.ui.views.uploads.dataset_detail import DatasetDetail, DatasetFacts
from app.ui.views.uploads.dataset_words import dataset_shown
from app.ui.views.uploads.outlook import PAUSE_MS
from app.ui.views.uploads.target_menu import targets
from app.ui.views.uploads.uploads_view import UploadsView
from tests.ui import cohorts, samples
from tests.ui.fakes import FakeLibrary, FakeOperations
from tests.ui.menus import choose
from tests.ui.test_window import nameless


@pytest.fixture
def view(context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot) -> UploadsView:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    library.all_datasets = [cohorts.judged(1), samples.dataset(3, None), cohorts.prepared()]
    library.all_jobs = [samples.job(2, service_id="michigan")]
    library.all_figures = {"dataset-1": cohorts.figures()}
    library.offer = cohorts.chain_offer()
    operations.answers["plan_repair"] = cohorts.plan()
    made = UploadsView(context)
    qtbot.addWidget(made)
    made.resize(1200, 900)
    made.show()
    qtbot.waitUntil(lambda: made.detail.isVisible() and shown_tabs(made.detail)[1] == "People")
    return made


def shown_tabs(detail: DatasetDetail) -> list[str]:
    tabs = detail.tabs
    return [tabs.tabText(n) for n in range(tabs.count()) if tabs.isTabVisible(n)]


def test_only_tabs_with_something_in_them_are_shown(view: UploadsView, qtbot: QtBot) -> None:
    assert shown_tabs(view.detail) == [
        "Findings (4)",
        "People",
        "Sites",
        "Ancestry",
        "Panels",
        "Plan",
        "Files (3)",
        "What leaves",
    ]
    assert nameless(view) == []
    view.reveal("dataset-3")
    qtbot.waitUntil(lambda: shown_tabs(view.detail) == ["Findings (0)", "Files (3)", "What leaves"])
    assert view.detail.findings.unchecked.isVisible()


def test_predictions_come_first_and_tell_everything(view: UploadsView, operations: FakeOperations) -> None:
    verdict = view.detail.verdict
    first = verdict.lines[0]
    assert first.words.text() == (
        "Michigan would refuse this: 212 strand flips, 100 allowed. Haplodesk can repair 211."
    )
    assert first.badge.accessibleName() == "Would refuse it"
    first.ask.click()
    details = verdict.details
    assert details.isVisible()
    assert details.reasons.short_model.rows[0] == (True, "212 strand flips, 100 allowed", 212, 100, 211)
    assert "More than 100 obvious strand flips" in details.words.toPlainText()
    assert ("match", "3,491") in details.counters.short_model.rows
    assert details.chunks.short_model.rows[0][0] == "chr22: 20–40 Mb"
    assert details.chunks.short_model.rows[0][4] == "HD00002"
    assert not details.add_sites.isVisible()
    first.ask.click()
    assert not details.isVisible()
    verdict.lines[1].ask.click()
    assert "No site list of TOPMed r3" in details.missing.text()
    assert details.add_sites.isVisible()
    assert operations.calls == []


def test_a_service_that_was_not_asked_is_asked(
    view: UploadsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    line = next(e for e in view.detail.verdict.lines if e.name.text() == "Practice server")
    line.ask.click()
    assert choose(view, "African") == ["European", "African", "Mixed", "Population not stated"]
    qtbot.waitUntil(lambda: operations.names() == ["predict"])
    assert operations.calls[0][1] == ("dataset-1", "practice-server", "apps@practice@1.0.0", "afr")


def test_a_prediction_is_made_again_for_another_panel_and_population(
    view: UploadsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    view.detail.verdict.lines[0].ask.click()
    view.detail.verdict.details.again.click()
    choose(view, "Michigan Imputation Server · HRC r1.1 2016", "Mixed")
    qtbot.waitUntil(lambda: operations.names() == ["predict"])
    assert operations.calls[0][1] == ("dataset-1", "michigan", "apps@hrc-r1.1@2.0.0", "mixed")


def test_a_panel_with_one_population_has_no_choice(view: UploadsView) -> None:
    assert view.detail.facts is not None
    found = {t.panel_id: t for t in targets(view.detail.facts.services, view.detail.facts.panels)}
    (only,) = found["apps@hapmap-2@2.0.0"].each()
    assert (only.population, only.words.rpartition(" · ")[2]) == ("eur", "European")
    assert [each.population for each in found["apps@hrc-r1.1@2.0.0"].each()] == ["eur", "afr", "mixed", ""]


def test_adding_a_site_list_goes_to_the_panel(view: UploadsView, context: Context) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda page, item: went.append((page, item))
    view.detail.verdict.lines[1].ask.click()
    view.detail.verdict.details.add_sites.click()
    assert went == [("panels", samples.panels()[4].key)]


def open_plan(view: UploadsView, qtbot: QtBot) -> None:
    view.detail.verdict.lines[0].plan.click()
    plan = view.detail.plan
    qtbot.waitUntil(lambda: plan.plan is not None)
    assert view.detail.tabs.currentWidget() is plan


def test_the_plan_shows_what_would_be_done(
    view: UploadsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    open_plan(view, qtbot)
    plan = view.detail.plan
    assert operations.calls[0][:2] == (
        "plan_repair",
        ("dataset-1", "michigan", "apps@1000g-phase-3-v5@2.0.0", "eur"),
    )
    assert [row.box.isChecked() for row in plan.steps.rows] == [True, True, True, True, False]
    assert not plan.steps.rows[0].box.isEnabled()
    assert "212 strand flips" in plan.before.text()
    assert plan.after.text() == "Afterwards: Michigan would take this: 1 variant is left out."
    assert plan.total.text() == "Lost: 1 person."
    plan.steps.rows[4].box.click()
    assert plan.total.text() == "Lost: 312 sites, 1 person."
    assert plan.repair.text() == "Repair with 5 steps"
    assert plan.left.short_model.rows[0][1] == 1
    plan.steps.rows[1].unfold.click()
    assert "20:61098 A/G → T/C" in plan.steps.rows[1].places.text()
    assert nameless(view) == []


def test_other_steps_have_another_outcome(
    view: UploadsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    open_plan(view, qtbot)
    plan = view.detail.plan
    proposed = plan.after.text()
    operations.answers["plan_repair"] = cohorts.plan().model_copy(update={"after": "3,679 sites are left."})
    plan.steps.rows[4].box.click()
    plan.steps.rows[1].box.click()
    assert plan.after.isVisible()
    assert plan.after.text() == "Afterwards: being worked out for these steps…"
    qtbot.waitUntil(lambda: plan.after.text() == "Afterwards: 3,679 sites are left.")
    assert operations.names() == ["plan_repair", "plan_repair"]
    assert operations.calls[1][2]["chosen"] == (
        RepairCode.RECOMPRESS,
        RepairCode.PALINDROMIC_FREQUENCY,
        RepairCode.DROP_SAMPLES_CHUNK,
        RepairCode.DROP_MONOMORPHIC,
    )
    plan.steps.rows[4].box.click()
    plan.steps.rows[1].box.click()
    assert plan.after.text() == proposed
    qtbot.wait(PAUSE_MS + 100)
    assert plan.after.text() == proposed
    assert operations.names() == ["plan_repair", "plan_repair"]


def test_a_repair_shows_the_new_dataset_and_can_be_taken_back(
    view: UploadsView, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    operations.answers["repair_dataset"] = Changes.of(Noun.DATASET, "dataset-4")
    open_plan(view, qtbot)
    plan = view.detail.plan
    plan.use_folder(Path("ready"))
    assert plan.place.text() == "Written to: ready"
    plan.repair.click()
    assert plan.repair.text() == "Repairing…"
    qtbot.waitUntil(lambda: view.detail.name.text() == "cohort-A ready for Michigan")
    name, args, more = operations.calls[-1]
    assert name == "repair_dataset"
    assert args[3] == (
        RepairCode.RECOMPRESS,
        RepairCode.FLIP,
        RepairCode.PALINDROMIC_FREQUENCY,
        RepairCode.DROP_SAMPLES_CHUNK,
    )
    assert args[4] == Path("ready")
    assert more["population"] == "eur"
    assert view.detail.tabs.currentWidget() is view.detail.made
    box = context.notices.boxes()[0]
    undo = next(b for b in box.findChildren(QPushButton) if b.text() == "Undo")
    undo.click()
    qtbot.waitUntil(lambda: operations.calls[-1][:2] == ("remove_dataset", ("dataset-4",)))
    qtbot.waitUntil(lambda: view.detail.name.text() == "cohort-A")


def test_the_ledger_of_a_repaired_dataset_adds_up(view: UploadsView, qtbot: QtBot) -> None:
    view.reveal("dataset-4")
    made = view.detail.made
    qtbot.waitUntil(lambda: made.isVisible())
    assert made.sums.text() == (
        "4,003 sites of 48 people came in, 3,991 sites of 47 people went out. Every one is accounted for."
    )
    rows = made.ledger.short_model.rows
    assert rows[0][0] == "In"
    assert rows[-2][4:] == (3991, 1, 47)
    assert rows[-1] == ("Out", 211, 4, 16, 3991, 1, 47)
    assert made.origin.text() == "Made from cohort-A"
    made.origin.click()
    qtbot.waitUntil(lambda: view.detail.name.text() == "cohort-A")


def test_a_reference_genome_is_chosen_beside_the_plan_and_let_go(
    view: UploadsView, operations: FakeOperations, qtbot: QtBot, tmp_path: Path
) -> None:
    wanted = cohorts.plan().model_copy(update={"reference_build": "GRCh37"})
    operations.answers |= {"plan_repair": wanted, "use_reference": "GRCh37"}
    open_plan(view, qtbot)
    row = view.detail.plan.reference_row
    assert row.words.text().startswith("Reference genome: none.")
    assert not row.forget.isVisible()
    genome = tmp_path / "hs37d5.fa"
    operations.answers["plan_repair"] = wanted.model_copy(update={"reference": str(genome)})
    row.use_file(genome)
    qtbot.waitUntil(lambda: row.words.text() == "Reference genome of GRCh37: hs37d5.fa")
    operations.answers["plan_repair"] = wanted
    row.forget.click()
    qtbot.waitUntil(lambda: row.words.text().startswith("Reference genome: none."))
    asked = ["plan_repair", "use_reference", "plan_repair", "forget_reference", "plan_repair"]
    assert operations.names() == asked
    assert operations.calls[3][1] == ("GRCh37",)


def test_a_group_that_could_not_be_repaired_is_told_after_the_repair(
    view: UploadsView, library: FakeLibrary, qtbot: QtBot
) -> None:
    view.reveal("dataset-4")
    made = view.detail.made
    qtbot.waitUntil(lambda: made.isVisible())
    dataset = view.detail.facts.dataset if view.detail.facts is not None else None
    assert dataset is not None
    assert dataset.outcome is not None
    left = ("b: Nothing is left: no sample stays.",)
    told = dataset.model_copy(update={"outcome": dataset.outcome.model_copy(update={"left_out": left})})
    made.show_dataset(told, "cohort-A")
    assert "Not repaired: b: Nothing is left" in " ".join(made.cautions.lines)
    said: list[tuple[str, str]] = []
    view.context.notices.say = lambda *words, **_: said.append(words)  # type: ignore[method-assign, assignment]
    view.page._tell_made(dataset, ("dataset-4",), told)
    assert said == [
        (
            f"{dataset.name} is repaired in part",
            "The given files are as they were; a dataset was made of one group of people. "
            "Not repaired: b: Nothing is left: no sample stays.",
        )
    ]


def test_a_refused_and_a_failed_plan_say_why(
    view: UploadsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    operations.answers["plan_repair"] = RepairPlan(refused="The build is not certain enough.")
    open_plan(view, qtbot)
    plan = view.detail.plan
    assert plan.before.text() == "The build is not certain enough."
    assert not plan.foot.isVisible()
    operations.answers["plan_repair"] = Problem(kind=Kind.DISK, title="No room", what_happened="Full.")
    plan.plan_again()
    qtbot.waitUntil(lambda: plan.problem.isVisible())
    assert plan.problem.title.text() == "No room"


def test_a_lift_offers_a_chain_file_and_downloads_only_with_consent(
    view: UploadsView, operations: FakeOperations, qtbot: QtBot
) -> None:
    detail = view.detail
    detail.show_plan(detail.target("topmed", "apps@topmed-r3@1.0.0"))
    row = detail.plan.chain_row
    qtbot.waitUntil(lambda: row.isVisible())
    assert "GRCh37" in row.words.text()
    dialog = row.ask_consent()
    assert dialog is not None
    assert not dialog.fetch.isEnabled()
    assert operations.names() == ["plan_repair"]
    dialog.findChild(QCheckBox).click()
    dialog.fetch.click()
    qtbot.waitUntil(lambda: operations.names() == ["plan_repair", "download_chain", "plan_repair"])
    assert operations.calls[1][1] == ("GRCh37", "GRCh38")


def test_a_finding_opens_its_repair_and_its_people(view: UploadsView, qtbot: QtBot) -> None:
    findings = view.detail.findings
    findings.table.selectRow(0)
    assert [row[0] for row in findings.places.table.short_model.rows] == ["20:61098", "20:63231", "20:64139"]
    findings.fix.click()
    plan = view.detail.plan
    qtbot.waitUntil(lambda: plan.plan is not None)
    assert plan.target is not None
    assert plan.target.service_id == "michigan"
    assert view.focusWidget() is plan.steps.rows[1].box
    row = [f.title for f in findings.shown].index("People with few calls")
    view.detail.tabs.setCurrentWidget(findings)
    findings.table.selectRow(row)
    findings.people.click()
    people = view.detail.samples
    assert view.detail.tabs.currentWidget() is people
    qtbot.waitUntil(lambda: people.model.rowCount() == 2)
    assert people.picked.text() == "2 people: People with few calls"
    people.all.click()
    qtbot.waitUntil(lambda: people.model.rowCount() == 48)


def test_the_people_model_keeps_the_rules_of_qt(
    view: UploadsView, qtmodeltester: ModelTester, qtbot: QtBot
) -> None:
    view.detail.tabs.setCurrentWidget(view.detail.samples)
    qtbot.waitUntil(lambda: view.detail.samples.model.rowCount() == 48)
    qtmodeltester.check(view.detail.samples.model)


def test_picks_on_the_map_are_listed_and_shown_among_the_people(view: UploadsView, qtbot: QtBot) -> None:
    tab = view.detail.ancestry
    view.detail.tabs.setCurrentWidget(tab)
    tab.pick([4, 7], "")
    assert [row[:2] for row in tab.list.table.short_model.rows][0] == ("HD00004", "uncertain")
    tab.more.click()
    assert view.detail.tabs.currentWidget() is view.detail.samples
    qtbot.waitUntil(lambda: view.detail.samples.model.rowCount() == 2)


def test_flips_are_listed_and_lists_exported(view: UploadsView, tmp_path: Path, qtbot: QtBot) -> None:
    tab = view.detail.sites
    view.detail.tabs.setCurrentWidget(tab)
    tab.flips.click()
    assert tab.list.words.text().startswith("212 sites")
    tab.list.export_to(tmp_path / "flips.csv")
    tab.list.show_rows((), "")  # the thread that writes has the rows of before
    qtbot.waitUntil((tmp_path / "flips.csv").exists)
    lines = (tmp_path / "flips.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "Chromosome,Position,ALT here (%),Reference (%)"
    assert len(lines) == 213
    assert [line.partition(",")[0] for line in lines[1:]] == ["20"] * 212


def test_a_frame_in_the_plane_lists_the_sites_in_it(view: UploadsView, qtbot: QtBot) -> None:
    tab = view.detail.sites
    view.detail.tabs.setCurrentWidget(tab)
    stops = tab.plane.drawing.stops
    tab.plane.pick(stops.within(0.0, 0.0, 0.2, 0.2))
    rows = tab.list.table.short_model.rows
    assert tab.list.words.text() == f"{len(rows):,} sites"
    assert len(rows) > 1000
    assert all(here < 0.21 and there < 0.21 for _, _, here, there in rows)


def test_a_finding_lists_all_its_sites(view: UploadsView, qtbot: QtBot) -> None:
    findings = view.detail.findings
    findings.table.selectRow(0)
    assert findings.sites.words.text() == "212 sites"
    assert len(findings.sites.table.short_model.rows) == 212
    assert not findings.sites.isHidden()
    assert findings.places.isHidden()
    findings.sites.copy.click()
    assert len(QApplication.clipboard().text().splitlines()) == 213
    findings.show_figures(None)
    assert findings.sites.isHidden()
    assert not findings.places.isHidden()


def test_related_pairs_are_shown_among_the_people(view: UploadsView, qtbot: QtBot) -> None:
    people = view.detail.samples
    view.detail.tabs.setCurrentWidget(people)
    people.charts.show_number(3)
    assert people.related.words.text().startswith("3 related pairs")
    people.related.table.selectRow(0)
    qtbot.waitUntil(lambda: people.model.rowCount() == 2)


def test_the_first_look_is_shown_while_the_check_runs(
    view: UploadsView, library: FakeLibrary, context: Context, qtbot: QtBot
) -> None:
    library.all_datasets[1] = library.all_datasets[1].model_copy(update={"state": DatasetState.CHECKING})
    view.reveal("dataset-3")
    qtbot.waitUntil(lambda: view.detail.name.text() == "cohort-C")
    task = Task(TaskKind.CHECK, "Checking cohort-C", id="t1", dataset_id="dataset-3")
    task.progress = Progress(done=1, unit="records", first_look=samples.dataset(2, False).report)
    library.all_tasks = [task]
    context.bridge.announce(Changes.of(Noun.TASK, "t1"))
    qtbot.waitUntil(lambda: len(view.detail.findings.shown) == 3)
    assert view.detail.verdict.words.text() == (
        "So far: Chromosome names do not fit the build. The check goes on."
    )
    assert "48 people" in view.detail.line.text()


def test_a_list_of_a_real_job_is_compared(
    view: UploadsView, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    path = Path("snps-excluded.txt")
    assert view.drop_words([path]) == "snps-excluded.txt: compare with what was predicted for cohort-A"
    view.drop([path])
    panel = view.detail.comparison
    assert panel.isVisible()
    assert panel.choice.currentText() == "Michigan Imputation Server · 1000 Genomes Phase 3 (Version 5)"
    operations.answers["learn_from_excluded"] = Problem(
        kind=Kind.INPUT, title="Another file", what_happened="It is no list of sites."
    )
    panel.compare.click()
    qtbot.waitUntil(lambda: panel.problem.isVisible())
    assert operations.calls[-1][1] == ("dataset-1", path, "michigan", "apps@1000g-phase-3-v5@2.0.0")
    view.drop([path])
    operations.answers["learn_from_excluded"] = cohorts.comparison()
    panel.compare.click()
    qtbot.waitUntil(lambda: panel.resubmit.isVisible())
    assert panel.badge.accessibleName() == "They differ"
    assert panel.words.text() == (
        "Prediction and server differ at 3 sites. 522 lines agree, 1 only predicted, 2 only by the server."
    )
    assert panel.table.short_model.rows[0] == ("Strand flip", 211, 212, "20:99001, 20:99871")
    assert "212 sites were learnt" in panel.learnt.text()


def test_the_card_of_a_list_goes_with_its_dataset(
    view: UploadsView, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    panel = view.detail.comparison
    view.drop([Path("snps-excluded.txt")])
    assert panel.isVisible()
    view.reveal("dataset-4")
    qtbot.waitUntil(lambda: view.detail.name.text() == "cohort-A ready for Michigan")
    assert not panel.isVisible()
    view.reveal("dataset-1")
    qtbot.waitUntil(lambda: view.detail.name.text() == "cohort-A")
    assert not panel.isVisible()
    assert operations.calls == []


def test_an_answer_that_comes_too_late_is_a_notice(
    view: UploadsView, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    operations.answers["learn_from_excluded"] = cohorts.comparison()
    facts = view.detail.facts
    assert facts is not None
    target = view.detail.target("michigan", "apps@1000g-phase-3-v5@2.0.0")
    view.page.learn_for(Path("snps-excluded.txt"), target)
    other = facts.dataset.model_copy(update={"id": "dataset-9", "name": "Other"})
    view.current = "dataset-9"
    view.detail.show_facts(DatasetFacts(other, facts.services, facts.panels, ()))
    qtbot.waitUntil(lambda: bool(context.notices.boxes()))
    said = [label.text() for label in context.notices.boxes()[0].findChildren(QLabel)]
    assert "snps-excluded.txt is compared with cohort-A" in said
    assert not view.detail.comparison.isVisible()


def test_resubmitting_repairs_first_and_then_starts_a_job(
    view: UploadsView, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    went: list[tuple[str, str | None]] = []
    context.navigate = lambda page, item: went.append((page, item))
    operations.answers["repair_dataset"] = Changes.of(Noun.DATASET, "dataset-4")
    detail = view.detail
    target = detail.target("michigan", "apps@1000g-phase-3-v5@2.0.0")
    detail.comparison.show_comparison(cohorts.comparison(), target)
    detail.comparison.resubmit.click()
    qtbot.waitUntil(lambda: detail.plan.plan is not None)
    assert went == []
    detail.plan.repair.click()
    qtbot.waitUntil(lambda: went == [("new_job", "dataset-4")])


def test_the_report_goes_without_names_unless_they_are_wanted(
    view: UploadsView, operations: FakeOperations, tmp_path: Path, qtbot: QtBot
) -> None:
    view.detail.report.click()
    dialog = view.page.ask_report(cohorts.judged())
    assert not dialog.names.isChecked()
    dialog.save_to(tmp_path / "r.html")
    qtbot.waitUntil(lambda: operations.names() == ["save_report"])
    assert operations.calls[0][1] == ("dataset-1", tmp_path / "r.html", False)


def test_the_page_can_have_all_the_room(view: UploadsView) -> None:
    view.detail.whole.click()
    assert not view.table.isVisible()
    view.detail.whole.click()
    assert view.table.isVisible()


def test_tab_walks_through_every_tab_of_the_page(view: UploadsView, qtbot: QtBot) -> None:
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    tabs = view.detail.tabs
    for number in range(tabs.count()):
        if not tabs.isTabVisible(number):
            continue
        tabs.setCurrentIndex(number)
        tabs.tabBar().setFocus()
        seen = set()
        for _ in range(80):
            focus = view.focusWidget()
            seen.add(focus)
            qtbot.keyClick(focus, Qt.Key.Key_Tab)
            if view.focusWidget() in seen:
                break
        else:
            pytest.fail(f"Tab does not come round in {tabs.tabText(number)}")
        assert view.detail.new_job in seen or view.table.filter in seen, tabs.tabText(number)


def test_a_list_dropped_before_anything_is_shown_waits_for_its_dataset(
    context: Context, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    library.all_services = list(samples.services())
    library.all_panels = list(samples.panels())
    library.all_datasets = [samples.dataset(1), samples.dataset(2)]
    view = UploadsView(context)
    qtbot.addWidget(view)
    view.drop([Path("snps-excluded.txt")])
    view.resize(1000, 800)
    view.show()
    panel = view.detail.comparison
    qtbot.waitUntil(lambda: panel.words.text().endswith("predicts for cohort-A."))
    view.reveal("dataset-2")
    qtbot.waitUntil(lambda: panel.words.text().endswith("predicts for cohort-B."))
    panel.close_button.click()
    view.reveal("dataset-1")
    qtbot.waitUntil(lambda: view.detail.name.text() == "cohort-A")
    assert not panel.isVisible()
    assert operations.calls == []


def test_the_table_and_home_show_the_newest_prediction(
    view: UploadsView, library: FakeLibrary, qtbot: QtBot
) -> None:
    newest = library.all_datasets[0].verdicts[0]
    model = view.table.model
    names = lambda: [model.index(n, 0).data() for n in range(model.rowCount())]  # noqa: E731
    qtbot.waitUntil(lambda: "cohort-A" in names())
    row = next(n for n in range(model.rowCount()) if model.index(n, 0).data() == "cohort-A")
    shown = model.index(row, 1).data(SHOWN_ROLE)
    assert (shown.word, shown.status) == (newest.headline.rstrip("."), Status.WARNING)
    home = dataset_row(view.context, library.all_datasets[0])
    assert any(label.text().startswith(f"{shown.word} · ") for label in home.findChildren(QLabel))
    checking = library.all_datasets[0].model_copy(update={"state": DatasetState.CHECKING})
    assert dataset_shown((checking.state, True, newest.outcome, newest.headline)).word == "Checking"


def test_home_says_of_files_to_be_written_anew_what_their_page_says(view: UploadsView) -> None:
    plain = samples.dataset(1)
    assert plain.report is not None
    found = Finding(code=OTHER_FORMAT, severity=Severity.INFO, title="To be written anew")
    dataset = plain.model_copy(update={"report": plain.report.model_copy(update={"findings": (found,)})})
    home = dataset_row(view.context, dataset)
    assert any(label.text().startswith("To be prepared · ") for label in home.findChildren(QLabel))
