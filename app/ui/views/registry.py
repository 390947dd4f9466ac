"""The pages of the window, in the order of the rail. A new view is one function and one line here."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.ui.context import Context
from app.ui.views.view import View, ViewSpec


def _t(text: str) -> str:
    return QCoreApplication.translate("Views", text)


def _home(context: Context) -> View:
    from app.ui.views.home.home_view import HomeView

    return HomeView(context)


def _services(context: Context) -> View:
    from app.ui.views.services.services_view import ServicesView

    return ServicesView(context)


def _panels(context: Context) -> View:
    from app.ui.views.panels.panels_view import PanelsView

    return PanelsView(context)


def _uploads(context: Context) -> View:
    from app.ui.views.uploads.uploads_view import UploadsView

    return UploadsView(context)


def _jobs(context: Context) -> View:
    from app.ui.views.jobs.jobs_view import JobsView

    return JobsView(context)


def _results(context: Context) -> View:
    from app.ui.views.results.results_view import ResultsView

    return ResultsView(context)


def _compare(context: Context) -> View:
    from app.ui.views.compare.compare_view import CompareView

    return CompareView(context)


def _benchmark(context: Context) -> View:
    from app.ui.views.benchmark.benchmark_view import BenchmarkView

    return BenchmarkView(context)


def _activity(context: Context) -> View:
    from app.ui.views.activity.activity_view import ActivityView

    return ActivityView(context)


def _settings(context: Context) -> View:
    from app.ui.views.settings.settings_view import SettingsView

    return SettingsView(context)


def _new_job(context: Context) -> View:
    from app.ui.views.new_job.new_job_view import NewJobView

    return NewJobView(context)


VIEWS: tuple[ViewSpec, ...] = (
    ViewSpec("home", lambda: _t("Home"), "home", _home, shortcut="Ctrl+1"),
    ViewSpec("services", lambda: _t("Services"), "services", _services, shortcut="Ctrl+2", badge="services"),
    ViewSpec("panels", lambda: _t("Panels"), "panels", _panels, shortcut="Ctrl+3"),
    ViewSpec("uploads", lambda: _t("Uploads"), "uploads", _uploads, shortcut="Ctrl+4", badge="datasets"),
    ViewSpec("jobs", lambda: _t("Jobs"), "jobs", _jobs, shortcut="Ctrl+5", badge="jobs"),
    ViewSpec("results", lambda: _t("Results"), "results", _results, shortcut="Ctrl+6", badge="results"),
    ViewSpec("activity", lambda: _t("Activity"), "activity", _activity, shortcut="Ctrl+7"),
    ViewSpec("new_job", lambda: _t("New job"), "jobs", _new_job, in_rail=False, shortcut="Ctrl+N"),
    ViewSpec("compare", lambda: _t("Compare results"), "results", _compare, in_rail=False),
    ViewSpec("benchmark", lambda: _t("Which panel is best?"), "panels", _benchmark, in_rail=False),
    ViewSpec("settings", lambda: _t("Settings"), "settings", _settings, in_rail=False),
)
