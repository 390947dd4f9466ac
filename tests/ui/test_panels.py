"""The view of panels: fit to a dataset, filters by menu, favourites, cards, comparison, the catalogue."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.domain.panel import Panel
from app.domain.panel_fit import RANK, FitVerdict, PanelFit, panel_fit
from app.domain.panel_overlap import OverlapGap, PanelOverlap
from app.domain.preset import Certainty, Preset, PresetPanel, Source
from app.domain.residency import residency_of
from app.ui.context import Context
from app.ui.models.query import TableQuery
from app.ui.views.panels import panel_rows
from app.ui.views.panels.filter_bar import has_term, term, with_term
from app.ui.views.panels.fit_words import overlap_sentence
from app.ui.views.panels.panels_view import CHOSEN, PanelsView
from app.ui.widgets.basics import Text
from tests.ui import cohorts, samples
from tests.ui.fakes import FakeLibrary, FakeOperations

TOPMED = "topmed/imputationserver2@2.0.12/apps@topmed-r3@1.0.0"
HRC = "michigan/imputationserver2@2.0.12/apps@hrc-r1.1@2.0.0"


def panels() -> list[Panel]:
    known = {
        "apps@topmed-r3@1.0.0": (("African", "European"), "open to users"),
        "apps@hrc-r1.1@2.0.0": (("European",), "after application"),
    }
    made = []
    for each in samples.panels():
        ancestry, access = known.get(each.id, ((), ""))
        made.append(each.model_copy(update={"ancestry": ancestry, "access": access}))
    return made


@pytest.fixture
def view(context: Context, library: FakeLibrary, qtbot: QtBot) -> PanelsView:
    library.all_services = list(samples.services())
    library.all_panels = panels()
    dataset = samples.dataset(1)
    library.all_datasets = [dataset.model_copy(update={"residency": residency_of("EU")})]
    made = PanelsView(context)
    qtbot.addWidget(made)
    made.resize(1100, 760)
    made.show()
    qtbot.waitUntil(lambda: made.known is not None and made.table.model.rowCount() == 6)
    return made


def test_a_dataset_is_chosen_and_its_fit_is_shown(view: PanelsView, context: Context, qtbot: QtBot) -> None:
    assert view.table.grid.isColumnHidden(view.fit_column)
    assert not view.bar.filters.fit.isEnabled()
    view.bar.dataset.setCurrentIndex(1)
    view.bar.dataset.activated.emit(1)
    qtbot.waitUntil(lambda: not view.table.grid.isColumnHidden(view.fit_column))
    qtbot.waitUntil(lambda: view.detail.fit_words.text().startswith("These data may go only to"))
    assert view.detail.fit_title.label.text() == f"Fit to {view.bar.dataset.currentText()}"
    cell = view.table.model.index(0, view.fit_column)
    qtbot.waitUntil(lambda: cell.data() == "Does not fit")
    view.table.set_filter("fit:fits")
    qtbot.waitUntil(lambda: view.table.model.rowCount() == 1)  # the practice server is this computer
    assert context.layout.value(CHOSEN) == "dataset-1"


def test_a_prediction_is_made_when_it_is_asked_for(
    view: PanelsView, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    library.all_datasets = [samples.dataset(1)]
    view.bar.dataset.setCurrentIndex(1)
    view.bar.dataset.activated.emit(1)
    view.reveal(TOPMED)
    qtbot.waitUntil(lambda: view.detail.name.text() == "TOPMed r3")
    qtbot.waitUntil(lambda: view.detail.predict.isVisibleTo(view))
    view.detail.predict.click()
    qtbot.waitUntil(lambda: "predict" in operations.names())
    assert operations.calls[-1][1] == ("dataset-1", "topmed", "apps@topmed-r3@1.0.0")
    library.all_datasets = [samples.dataset(1).model_copy(update={"residency": residency_of("EU")})]
    view.refresh()
    qtbot.waitUntil(lambda: not view.detail.predict.isVisibleTo(view))


def test_menus_write_the_filter_that_may_also_be_typed(view: PanelsView, qtbot: QtBot) -> None:
    view.table.set_filter("topmed")
    access = view.bar.filters.access
    access.fill()
    labels = [action.text() for action in access.values.actions()]
    assert labels == ["after application", "open to users"]
    access.values.actions()[1].trigger()
    assert view.table.filter.text() == 'topmed access:"open to users"'
    qtbot.waitUntil(lambda: view.table.model.ids() == [TOPMED])
    assert access.text() == "Access: open to users"
    access.fill()
    access.values.actions()[1].trigger()
    assert view.table.filter.text() == "topmed"
    assert access.text() == "Access"


def test_terms_are_added_and_taken_away_among_words() -> None:
    typed = with_term("rare build:GRCh37", term("access", "after application"), True)
    assert typed == 'rare build:GRCh37 access:"after application"'
    assert has_term(typed, "BUILD:grch37")
    assert with_term(typed, "build:grch37", False) == 'rare access:"after application"'


def test_favourites_are_marked_filtered_and_first(
    view: PanelsView, library: FakeLibrary, operations: FakeOperations, context: Context, qtbot: QtBot
) -> None:
    view.reveal(TOPMED)
    qtbot.waitUntil(lambda: view.detail.name.text() == "TOPMed r3")
    view.detail.star.click()
    qtbot.waitUntil(lambda: "mark_panels" in operations.names())
    assert operations.calls[-1][1] == ((TOPMED,), True)
    library.marked_panels = frozenset({"topmed/imputationserver2/apps@topmed-r3"})
    view.refresh()
    qtbot.waitUntil(lambda: view.detail.star.text() == "★")
    view.bar.filters.first.trigger()
    qtbot.waitUntil(lambda: view.table.model.id_at(0) == TOPMED)
    assert view.table.model.rowCount() == 6
    view.bar.filters.only.trigger()
    qtbot.waitUntil(lambda: view.table.model.ids() == [TOPMED])
    assert view.bar.filters.only.isChecked()
    assert "No favourite any more" in [
        action.text() for action in view.table.context_menu().actions() if action.isEnabled()
    ]


def test_cards_have_the_rows_and_the_selection_of_the_table(view: PanelsView, qtbot: QtBot) -> None:
    view.bar.show_as(True)
    assert view.table.stack.currentWidget() is view.cards
    view.cards.setFocus()
    view.cards.setCurrentIndex(view.table.model.index(0, 0))
    first = view.detail.name.text()
    qtbot.keyClick(view.cards, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: view.detail.name.text() != first)
    start = view.table.model.index(0, 0)
    qtbot.waitUntil(lambda: view.cards.cards.lines(start)[0] == "Michigan Imputation Server · USA")
    assert view.cards.cards.lines(start)[1].endswith("GRCh37")
    view.bar.show_as(False)
    assert view.table.stack.currentWidget() is view.table.grid


def test_a_thousand_panels_share_what_is_alike_in_them(
    library: FakeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = panels()
    made = [base[n % 6].model_copy(update={"id": f"panel-{n}", "name": f"Panel {n}"}) for n in range(1000)]
    services = {each.id: each for each in samples.services()}
    asked: list[str] = []

    def counted(*args: Any, **more: Any) -> PanelFit:
        asked.append(args[2].id)
        return panel_fit(*args, **more)

    monkeypatch.setattr(panel_rows, "panel_fit", counted)
    library.all_panels = made
    rows = panel_rows.PanelRows(library.pages("panel"))
    rows.know({each.key: each for each in made}, services, frozenset())
    rows.fit_to(panel_rows.FitTo(samples.dataset(1)))
    kinds = [asyncio.run(rows.ids(TableQuery(f"fit:{each.value}"))) for each in FitVerdict]
    assert sum(map(len, kinds)) == 1000
    assert len(asked) <= 6
    by_fit = asyncio.run(rows.ids(TableQuery("", "fit", True)))
    worst = [rows.fit(key) for key in (by_fit[0], by_fit[-1])]
    assert [RANK[each.verdict] for each in worst if each] == sorted(
        (RANK[each.verdict] for each in worst if each), reverse=True
    )


def test_rows_are_made_of_what_was_there_when_they_were_asked_for(
    library: FakeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Qt thread lets go of the dataset and of panels while another thread puts rows in order."""
    library.all_panels = list(panels())
    rows = panel_rows.PanelRows(library.pages("panel"))

    def interrupted(*args: Any, **more: Any) -> PanelFit:
        rows.fit_to(None)
        rows.know({}, {}, frozenset())
        return panel_fit(*args, **more)

    def asked() -> list[str]:
        rows.know(known, services, frozenset())
        rows.fit_to(panel_rows.FitTo(samples.dataset(1)))
        return list(asyncio.run(rows.ids(TableQuery("", "fit", True))))

    known = {each.key: each for each in library.all_panels}
    services = {each.id: each for each in samples.services()}
    undisturbed = asked()
    assert undisturbed != list(known)
    monkeypatch.setattr(panel_rows, "panel_fit", interrupted)
    assert asked() == undisturbed


def test_panels_are_compared_side_by_side(view: PanelsView, qtbot: QtBot) -> None:
    assert view.compare([TOPMED]) is None
    dialog = view.compare([TOPMED, HRC])
    assert dialog is not None
    assert dialog.titles == ["TOPMed r3", "HRC r1.1 2016", ""]
    texts = {
        dialog.table.verticalHeaderItem(row).text(): [
            dialog.table.item(row, place).text() for place in range(3)
        ]
        for row in range(dialog.table.rowCount())
    }
    assert texts["Build"] == ["GRCh38", "GRCh37", "differs"]
    assert texts["Country"] == ["USA", "USA", ""]
    assert "Fit" not in texts
    dialog.copy()
    assert "Build\tGRCh38\tGRCh37\tdiffers" in QGuiApplication.clipboard().text()
    dialog.reject()


def test_the_detail_shows_what_the_catalogue_says(
    view: PanelsView, library: FakeLibrary, qtbot: QtBot
) -> None:
    documented = PresetPanel(
        id="topmed-r3", name="TOPMed r3", samples=133_597, build="GRCh38", citation="Taliun 2021", by="docs"
    )
    preset = Preset(
        id="topmed",
        name="TOPMed",
        operator="NHLBI",
        country="US",
        base_url="https://t.example",
        family="cloudgene",
        panels=(documented,),
        sources={"docs": Source(text="the page of the operator", as_of="2026-02", certainty=Certainty.A)},
        main_source="docs",
    )
    library.all_presets = [preset]
    library.all_services = [
        each.model_copy(update={"preset_id": "topmed"}) if each.id == "topmed" else each
        for each in samples.services()
    ]
    differs = ("samples: 97,256 by a paper (2021)",)
    library.all_panels = [
        each.model_copy(update={"differs": differs}) if each.key == TOPMED else each for each in panels()
    ]
    view.refresh()
    view.reveal(TOPMED)
    qtbot.waitUntil(lambda: view.detail.catalogue.isVisibleTo(view))
    said = [label.text() for label in view.detail.documented.findChildren(Text)]
    assert "Taliun 2021" in said
    assert "the page of the operator (2026-02); from the operator, at most a year old" in said
    assert view.detail.differs.text() == ("The catalogue says otherwise: samples: 97,256 by a paper (2021).")


def documented(preset_id: str, name: str, country: str, **more: Any) -> Preset:
    made = [
        PresetPanel(
            id=f"{preset_id}-{build.lower()}",
            name=f"{name} panel {build}",
            build=build,
            samples=100 * number,
            ancestry=("African",),
            access="open to users",
            by="docs",
        )
        for number, build in enumerate(("GRCh37", "GRCh38"), start=1)
    ]
    fields = {
        "id": preset_id,
        "name": name,
        "operator": "Somebody",
        "country": country,
        "base_url": f"https://{preset_id}.example",
        "family": "cloudgene",
        "panels": made,
        "sources": {"docs": Source(text="the page", as_of="2026-03", certainty=Certainty.A)},
        "main_source": "docs",
    }
    return Preset.model_validate({**fields, **more})


def test_panels_of_services_that_are_not_added_are_shown_and_lead_to_adding(
    view: PanelsView, library: FakeLibrary, qtbot: QtBot
) -> None:
    off = {"enabled": False, "off_reason": "closed"}
    library.all_presets = [
        documented("afrika", "Afrika", "ZA"),
        documented("michigan", "Michigan", "US"),
        documented("old", "Old", "US", **off),
        documented("own", "Own", "", own=True),
    ]
    library.all_services = [
        each.model_copy(update={"preset_id": each.id}) if each.id == "michigan" else each
        for each in samples.services()
    ]
    view.refresh()
    qtbot.waitUntil(lambda: view.table.model.rowCount() == 8)
    key = "catalogue:afrika//afrika-grch37"
    assert view.table.model.ids()[6:] == [key, "catalogue:afrika//afrika-grch38"], "behind those of services"
    assert view.bar.filters.added.isVisibleTo(view)
    for typed, number in (
        ("added:no", 2),
        ("added:yes", 6),
        ("service:afrika build:grch38", 1),
        ('added:no access:"open to users" afrika', 2),
        ("added:no michigan", 0),
        ("ancestry:african", 3),
    ):
        view.table.set_filter(typed)
        qtbot.waitUntil(partial(has_rows, view, number))
    view.table.set_filter("")
    qtbot.waitUntil(lambda: view.table.model.rowCount() == 8)
    view.table.model.sort(0, Qt.SortOrder.AscendingOrder)
    qtbot.waitUntil(lambda: bool(view.table.model.ids()) and key in view.table.model.ids()[:4])
    view.reveal(key)
    qtbot.waitUntil(lambda: view.detail.name.text() == "Afrika panel GRCh37")
    assert not view.detail.new_job.isVisibleTo(view)
    assert view.detail.add_service.isVisibleTo(view)
    dialog = view.add_service(key)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.chosen() is not None)
    assert dialog.name.text() == "Afrika"
    dialog.reject()


def test_a_dataset_is_fitted_to_panels_of_the_catalogue_too(
    view: PanelsView, library: FakeLibrary, qtbot: QtBot
) -> None:
    library.all_presets = [documented("europa", "Europa", "DE"), documented("afrika", "Afrika", "ZA")]
    view.bar.dataset.setCurrentIndex(1)
    view.bar.dataset.activated.emit(1)
    qtbot.waitUntil(lambda: view.table.model.rowCount() == 10)
    view.table.set_filter("added:no fit:no")
    qtbot.waitUntil(lambda: view.table.model.rowCount() == 2)
    assert all(each.startswith("catalogue:afrika") for each in view.table.model.ids()), "the rule is EU"


def test_sites_are_compared_in_the_background_once_for_a_choice(
    view: PanelsView, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    library.all_datasets = [samples.dataset(1)]
    library.overlaps = dict.fromkeys((TOPMED, HRC), PanelOverlap(gap=OverlapGap.NOT_COUNTED))
    assert view.table.grid.isColumnHidden(view.overlap_column)
    view.bar.dataset.setCurrentIndex(1)
    view.bar.dataset.activated.emit(1)
    qtbot.waitUntil(lambda: "compare_with_panels" in operations.names())
    lifted = PanelOverlap(percent=93.23, found=9323, sites=10_000, lost=7, build="GRCh38", lifted=("GRCh37",))
    library.overlaps = {TOPMED: lifted, HRC: PanelOverlap(percent=12.0, found=3, sites=25)}
    view.refresh()
    cell = "Sites in the panel"
    view.reveal(TOPMED)
    qtbot.waitUntil(lambda: "93.2 %" in words_of(view))
    assert cell in words_of(view)
    assert "after lift-over from GRCh37 to GRCh38, 7 have no place there" in words_of(view)
    assert "after lift-over" in view.detail.fit_words.text()
    qtbot.waitUntil(lambda: overlap_cell(view).data() == "93.2 lifted")
    assert "9,323 of 10,000 sites" in overlap_cell(view).data(Qt.ItemDataRole.ToolTipRole)
    view.reveal(HRC)
    qtbot.waitUntil(lambda: "Only 12 %" in view.detail.fit_words.text())
    view.table.model.sort(view.overlap_column, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: view.table.model.ids()[:2] == [TOPMED, HRC])
    assert operations.names().count("compare_with_panels") == 1


def test_without_a_chain_file_the_cell_says_so_and_the_page_has_the_way_out(
    view: PanelsView, library: FakeLibrary, operations: FakeOperations, qtbot: QtBot
) -> None:
    missing = PanelOverlap(gap=OverlapGap.NO_CHAIN, build="GRCh38", lifted=("GRCh37",))
    library.overlaps = {TOPMED: missing}
    library.offer = cohorts.chain_offer()
    view.bar.dataset.setCurrentIndex(1)
    view.bar.dataset.activated.emit(1)
    view.reveal(TOPMED)
    qtbot.waitUntil(lambda: view.detail.chain.isVisible())
    assert "GRCh37" in view.detail.chain.words.text()
    assert "needs a chain file" in view.detail.chain.words.text()
    qtbot.waitUntil(lambda: overlap_cell(view).data() == "no chain file")
    assert "compare_with_panels" not in operations.names(), "there is nothing to count"
    dialog = view.detail.chain.ask_consent()
    assert dialog is not None
    dialog.agreed.setChecked(True)
    dialog.fetch.click()
    qtbot.waitUntil(lambda: "download_chain" in operations.names())
    library.overlaps = {TOPMED: PanelOverlap(gap=OverlapGap.NOT_COUNTED, build="GRCh38", lifted=("GRCh37",))}
    view.refresh()
    qtbot.waitUntil(lambda: "compare_with_panels" in operations.names())
    qtbot.waitUntil(lambda: not view.detail.chain.isVisible())
    view.reveal(HRC)
    qtbot.waitUntil(lambda: "add its site list below" in words_of(view))


@pytest.mark.parametrize("gap", list(OverlapGap), ids=[each.name for each in OverlapGap])
def test_each_gap_has_words_of_its_own(gap: OverlapGap) -> None:
    told = overlap_sentence(PanelOverlap(gap=gap, build="GRCh38", lifted=("GRCh37", "NCBI36")))
    others = {overlap_sentence(PanelOverlap(gap=each)) for each in OverlapGap if each is not gap}
    assert told.endswith(".")
    assert told not in others


def overlap_cell(view: PanelsView) -> QModelIndex:
    return view.table.model.index(view.table.model.row_of(TOPMED) or 0, view.overlap_column)


def has_rows(view: PanelsView, number: int) -> bool:
    return view.table.model.rowCount() == number


def words_of(view: PanelsView) -> str:
    return "\n".join(each.text() for each in view.detail.facts.findChildren(QLabel))
