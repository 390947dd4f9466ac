"""The links to result files; every GET uses one of the allowed downloads up (`cloudgene.md` 5.2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.practice import lifecycle
from app.practice.answers import own_error, plain_error
from app.practice.bodies import file_with_ranges, stream_without_length
from app.practice.context import Context
from app.practice.objects import presigned_url
from app.practice.records import DELETED, RETIRED, JobRecord, ResultEntry
from app.practice.routes import bind
from app.practice.settings import Mode
from app.practice.submission import require_user
from app.practice.views import OUTPUT_ID, allowed_downloads

Found = tuple[JobRecord, ResultEntry]


def download_routes(context: Context) -> list[Route]:
    """The links of the mode's generation."""
    if context.mode is Mode.CG2:
        table = [
            ("/results/{job}/{parameter}/{name:path}", results_2),
            ("/share/{user}/{hash}/{name:path}", share_2),
        ]
    else:
        table = [
            ("/share/results/{hash}/{name:path}", share),
            ("/downloads/{job}/{hash}/{name:path}", downloads),
            ("/browse/{hash}/{name:path}", browse),
            ("/get/{hash}", script),
        ]
    return [Route(path, bind(context, handler), methods=["GET"]) for path, handler in table]


async def share(context: Context, request: Request) -> Response:
    """Anonymous; the hash is the secret, the name is not looked at."""
    wanted = request.path_params["hash"]
    return _give(context, request, _find(context, lambda _job, entry: entry.hash == wanted))


async def downloads(context: Context, request: Request) -> Response:
    """Anonymous too."""
    job_id, wanted = request.path_params["job"], request.path_params["hash"]
    found = _find(context, lambda job, entry: job.id == job_id and entry.hash == wanted)
    return _give(context, request, found)


async def browse(context: Context, request: Request) -> Response:
    """A file by the hash of its group and its name."""
    wanted, name = request.path_params["hash"], request.path_params["name"]
    found = _find(context, lambda job, entry: job.param_hash == wanted and entry.name == name)
    return _give(context, request, found)


async def script(context: Context, request: Request) -> Response:
    """A shell script that fetches all files of a job."""
    wanted = request.path_params["hash"]
    job = next((each for each in _jobs(context) if each.param_hash == wanted), None)
    if job is None:
        raise own_error(404, "download not found.")
    lines = ["#!/bin/bash", "set -e"]
    for entry in job.results:
        address = f"{context.base_url}/share/results/{entry.hash}/{quote(entry.name)}"
        lines.append(f'curl -L "{address}" --create-dirs -o "{entry.name}"')
    return PlainTextResponse("\n".join(lines) + "\n")


async def share_2(context: Context, request: Request) -> Response:
    """Generation 2: the name must be right too."""
    told = request.path_params
    found = _find(context, lambda _job, entry: (entry.hash, entry.name) == (told["hash"], told["name"]))
    if told["user"] != context.text.username:
        found = None
    return _give(context, request, found)


async def results_2(context: Context, request: Request) -> Response:
    """Generation 2: for the signed-in owner."""
    require_user(context, request)
    told = request.path_params
    found = _find(context, lambda job, entry: (job.id, entry.name) == (told["job"], told["name"]))
    if told["parameter"] != str(OUTPUT_ID):
        found = None
    return _give(context, request, found)


def _jobs(context: Context) -> list[JobRecord]:
    lifecycle.age_jobs(context)
    return [job for job in context.records.jobs() if job.state not in (RETIRED, DELETED)]


def _find(context: Context, matches: Callable[[JobRecord, ResultEntry], bool]) -> Found | None:
    return next(
        ((job, entry) for job in _jobs(context) for entry in job.results if matches(job, entry)), None
    )


def _give(context: Context, request: Request, found: Found | None) -> Response:
    if found is None:
        raise _no(context, 404, "download not found.")
    job, entry = found
    _count_down(context, job, entry)
    path = context.job_folder(job.id) / entry.path
    if not path.is_file():
        raise _no(context, 404, "File not found in workspace.")
    return _body(context, request, job, entry, path)


def _body(context: Context, request: Request, job: JobRecord, entry: ResultEntry, path: Path) -> Response:
    if context.mode is Mode.CG3_S3:
        return RedirectResponse(presigned_url(context, job.id, entry.name), status_code=301)
    if context.mode is Mode.CG3_LOCAL:
        return stream_without_length(context, request, path)
    if path.stat().st_size == 0:
        return Response(status_code=204)
    return file_with_ranges(context, request, path, None)


def _count_down(context: Context, job: JobRecord, entry: ResultEntry) -> None:
    """Use one download up, at the start of the request; -1 is without end."""
    if allowed_downloads(context, entry) == 0:
        raise _no(context, 400, "number of max downloads exceeded.")

    def use(changed: JobRecord) -> None:
        for each in changed.results:
            if each.hash == entry.hash and each.count > 0:
                each.count -= 1

    context.records.change(job.id, use)


def _no(context: Context, status: int, message: str) -> Exception:
    return (plain_error if context.mode is Mode.CG2 else own_error)(status, message)
