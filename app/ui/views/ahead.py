"""What the views import, loaded before one of them is opened, so that its first opening does not wait for it.

All of it takes two seconds of the processor, and a quarter of a second for a single view: so long nobody may
see the window stand still. What does not know Qt is imported in another thread; modules of the window are
imported in the Qt thread (Qt's types must not be touched elsewhere), one a turn, the simple ones first.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer

from app.ui.bridge import Bridge
from app.ui.theme import Theme, icon_names
from app.ui.views.registry import VIEWS

EVERY_MS = 15
"""Between two modules: what a person does comes first."""

ENDED = object()
ELSEWHERE = (
    "numpy",
    "app.domain.panel_sites",
    "app.domain.panel_fit",
    "app.domain.comparison",
    "app.domain.ledger",
    "app.domain.quality",
    "app.domain.result_comparison",
    "app.genotypes.figures",
    "app.operations.favourite_panels",
    "app.operations.whole_file",
    "app.operations.no_phasing",
    "app.operations.job_group",
    "app.operations.side_by_side",
    "app.operations.masked_benchmark",
)
HERE = (
    "app.ui.dialogs.panel_reading",
    "app.ui.dialogs.preset_words",
    "app.ui.dialogs.preset_list",
    "app.ui.widgets.token_field",
    "app.ui.dialogs.add_service",
    "app.ui.dialogs.service_setup",
    "app.ui.dialogs.set_token",
    "app.ui.dialogs.sign_in",
    "app.ui.dialogs.state_country",
    "app.ui.widgets.spark",
    "app.ui.widgets.cells",
    "app.ui.widgets.table_texts",
    "app.ui.widgets.table_view",
    "app.ui.views.list_and_detail",
    "app.ui.views.services.practice_card",
    "app.ui.views.services.service_commands",
    "app.ui.views.services.cannot_words",
    "app.ui.views.services.response_plot",
    "app.ui.views.services.span_plot",
    "app.ui.views.services.standing_words",
    "app.ui.widgets.switcher",
    "app.ui.views.services.service_detail",
    "app.ui.widgets.splitter",
    "app.ui.views.panels.add_sites",
    "app.ui.views.panels.add_local_panel",
    "app.ui.views.panels.cards",
    "app.ui.views.panels.catalogue_panels",
    "app.ui.views.panels.fit_words",
    "app.ui.views.panels.compare",
    "app.ui.views.panels.panel_rows",
    "app.ui.views.panels.filter_bar",
    "app.ui.views.panels.panel_bar",
    "app.ui.views.panels.panel_commands",
    "app.ui.views.panels.site_lists",
    "app.ui.widgets.chain_row",
    "app.ui.views.panels.panel_detail",
    "app.ui.models.joined",
    "app.ui.views.uploads.choosing",
    "app.ui.views.uploads.dataset_commands",
    "app.ui.widgets.drawing",
    "app.ui.views.uploads.people_drawings",
    "app.ui.widgets.short_table",
    "app.ui.views.uploads.picked_list",
    "app.ui.widgets.elided",
    "app.ui.widgets.layers",
    "app.ui.widgets.plot_library",
    "app.ui.widgets.chart",
    "app.ui.views.uploads.ancestry_tab",
    "app.ui.views.uploads.build_row",
    "app.ui.views.uploads.comparison_words",
    "app.ui.views.uploads.target_menu",
    "app.ui.views.uploads.comparison_panel",
    "app.ui.views.uploads.site_drawings",
    "app.ui.views.uploads.site_rows",
    "app.ui.views.uploads.findings_tab",
    "app.ui.widgets.cautions",
    "app.ui.views.uploads.verdict_details",
    "app.ui.views.uploads.fit_list",
    "app.ui.views.uploads.leaving_tab",
    "app.ui.views.uploads.plan_words",
    "app.ui.widgets.stale",
    "app.ui.views.uploads.group_sections",
    "app.ui.views.uploads.made_tab",
    "app.ui.views.uploads.chunk_drawing",
    "app.ui.views.uploads.panel_fit_tab",
    "app.ui.views.uploads.outlook",
    "app.ui.views.uploads.plan_steps",
    "app.ui.views.uploads.planned",
    "app.ui.views.uploads.reference_row",
    "app.ui.views.uploads.plan_tab",
    "app.ui.views.uploads.residency_row",
    "app.ui.models.listed",
    "app.ui.views.uploads.people_rows",
    "app.ui.views.uploads.samples_tab",
    "app.ui.views.uploads.sites_tab",
    "app.ui.widgets.task_rows",
    "app.ui.views.uploads.dataset_detail",
    "app.ui.views.uploads.report_dialog",
    "app.ui.views.uploads.page_actions",
    "app.ui.widgets.noun_keys",
    "app.ui.models.group_words",
    "app.ui.views.jobs.fetch_password",
    "app.ui.views.jobs.remedies",
    "app.ui.views.jobs.job_commands",
    "app.ui.views.jobs.stages",
    "app.ui.views.jobs.job_words",
    "app.ui.views.jobs.by_hand_card",
    "app.ui.views.jobs.group_card",
    "app.ui.views.jobs.messages",
    "app.ui.views.jobs.run_log",
    "app.ui.views.jobs.job_detail",
    "app.ui.views.results.import_dialog",
    "app.ui.views.results.result_commands",
    "app.ui.views.results.quality_curve",
    "app.ui.views.results.result_words",
    "app.ui.views.results.quality_drawings",
    "app.ui.views.results.cut_off",
    "app.ui.views.results.exports_made",
    "app.ui.views.results.exports_tab",
    "app.ui.views.results.files_tab",
    "app.ui.views.results.ledger_tab",
    "app.ui.views.results.cut_tab",
    "app.ui.widgets.drawing_file",
    "app.ui.views.results.quality_tab",
    "app.ui.views.results.report_tab",
    "app.ui.views.results.result_people_tab",
    "app.ui.views.results.suspects_tab",
    "app.ui.views.results.result_detail",
    "app.ui.views.results.taking_in",
    "app.ui.views.compare.compare_drawings",
    "app.ui.views.compare.ancestry_tab",
    "app.ui.views.new_job.filling",
    "app.ui.views.benchmark.candidates",
    "app.ui.views.benchmark.choice_card",
    "app.ui.views.benchmark.send_card",
    "app.ui.views.benchmark.standing_words",
    "app.ui.views.benchmark.standing_card",
    "app.ui.views.settings.catalogues_card",
    "app.ui.views.settings.words",
    "app.ui.views.settings.editors",
    "app.ui.views.new_job.how_column",
    "app.ui.views.new_job.phasing_offer",
    "app.ui.views.new_job.phasing_choice",
    "app.ui.views.new_job.send_bar",
    "app.ui.views.new_job.targets_card",
    "app.ui.views.new_job.targets",
    "app.ui.views.new_job.what_column",
    "app.ui.views.new_job.where_column",
    "app.ui.views.new_job.job_form",
    *(f"app.ui.views.{spec.id}.{spec.id}_view" for spec in VIEWS),
)


class ViewsAhead(QObject):
    """Loads the modules of all views from now on, and paints their icons, until its owner ends."""

    def __init__(self, bridge: Bridge, theme: Theme, owner: QObject) -> None:
        super().__init__(owner)
        self._theme = theme
        self._steps: Iterator[None] = iter(())
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self._next)
        bridge.run(_load_elsewhere(), self, self._begin)

    def _begin(self, icons: tuple[str, ...]) -> None:
        self._steps = self._all(icons)
        self._timer.start()

    def _all(self, icons: tuple[str, ...]) -> Iterator[None]:
        for name in HERE:
            importlib.import_module(name)
            yield
        for name in icons:
            self._theme.paint_ahead(name)
            yield

    def _next(self) -> None:
        if next(self._steps, ENDED) is ENDED:
            self._timer.stop()


async def _load_elsewhere() -> tuple[str, ...]:
    """Load what does not know Qt; the names of all icons."""
    for name in ELSEWHERE:
        await asyncio.to_thread(importlib.import_module, name)
    return await asyncio.to_thread(icon_names)
