"""What the buttons of a dataset's page do: predict, repair, learn from a real job, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.changes import Changes, Noun
from app.domain.comparison import Comparison
from app.domain.dataset import Dataset
from app.domain.problem import Problem
from app.ui import text
from app.ui.views.uploads.report_dialog import ReportDialog
from app.ui.views.uploads.target_menu import Target, ask_target, targets

if TYPE_CHECKING:
    from app.ui.views.uploads.uploads_view import UploadsView


class DatasetActions:
    """`PageActions` of the view."""

    def __init__(self, view: UploadsView) -> None:
        self._view = view

    def check(self, service_id: str | None) -> None:
        """Check the shown dataset."""
        view = self._view
        if view.current is not None:
            name = "dataset.check" if service_id is None else "dataset.check_for"
            view.context.commands.run(name, (view.current,))

    def predict(self, service_id: str) -> None:
        """Ask for panel and population where there is a choice, then predict and show what it would say."""
        facts = self._view.detail.facts
        if facts is None:
            return
        services = tuple(s for s in facts.services if s.id == service_id)
        ask_target(self._view, targets(services, facts.panels), services, self.predict_for)

    def predict_for(self, target: Target) -> None:
        """Predict for a service and panel."""
        view, dataset_id = self._view, self._view.current
        if dataset_id is None or target.service_id is None:
            return
        service, panel = target.service_id, target.panel_id
        view.detail.verdict.unfold_service(service, panel)
        view.do(view.context.operations.predict(dataset_id, service, panel, target.population))

    def show_plan(self, service_id: str, panel_id: str | None) -> None:
        """Open the plan for a service."""
        detail = self._view.detail
        detail.show_plan(detail.target(service_id, panel_id))

    def add_sites(self) -> None:
        """Site lists are added among the panels; that of the prediction is selected there."""
        verdict = self._view.detail.verdict.details.verdict
        key = ""
        if verdict is not None:
            key = self._view.detail.target(verdict.service_id, verdict.panel_id).panel_key
        self._view.context.navigate("panels", key or None)
        self._view.context.commands.run("panel.add_sites")

    def repaired(self, dataset: Dataset, changes: Changes) -> None:
        """Show the new dataset; one click takes it back."""
        view = self._view
        made = [each for each in changes.ids(Noun.DATASET) if each != dataset.id]
        if not made:
            return
        resubmit = view.detail.plan.resubmit
        view.reveal(made[0])
        if resubmit:
            view.context.navigate("new_job", made[0])
        view.read(view.context.library.dataset(made[0]), lambda found: self._tell_made(dataset, made, found))

    def _tell_made(self, dataset: Dataset, made: Sequence[str], first: Dataset | None) -> None:
        """What was made, and of which groups of people nothing could be."""
        view = self._view
        left = first.outcome.left_out if first is not None and first.outcome is not None else ()
        what = view.tr("The given files are as they were; the repaired ones are a dataset of their own.")
        if len(made) > 1 or left:
            several = view.tr("The given files are as they were; a dataset was made of each of {0} groups.")
            one = view.tr("The given files are as they were; a dataset was made of one group of people.")
            what = several.format(text.number(len(made))) if len(made) > 1 else one
        if left:
            what = " ".join((what, view.tr("Not repaired: {0}").format(" ".join(left))))
        title = view.tr("{0} is repaired in part") if left else view.tr("{0} is repaired")
        view.context.notices.say(
            title.format(dataset.name),
            what,
            button=view.tr("Undo"),
            on_click=lambda: self._undo(dataset, made),
        )

    def _undo(self, dataset: Dataset, made: Sequence[str]) -> None:
        view = self._view
        for each in made:
            view.do(view.context.operations.remove_dataset(each), lambda _: view.reveal(dataset.id))

    def reveal(self, item_id: str) -> None:
        """Show another dataset."""
        self._view.reveal(item_id)

    # Reports.

    def save_report(self) -> None:
        """Ask where the report of the shown dataset goes."""
        facts = self._view.detail.facts
        if facts is not None:
            self.ask_report(facts.dataset)

    def ask_report(self, dataset: Dataset) -> ReportDialog:
        """Ask where it goes, and whether with names."""
        view = self._view

        def save(path: Path, names: bool) -> None:
            def saved(_nothing: object) -> None:
                view.context.notices.say(view.tr("The report is saved"), view.tr("To {0}").format(path.name))

            view.do(view.context.operations.save_report(dataset.id, path, names), saved)

        dialog = ReportDialog(dataset.name, save, view)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    # Lists of excluded sites.

    def learn(self, path: Path) -> None:
        """Ask from which service and panel it is, the last job's first; then compare."""
        facts = self._view.detail.facts
        if facts is None:
            return
        wanted = list(targets(facts.services, facts.panels))
        last = next((j for j in facts.jobs if j.remote_id), None)
        if last is not None:
            wanted.sort(key=lambda t: (t.service_id, t.panel_id) != (last.service_id, last.panel_id))
        comparison, name = self._view.detail.comparison, facts.dataset.name
        comparison.ask(path, name, wanted, lambda target: self.learn_for(path, target))

    def learn_for(self, path: Path, target: Target) -> None:
        """Compare the prediction with the list; a notice tells it when another dataset is shown by then."""
        view, facts = self._view, self._view.detail.facts
        if facts is None or target.service_id is None:
            return
        comparison, dataset = view.detail.comparison, facts.dataset
        comparison.wait(path)
        view.forget_list()

        def is_shown() -> bool:
            return view.detail.facts is not None and view.detail.facts.dataset.id == dataset.id

        def show(found: Comparison) -> None:
            if is_shown():
                comparison.show_comparison(found, target)
            else:
                said = view.tr("{0} is compared with {1}").format(path.name, dataset.name)
                view.context.notices.say(said, found.headline)

        def failed(problem: Problem) -> None:
            if is_shown():
                comparison.show_problem(problem)
            else:
                view.context.notices.problem(problem)

        work = view.context.operations.learn_from_excluded(
            dataset.id, path, target.service_id, target.panel_id
        )
        view.do(work, show, failed)
