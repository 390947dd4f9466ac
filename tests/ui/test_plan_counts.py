"""The plan of repairs: what to be careful about, counts that follow the boxes, groups of people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from app.domain.repair import Ledger, LedgerLine, RepairCode, RepairOutcome, RepairPlan, RepairStep
from app.ui.context import Context
from app.ui.views.uploads.made_tab import MadeTab
from app.ui.views.uploads.plan_tab import PlanTab
from app.ui.views.uploads.target_menu import any_service
from app.ui.views.uploads.verdict_details import VerdictDetails
from tests.ui import cohorts, samples
from tests.ui.fakes import FakeOperations
from tests.ui.test_window import nameless

SORT = RepairStep(code=RepairCode.SORT, title="Sort", optional=False)
FLIP = RepairStep(code=RepairCode.FLIP, title="Flip", sites=211)
MISMATCH = RepairStep(code=RepairCode.DROP_MISMATCH, title="Leave out others", sites=9, lost_sites=9)
PLAN = RepairPlan(
    steps=(SORT, FLIP, MISMATCH),
    after="3,994 sites are left.",
    cautions=("The data look imputed.",),
    sites_left=3994,
    samples_left=48,
)
MONO = RepairStep(code=RepairCode.DROP_MONOMORPHIC, title="Leave out alike", sites=4, chosen=False)
UNFLIPPED = RepairPlan(
    steps=(
        SORT,
        FLIP.model_copy(update={"chosen": False}),
        MISMATCH.model_copy(update={"sites": 220, "lost_sites": 220}),
        MONO,
    ),
    after="3,783 sites are left.",
    cautions=("Alleles of the other strand are lost.",),
)


@pytest.fixture
def open_plan(context: Context, operations: FakeOperations, qtbot: QtBot) -> Callable[[RepairPlan], PlanTab]:
    def made(plan: RepairPlan) -> PlanTab:
        operations.answers["plan_repair"] = plan
        tab = PlanTab(context, lambda: None, lambda *_: None, lambda _: None)
        qtbot.addWidget(tab)
        tab.resize(900, 700)
        tab.show()
        tab.show_dataset(cohorts.judged(1))
        tab.make_plan(any_service())
        qtbot.waitUntil(lambda: tab.plan is not None)
        return tab

    return made


def counts(tab: PlanTab) -> list[str]:
    return [row.counts.text() for row in tab.steps.rows]


def test_cautions_are_lines_of_their_own(open_plan: Callable[[RepairPlan], PlanTab]) -> None:
    tab = open_plan(PLAN)
    assert tab.cautions.isVisible()
    assert tab.cautions.lines == ("The data look imputed.",)
    refused = open_plan(RepairPlan(refused="The build is not certain.", cautions=("Look at it.",)))
    assert refused.cautions.isVisible()
    assert refused.before.text() == "The build is not certain."


def test_counts_follow_the_boxes_and_the_old_ones_are_grey_until_then(
    open_plan: Callable[[RepairPlan], PlanTab], operations: FakeOperations, qtbot: QtBot
) -> None:
    tab = open_plan(PLAN)
    operations.answers["plan_repair"] = UNFLIPPED
    tab.steps.rows[1].box.click()
    assert counts(tab)[2] == "9 sites; 9 sites lost"
    assert [row.counts.property("stale") for row in tab.steps.rows] == [True] * 3
    assert tab.total.property("stale")
    qtbot.waitUntil(lambda: not tab.outlook.stale)
    assert counts(tab)[2:] == ["220 sites; 220 sites lost", "4 sites"]
    assert [row.box.isChecked() for row in tab.steps.rows] == [True, False, True, False]
    assert not any(row.counts.property("stale") for row in tab.steps.rows)
    assert tab.total.text() == "Lost: 220 sites."
    assert tab.cautions.lines == ("Alleles of the other strand are lost.",)
    tab.steps.rows[1].box.click()
    assert counts(tab) == ["", "211 sites", "9 sites; 9 sites lost"]
    assert tab.total.text() == "Lost: 9 sites."
    assert tab.after.text() == "Afterwards: 3,994 sites are left."
    assert operations.names() == ["plan_repair", "plan_repair"]


def test_a_step_that_has_nothing_to_do_any_more_stays(
    open_plan: Callable[[RepairPlan], PlanTab], operations: FakeOperations, qtbot: QtBot
) -> None:
    tab = open_plan(PLAN)
    operations.answers["plan_repair"] = RepairPlan(
        steps=(SORT, FLIP.model_copy(update={"chosen": False})), after="4,003 sites are left."
    )
    tab.steps.rows[1].box.click()
    qtbot.waitUntil(lambda: not tab.outlook.stale)
    assert counts(tab)[2] == "nothing to do after the other steps"
    assert tab.total.text() == "Nothing is lost."
    assert tab.repair.text() == "Repair with 2 steps"


GROUPS = RepairPlan(
    steps=(SORT, FLIP.model_copy(update={"sites": 300})),
    after="8,000 sites of 96 samples are left, in 2 groups of people.",
    groups=(
        RepairPlan(group="north", build="GRCh37", steps=PLAN.steps, sites_left=4000, samples_left=48),
        RepairPlan(group="south", refused="The build is not certain.", sites_left=4000, samples_left=48),
    ),
    wanted_chains=(("NCBI36", "GRCh37"),),
)


def test_each_group_has_a_section_with_its_figures(
    open_plan: Callable[[RepairPlan], PlanTab], qtbot: QtBot
) -> None:
    tab = open_plan(GROUPS)
    north, south = tab.groups.sections
    assert tab.groups.title.label.text() == "Each group of people (2)"
    assert (north.name.text(), north.line.text()) == (
        "north",
        "GRCh37 · 4,000 sites of 48 people are left",
    )
    assert [row[:2] for row in north.table.short_model.rows] == [
        ("Sort", 0),
        ("Flip", 211),
        ("Leave out others", 9),
        ("Together", 0),
    ]
    assert north.table.short_model.rows[-1][3:] == (9, 0)
    qtbot.waitUntil(north.table.isVisible)
    north.fold.click()
    assert not north.table.isVisible()
    assert south.cautions.lines == ("The build is not certain.",)
    assert not south.fold.isVisible()
    assert tab.chain_row.isVisible()
    assert "NCBI36" in tab.chain_row.words.text()
    assert nameless(tab) == []


def test_many_groups_are_folded(open_plan: Callable[[RepairPlan], PlanTab]) -> None:
    group = GROUPS.groups[0]
    tab = open_plan(GROUPS.model_copy(update={"groups": (group,) * 5}))
    assert [section.table.isHidden() for section in tab.groups.sections] == [True] * 5


def outcome(group: str, refused: str = "") -> RepairOutcome:
    out = 0 if refused else 9
    lines = (LedgerLine(code="x", title="Lost", removed_sites=10 - out, removed_samples=0),)
    return RepairOutcome(
        group=group,
        ledger=Ledger(sites_in=10, samples_in=4, lines=lines, sites_out=out, samples_out=4),
        refused=refused,
        ready=not refused,
        verdict="" if refused else "Michigan would take it.",
        site_log="" if refused else "/data/sites.tsv.gz",
    )


def made_tab(context: Context, found: RepairOutcome, qtbot: QtBot) -> MadeTab:
    tab = MadeTab(context, lambda _: None)
    qtbot.addWidget(tab)
    tab.resize(900, 700)
    tab.show()
    tab.show_dataset(samples.dataset(4).model_copy(update={"outcome": found}), "cohort-A")
    return tab


def test_what_was_left_alone_is_told(context: Context, qtbot: QtBot) -> None:
    careful = FLIP.model_copy(update={"caution": "Frequencies did not tell the strand."})
    gone = MISMATCH.model_copy(update={"caution": "Kept, they would be wrong."})
    found = outcome("", "The build is not certain.").model_copy(update={"applied": (SORT, careful, gone)})
    tab = made_tab(context, found, qtbot)
    assert tab.refused.lines == ("The build is not certain.",)
    assert tab.cautions.lines == ("Flip: Frequencies did not tell the strand.",)
    assert tab.refused.isVisible()
    assert not tab.groups.isVisible()
    assert not tab.files.isVisible()
    tab.show_dataset(cohorts.prepared(), "cohort-A")
    assert not tab.refused.isVisible()


def test_groups_tell_what_became_of_them(context: Context, qtbot: QtBot) -> None:
    both = (outcome("north"), outcome("south", "It mixes sexes."))
    joint = outcome("").model_copy(update={"groups": both})
    tab = made_tab(context, joint, qtbot)
    north, south = tab.groups.sections
    assert north.badge.accessibleName() == "Ready to send"
    assert north.line.text().startswith("Michigan would take it. 10 sites of 4 people came in")
    assert south.badge.accessibleName() == "Not repaired"
    assert south.cautions.lines == ("It mixes sexes.",)
    assert nameless(tab) == []


def test_warnings_of_a_prediction_are_lines(context: Context, qtbot: QtBot) -> None:
    details = VerdictDetails(context, lambda: None, lambda _: None)
    qtbot.addWidget(details)
    details.show_verdict(cohorts.refusal())
    assert details.warnings.lines == ("2 chunks with call rate < 50 % are left out.",)
    details.show_verdict(cohorts.acceptance())
    assert details.warnings.lines == ()
    assert details.warnings.isHidden()
