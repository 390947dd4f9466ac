"""Nouns as the JSON of the command line writes them (`--json`); other tools read these keys."""

from __future__ import annotations

from app.cli.output import problem_row
from app.domain.dataset import DataFile
from app.domain.job import Job
from app.domain.job_group import GroupState
from app.domain.panel import Panel, PanelChange
from app.domain.preset import Preset
from app.domain.result import Result
from app.domain.service import Health, Service

Row = dict[str, object]


def service_row(service: Service, panels: int) -> Row:
    """A service; `panels` is how many it offers."""
    return {
        "id": service.id,
        "name": service.name,
        "family": service.family,
        "base_url": service.base_url,
        "country": service.country,
        "state": service.state,
        "response_ms": service.response_ms,
        "last_checked": service.last_checked,
        "token": {"present": service.token.present, "expires": service.token.expires},
        "panels": panels,
    }


def preset_row(preset: Preset) -> Row:
    """A service of the catalogue; it has no state, as nobody looked at it."""
    return {
        "id": preset.id,
        "name": preset.name,
        "family": preset.family,
        "base_url": preset.base_url,
        "country": preset.country,
        "jurisdictions": list(preset.jurisdictions),
        "enabled": preset.enabled,
        "off_reason": preset.off_reason,
        "successor": preset.successor,
        "institution": preset.of,
        "state": None,
        "response_ms": None,
        "last_checked": None,
        "token": {"present": False, "expires": None},
        "panels": None,
        "token_url": preset.token_url,
        "note": preset.note,
        "as_of": preset.as_of,
        "source": preset.source,
        "certainty": preset.certainty,
    }


def health_row(health: Health) -> Row:
    """One look at a service; times in milliseconds."""
    return {
        "id": health.service_id,
        "state": health.state,
        "response_ms": health.phases.total,
        "phases": health.phases.model_dump(),
        "detail": health.detail,
    }


def panel_row(panel: Panel) -> Row:
    """A panel; `id` is what `submit --panel` takes."""
    return {
        "id": panel.id,
        "service": panel.service_id,
        "name": panel.name,
        "build": panel.build,
        "populations": [{"id": p.id, "name": p.name} for p in panel.populations],
        "samples": panel.samples,
        "variants": panel.variants,
        "chromosomes": list(panel.chromosomes),
        "version": panel.version,
        "as_of": panel.as_of,
        "source": panel.source,
    }


def change_row(change: PanelChange) -> Row:
    """What happened to a panel."""
    return {"id": change.panel_id, "service": change.service_id, "name": change.name, "what": change.what}


def job_row(job: Job) -> Row:
    """A job; `state` is ours, `raw_state` the server's own number."""
    return {
        "id": job.id,
        "group": job.group,
        "name": job.name,
        "service": job.service_id,
        "panel": job.panel_id,
        "state": job.state,
        "raw_state": job.raw_state,
        "progress": job.progress,
        "step": job.step,
        "submitted": job.submitted,
        "started": job.started,
        "ended": job.ended,
        "expires": job.expires,
        "files": [
            {"name": f.name, "size": f.size_text, "state": f.state, "downloads_left": f.downloads_left}
            for f in job.remote_files
        ],
        "problem": problem_row(job.problem) if job.problem else None,
    }


def group_row(group: str, state: GroupState) -> Row:
    """Jobs that were sent together; `state` is said in words, `counts` by the same words."""
    return {"id": group, "state": state.words(), "over": state.is_over, "counts": dict(state.counts)}


def sent_row(job: Job) -> Row:
    """A job just sent."""
    return {"id": job.id, "remote_id": job.remote_id, "state": job.state}


def result_row(result: Result) -> Row:
    """A fetched result; file names are relative to `folder`."""
    return {
        "id": result.id,
        "job": result.job_id or None,
        "name": result.name or None,
        "origin": result.origin or None,
        "folder": result.folder,
        "state": result.state,
        "verdict": result.verdict,
        "files": [f.model_dump() for f in result.files],
        "problem": result.problem or None,
    }


def file_names(files: tuple[DataFile, ...]) -> str:
    """The names of files in one line."""
    names = ", ".join(f.name for f in files[:3])
    return names if len(files) <= 3 else f"{names} and {len(files) - 3} more"
