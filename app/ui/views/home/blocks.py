"""The rows of Home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.domain.dataset import Dataset
from app.domain.job import Job, JobState
from app.domain.result import Result
from app.ui import text
from app.ui.attention import Need, NeedKind
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.status import Shown, job_shown
from app.ui.theme import GRID
from app.ui.views.uploads.dataset_words import dataset_shown
from app.ui.widgets.basics import Text


def _t(text_: str) -> str:
    return QCoreApplication.translate("Home", text_)


def row_of(
    context: Context,
    shown: Shown,
    title: str,
    detail: str,
    button: str,
    on_click: Callable[[], object],
    extra: QWidget | None = None,
) -> QWidget:
    """Sign, title and detail, something in the middle, a button at the right."""
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(GRID * 3 // 2)
    sign = QLabel()
    sign.setToolTip(shown.word)
    context.theme.bind(sign, lambda label: label.setPixmap(_sign(context, shown)))
    line.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
    words = QVBoxLayout()
    words.setSpacing(2)
    words.addWidget(Text(title, bold=True))
    if detail:
        words.addWidget(Text(detail, muted=True))
    line.addLayout(words, 1)
    if extra is not None:
        line.addWidget(extra, 0, Qt.AlignmentFlag.AlignVCenter)
    action = QPushButton(button)
    action.setAccessibleName(f"{button}: {title}")
    action.clicked.connect(lambda: on_click())
    line.addWidget(action, 0, Qt.AlignmentFlag.AlignVCenter)
    return row


def _sign(context: Context, shown: Shown) -> QPixmap:
    return context.theme.icon(shown.icon_name, context.theme.colours.status[shown.status]).pixmap(20, 20)


@dataclass(frozen=True)
class NeedWords:
    """How a thing that needs the user is told: its colour, two lines, and the button that mends it."""

    status: Status
    title: str
    detail: str
    button: str


def need_words(need: Need, now: datetime, service: str) -> NeedWords:
    """What is said of a need; `service` is the name of the one that it is of, if any."""
    if need.kind in _OF_JOBS:
        said = _of_job(need, service)
    elif need.kind in _OF_RESULTS:
        said = _of_result(need, now)
    elif need.kind in _OF_TOKENS:
        said = _of_token(need, now)
    else:
        said = _of_service(need, now)
    return replace(said, detail="", button=_t("Start the practice server")) if need.practice else said


_OF_JOBS = frozenset({NeedKind.JOB_FAILED, NeedKind.JOB_LOST, NeedKind.SIGN_IN, NeedKind.YOUR_TURN})
_OF_RESULTS = frozenset({NeedKind.RESULT_EXPIRES, NeedKind.RESULT_FAILED})
_OF_TOKENS = frozenset({NeedKind.TOKEN_EXPIRES, NeedKind.TOKEN_BAD})


def _of_job(need: Need, service: str) -> NeedWords:
    if need.kind is NeedKind.JOB_FAILED:
        title = _t("{0} failed").format(need.name)
        return NeedWords(Status.FAILED, title, need.detail, _t("Show what to do"))
    if need.kind is NeedKind.SIGN_IN:
        title = _t("{0} waits for a token").format(need.name)
        return NeedWords(Status.WARNING, title, need.detail or service, _t("Set token…"))
    if need.kind is NeedKind.YOUR_TURN:
        title = _t("{0} waits for you").format(need.name)
        detail = _t("Its files are prepared: upload them on the page of the service.")
        return NeedWords(Status.WARNING, title, detail, _t("Show the steps"))
    title = _t("{0} was lost by its service").format(need.name)
    detail = need.detail or _t("The service started anew and does not run it any more.")
    return NeedWords(Status.WARNING, title, detail, _t("Show what to do"))


def _of_result(need: Need, now: datetime) -> NeedWords:
    if need.kind is NeedKind.RESULT_FAILED:
        title = _t("The result of {0} is not whole").format(need.name)
        return NeedWords(Status.FAILED, title, need.detail, _t("Show it"))
    title = _t("The result of {0} is deleted in {1}").format(need.name, _left(need, now))
    return NeedWords(Status.WARNING, title, _t("It was not fetched yet."), _t("Fetch it"))


def _of_token(need: Need, now: datetime) -> NeedWords:
    if need.kind is NeedKind.TOKEN_BAD:
        title = _t("{0} does not accept the token").format(need.name)
        return NeedWords(Status.FAILED, title, need.detail, _t("Set token…"))
    title = _t("The token for {0} has ended").format(need.name)
    if need.at and need.at > now:
        title = _t("The token for {0} ends in {1}").format(need.name, _left(need, now))
    detail = _t("Jobs cannot be sent or followed without it.")
    return NeedWords(Status.WARNING, title, detail, _t("Set token…"))


def _of_service(need: Need, now: datetime) -> NeedWords:
    if need.kind is NeedKind.SERVICE_OFF:
        title = _t("{0} was switched off").format(need.name)
        return NeedWords(Status.WARNING, title, need.detail, _t("Show it"))
    title, detail = _t("{0} does not answer").format(need.name), _t("A job waits for it.")
    if need.at:
        detail = _t("Down since {0}; a job waits for it.").format(text.relative(need.at, now))
    return NeedWords(Status.WARNING, title, detail, _t("Look now"))


def _left(need: Need, now: datetime) -> str:
    return text.duration((need.at - now).total_seconds()) if need.at else ""


def need_row(context: Context, need: Need, services: dict[str, str]) -> QWidget:
    """One thing that needs the user, with the button that mends it."""
    said = need_words(need, context.now(), services.get(need.item_id, ""))
    shown = Shown(said.status, "")
    return row_of(context, shown, said.title, said.detail, said.button, lambda: _mend(context, need))


def _mend(context: Context, need: Need) -> None:
    if need.practice:
        starting = context.operations.start_practice()
        context.bridge.run(starting, context.commands, None, context.notices.problem)
        return
    if need.kind == NeedKind.RESULT_EXPIRES:
        context.bridge.run(
            context.operations.fetch_results(need.item_id),
            context.commands,
            None,
            context.notices.problem,
        )
    elif need.kind == NeedKind.SERVICE_DOWN:
        context.bridge.run(context.operations.check_services((need.item_id,)), context.commands)
    context.navigate(need.view, need.item_id)
    if need.kind in (NeedKind.TOKEN_BAD, NeedKind.TOKEN_EXPIRES, NeedKind.SIGN_IN):
        context.commands.run("service.set_token", (need.item_id,))


def job_row(context: Context, job: Job, service: str) -> QWidget:
    """A job with its stage and how far it is."""
    shown = job_shown(job)
    parts = [service, job.panel_name, shown.word]
    if job.state == JobState.RUNNING and job.step:
        parts[-1] = job.step
    if job.queue_position:
        parts.append(_t("place {0} in the queue").format(text.number(job.queue_position)))
    detail = " · ".join(p for p in parts if p)
    bar: QProgressBar | None = None
    if job.progress is not None:
        bar = QProgressBar(textVisible=False)
        bar.setRange(0, 1000)
        bar.setValue(round(job.progress * 1000))
        bar.setFixedWidth(GRID * 16)
        bar.setAccessibleName(job.name)
        bar.setToolTip(text.percent(job.progress))
    return row_of(context, shown, job.name, detail, _t("Open"), lambda: context.navigate("jobs", job.id), bar)


def result_row(context: Context, result: Result, job: Job | None) -> QWidget:
    """A new result with its verdict."""
    name = job.name if job is not None else result.name or PurePath(result.folder).name or result.id
    return row_of(
        context,
        Shown(Status.DONE, _t("Verified"), "shield"),
        name,
        result.verdict or text.relative(result.verified, context.now()),
        _t("Show"),
        lambda: context.navigate("results", result.id),
    )


def dataset_row(context: Context, dataset: Dataset) -> QWidget:
    """A dataset with what is known of it."""
    report = dataset.report
    shown = dataset_shown(
        (
            dataset.state,
            report.accepted if report else None,
            dataset.verdicts[0].outcome if dataset.verdicts else "prepare" if dataset.to_prepare else "",
            dataset.verdicts[0].headline if dataset.verdicts else "",
        )
    )
    parts = [shown.word]
    if report is not None:
        parts += [
            _t("1 person") if report.samples == 1 else _t("{0} people").format(text.number(report.samples)),
            text.plural(QCoreApplication.translate("Home", "%Ln variant(s)", None, report.snps), report.snps),
            report.build.value or "",
        ]
    parts.append(text.size(dataset.size))
    detail = " · ".join(p for p in parts if p)
    return row_of(
        context, shown, dataset.name, detail, _t("Open"), lambda: context.navigate("uploads", dataset.id)
    )
