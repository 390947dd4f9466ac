"""What the user fills in for a new job, and the pure checks of it. Who asks the service: `preflight.py`."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from app.domain.dataset import DataFile, Dataset, DatasetState
from app.domain.finding import Severity
from app.domain.job import REMOTE_OPEN_STATES
from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.parameter import Form, Parameter, ParameterType
from app.domain.problem import Kind, Problem
from app.domain.room import room_words
from app.domain.service import HealthState, Quota, Service
from app.services.contract import RemoteJob

MEGABYTE = 1_000_000
LOST = -1
PHASE_HERE = "phase_here"
"""The place in the form where data can be phased on this computer before they are sent."""
NOT_TAKEN = "The service does not take this file"
# A whole-genome result is commonly ten times as large as what was sent.
RESULT_PER_UPLOAD = 10


class JobDraft(Model):
    """A job that is not sent yet.

    `options` holds the parameters of the form by id: text, or True for a ticked box. `terms` holds, for
    each ticked box with terms, the text that the person saw. `override_reason` lets files with severe
    findings go.
    """

    name: str = ""
    dataset_id: str
    service_id: str
    app_id: str
    panel_id: str
    options: dict[str, str | bool] = {}
    terms: dict[str, str] = {}
    own_password: bool = True
    override_reason: str = ""
    skip_check: bool = False
    group: str | None = None


class Obstacle(Model):
    """Why a draft cannot be sent; `field` names the place in the form where it can be mended."""

    field: str
    problem: Problem


class Preflight(Model):
    """The answer of all checks before the upload, and what was found out on the way.

    `cautions` stand in the way of nothing, but are to be read before the job is sent. `quota` is told where
    the service counts what a user sends.
    """

    obstacles: tuple[Obstacle, ...]
    cautions: tuple[Obstacle, ...] = ()
    service: Service
    form: Form | None = None
    panel: Panel | None = None
    dataset: Dataset
    running_jobs: int | None = None
    quota: Quota | None = None


def _obstacle(field: str, kind: Kind, title: str, what: str, do: str = "", subject: str = "") -> Obstacle:
    return Obstacle(
        field=field,
        problem=Problem(
            kind=kind, title=title, what_happened=what, what_you_can_do=do, subject=subject or None
        ),
    )


def switched_off(service: Service) -> Obstacle:
    """The service was switched off by the user, or after a long silence."""
    return _obstacle(
        "service",
        Kind.REFUSED,
        f"{service.name} is switched off",
        service.off_reason or "It was switched off.",
        "Switch it on in Services.",
        service.name,
    )


def is_aes(parameter: Parameter) -> bool:
    """Whether a box asks for the strong encryption of the result."""
    return parameter.type is ParameterType.CHECKBOX and "aes" in parameter.id.lower()


def check_service(service: Service) -> tuple[Obstacle, ...]:
    """Token and maintenance."""
    found = []
    if service.signs_in and (not service.token.present or service.token.valid is False):
        found.append(
            _obstacle(
                "token",
                Kind.SIGN_IN,
                "You are not signed in",
                service.token.detail or f"{service.name} takes jobs only from those who are signed in.",
                "Choose “Sign in…” on its page in Services.",
                service.name,
            )
        )
    elif not service.token.present:
        found.append(
            _obstacle(
                "token",
                Kind.SIGN_IN,
                "A token is needed",
                f"{service.name} takes jobs only with a token.",
                "Make one on the profile page of the service and set it in Services.",
                service.name,
            )
        )
    elif service.token.valid is False:
        found.append(
            _obstacle(
                "token",
                Kind.SIGN_IN,
                "The token is not accepted",
                service.token.detail or f"{service.name} does not accept the token.",
                "Make a new one on the profile page of the service and set it in Services.",
                service.name,
            )
        )
    if service.state is HealthState.MAINTENANCE:
        found.append(
            _obstacle(
                "service",
                Kind.BUSY,
                f"{service.name} is under maintenance",
                service.maintenance_text or "It takes no jobs now.",
                "The draft is kept. Send it when the service is back.",
                service.name,
            )
        )
    return tuple(found)


def check_quota(service: Service, own: tuple[RemoteJob, ...]) -> tuple[Obstacle, ...]:
    """Own jobs that the service counts against its limit, however they were sent."""
    limit = service.limits.max_running_jobs
    running = count_running(own)
    if limit is None or running < limit:
        return ()
    return (
        _obstacle(
            "service",
            Kind.BUSY,
            "Too many jobs at once",
            f"{service.name} runs {limit} jobs of a user at a time; {running} of yours are not finished.",
            "Send this one when one of them has ended.",
            service.name,
        ),
    )


def count_running(own: tuple[RemoteJob, ...]) -> int:
    """Jobs that the service is at work on; one that it lost in a restart (-1) waits for nobody."""
    return sum(job.state in REMOTE_OPEN_STATES and job.raw_state != LOST for job in own)


def check_parameters(draft: JobDraft, form: Form, panel: Panel | None) -> tuple[Obstacle, ...]:
    """Panel, population, choices, required fields and terms against the form as it is now."""
    found = []
    if panel is None:
        names = ", ".join(c.key for p in form.of_type(ParameterType.PANEL) for c in p.choices) or "none"
        found.append(
            _obstacle(
                "panel",
                Kind.INPUT,
                "The panel is not offered",
                f"The service does not offer the panel '{draft.panel_id}' now.",
                f"Choose one of: {names}.",
                draft.panel_id,
            )
        )
    known = {p.id for p in form.parameters}
    for name in sorted(set(draft.options) - known):
        found.append(
            _obstacle(
                name,
                Kind.INPUT,
                f"Unknown parameter '{name}'",
                "The service would refuse the whole upload because of it.",
                f"It knows: {', '.join(sorted(known))}.",
            )
        )
    for parameter in form.parameters:
        found += check_parameter(draft, form, parameter)
    return tuple(found)


def check_parameter(draft: JobDraft, form: Form, parameter: Parameter) -> list[Obstacle]:
    """One parameter of the form against what was filled in."""
    value = draft.options.get(parameter.id)
    if parameter.type is ParameterType.TERMS:
        return _terms_wrong(parameter, draft.terms.get(parameter.id))
    if parameter.type is ParameterType.CHOICE:
        return _choice_wrong(parameter, value, tuple(c.key for c in parameter.choices))
    if parameter.type is ParameterType.BOUND_CHOICE:
        bound = draft.panel_id if parameter.bound_to in panel_fields(form) else ""
        bound = bound or str(draft.options.get(parameter.bound_to or "", ""))
        allowed = tuple(c.key for c in parameter.bound_choices.get(bound, ()))
        return _choice_wrong(parameter, value, allowed)
    if parameter.type is ParameterType.NUMBER and value not in (None, ""):
        return _number_wrong(parameter, value)
    if parameter.pattern and isinstance(value, str) and value and not _matches(parameter.pattern, value):
        return [
            _obstacle(
                parameter.id,
                Kind.INPUT,
                parameter.label,
                f"'{value}' does not have the form that is asked for.",
                parameter.details,
            )
        ]
    return []


def panel_fields(form: Form) -> tuple[str, ...]:
    """The ids of the parameters that choose a panel."""
    return tuple(p.id for p in form.of_type(ParameterType.PANEL))


def _choice_wrong(parameter: Parameter, value: object, allowed: tuple[str, ...]) -> list[Obstacle]:
    if value in (None, ""):
        if not allowed or parameter.default in allowed:
            return []
        what = "Nothing is chosen."
    elif value in allowed:
        return []
    else:
        what = f"'{value}' is not offered."
    do = f"Choose one of: {', '.join(allowed)}." if allowed else "Choose a panel that offers it."
    return [_obstacle(parameter.id, Kind.INPUT, parameter.label or parameter.id, what, do)]


def _terms_wrong(parameter: Parameter, accepted: str | None) -> list[Obstacle]:
    """Terms count as accepted only in the very words that a person saw."""
    if accepted == parameter.label:
        return []
    do = f"Read the terms and tick the box; on the command line: --option {parameter.id}=accepted."
    title = "The terms are not accepted" if accepted is None else "The terms have changed"
    return [_obstacle(parameter.id, Kind.INPUT, title, parameter.label, do)]


def _number_wrong(parameter: Parameter, value: object) -> list[Obstacle]:
    low, high = parameter.minimum, parameter.maximum
    try:
        found = float(str(value))
    except ValueError:
        return [_obstacle(parameter.id, Kind.INPUT, parameter.label, f"'{value}' is not a number.")]
    if (low is None or found >= low) and (high is None or found <= high):
        return []
    ends = f"{'' if low is None else f'from {low:g}'} {'' if high is None else f'to {high:g}'}".strip()
    return [_obstacle(parameter.id, Kind.INPUT, parameter.label, f"'{value}' is not {ends}.")]


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:  # a pattern of another dialect: the service will judge
        return True


NEVER_TAKEN = frozenset({"files.groups"})
"""Findings that are no fault of the files, and for which every service refuses them as one job."""


def check_phased(draft: JobDraft, dataset: Dataset, form: Form) -> tuple[Obstacle, ...]:
    """Whether an application that does not phase gets data that are not phased.

    Such a program often imputes them without a word: Minimac 4 reaches an r² of 0.61 in place of 0.75 then.
    """
    report = dataset.report
    lacking = form.phased and report is not None and report.phased is False
    if not lacking or draft.skip_check or draft.override_reason.strip():
        return ()
    return (
        _obstacle(
            PHASE_HERE,
            Kind.INPUT,
            "The data are not phased",
            f"{form.app_name} takes them as if they were, and would impute them badly without a word.",
            "Phase them on this computer first, by “Phase here first” in “New job” or “haplodesk submit "
            "--phase-with PANEL”, or choose an application that phases.",
            dataset.name,
        ),
    )


def check_dataset_state(
    draft: JobDraft, dataset: Dataset, mends: frozenset[str] = frozenset()
) -> tuple[Obstacle, ...]:
    """Whether the files were checked, and whether severe findings stand in the way.

    `mends` are codes of findings that the service sets right by itself.
    """
    if draft.skip_check:
        return ()
    report = dataset.report
    if dataset.state is not DatasetState.CHECKED or report is None:
        return (
            _obstacle(
                "dataset",
                Kind.INPUT,
                "The files are not checked",
                f"{dataset.name} was not checked yet.",
                "Check it first; it takes seconds.",
                dataset.name,
            ),
        )
    found = [f for f in report.findings if f.code not in mends]
    severe = [f for f in found if f.severity is Severity.SEVERE or f.code in NEVER_TAKEN]
    if severe and not draft.override_reason.strip():
        more = f" and {len(severe) - 1} more" if len(severe) > 1 else ""
        return (
            _obstacle(
                "dataset",
                Kind.INPUT,
                "The service would refuse these files",
                f"{severe[0].title}{more}.",
                severe[0].what_to_do or "Mend the files, or give a reason to send them all the same.",
                severe[0].file or dataset.name,
            ),
        )
    return ()


def check_files(files: tuple[DataFile, ...], service: Service) -> tuple[Obstacle, ...]:
    """Names, sizes, and that every file is still the one that was checked."""
    found = [o for f in files for o in check_file(f, service)]
    names = [f.name.casefold() for f in files]
    for name in sorted({n for n in names if names.count(n) > 1}):
        found.append(
            _obstacle(
                "dataset",
                Kind.INPUT,
                "Two files of one name",
                f"Two files are called {name}; the service would keep only one of them.",
                "Rename one.",
                name,
            )
        )
    if not files:
        found.append(_obstacle("dataset", Kind.INPUT, "No files", "The dataset has no files."))
    total, limit = sum(f.size for f in files), service.limits.max_upload_mb
    if limit is not None and total > limit * MEGABYTE:
        found.append(
            _obstacle(
                "dataset",
                Kind.INPUT,
                "The upload is too large",
                f"The files have {total / MEGABYTE:,.0f} MB; {service.name} takes {limit:,} MB at once.",
                "Send fewer chromosomes in one job.",
            )
        )
    return tuple(found)


def check_file(file: DataFile, service: Service) -> list[Obstacle]:
    """One file: there, unchanged, named as the service wants, not too large."""
    path = Path(file.path)
    try:
        stat = path.stat()
    except OSError as error:
        what = f"{file.path}: {error.strerror or error}."
        return [_obstacle("dataset", Kind.INPUT, "A file is missing", what, "Put it back.", file.path)]
    if (stat.st_size, stat.st_mtime_ns) != (file.size, file.modified):
        return [
            _obstacle(
                "dataset",
                Kind.INPUT,
                "A file has changed",
                f"{file.name} is not the file that was checked.",
                "Check the dataset again.",
                file.path,
            )
        ]
    found = []
    if not file.name.endswith(".vcf.gz"):
        what = f"{file.name} does not end in .vcf.gz; the service takes nothing else."
        found.append(
            _obstacle(
                "dataset",
                Kind.INPUT,
                "The service does not take this file",
                what,
                "Use “Make it ready” on the page of the dataset, or compress it with bgzip.",
                file.path,
            )
        )
    if not service.is_here and not re.fullmatch(r"[A-Za-z0-9._+-]+", file.name):
        what = f"{file.name} has letters in its name that a server may change."
        do = "Use letters, digits, dot, dash and underscore."
        found.append(_obstacle("dataset", Kind.INPUT, "A risky file name", what, do, file.path))
    limit = service.limits.max_file_mb
    if limit is not None and file.size > limit * MEGABYTE:
        what = f"{file.name} has {file.size / MEGABYTE:,.0f} MB; {service.name} takes {limit:,} MB a file."
        found.append(
            _obstacle("dataset", Kind.INPUT, "A file is too large", what, "Split the samples.", file.path)
        )
    return found


def check_disk(folder: Path, size: int) -> tuple[Obstacle, ...]:
    """Whether the result of an upload of `size` bytes can fit on the disk at all."""
    there = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        what = f"{there}: {error.strerror or error}."
        return (_obstacle("disk", Kind.DISK, "The results folder cannot be used", what),)
    needed = size * RESULT_PER_UPLOAD
    if free >= needed:
        return ()
    wanted, left = room_words(needed, free)
    what = f"The result may need {wanted}, and {left} are free."
    do = "Free some space, or choose another results folder in Settings."
    return (_obstacle("disk", Kind.DISK, "The disk is too small for the result", what, do, str(there)),)


def text_hash(text: str) -> str:
    """The hash by which the accepted terms are recorded."""
    return hashlib.sha256(text.encode()).hexdigest()
