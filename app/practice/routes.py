"""The routes below `/api/v2` and `/logs` (`cloudgene.md` 1, 2, 4, 5)."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.practice import accounts, lifecycle, submission
from app.practice.accounts import Caller
from app.practice.answers import JavaJson, Refused, framework_error, own_error, plain_error
from app.practice.context import Context
from app.practice.form import app_body
from app.practice.records import ACTIVE, DELETED, SUCCESS, SUCCESS_REMINDED, WAITING, JobRecord
from app.practice.settings import Mode
from app.practice.submission import find_app, require_user
from app.practice.views import job_body, list_entry, page_body

Handler = Callable[[Context, Request], Awaitable[Response]]


def api_routes(context: Context) -> list[Route]:
    """All routes of the interface."""
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/api/v2/server", server),
        ("GET", "/api/v2/server/apps", session_only),
        ("GET", "/api/v2/server/apps/{app}", app_details),
        ("GET", "/api/v2/server/counters", counters),
        ("GET", "/api/v2/server/version.svg", version),
        ("POST", "/api/v2/tokens/verify", verify),
        ("GET", "/api/v2/users/{user}/profile", profile),
        ("POST", "/api/v2/users/{user}/profile", session_only),
        ("DELETE", "/api/v2/users/{user}/profile", session_only),
        ("POST", "/api/v2/users/{user}/api-token", session_only),
        ("DELETE", "/api/v2/users/{user}/api-token", session_only),
        ("GET", "/api/v2/admin/jobs/{job}/reset", session_only),
        ("POST", "/login", login),
        ("GET", "/api/v2/jobs", jobs),
        ("POST", "/api/v2/jobs/submit/{app}", submission.submit),
        ("GET", "/api/v2/jobs/{job}/status", status),
        ("GET", "/api/v2/jobs/{job}/cancel", cancel),
        ("GET", "/api/v2/jobs/{job}/restart", restart),
        ("GET", "/api/v2/jobs/{job}/chunks/{file}", chunk),
        ("GET", "/logs/{job}", logs),
        ("GET", "/", front_page),
        ("GET", "/index.html", front_page),
    ]
    routes = [Route(path, bind(context, handler), methods=[method]) for method, path, handler in table]
    return [*routes, Route("/api/v2/jobs/{job}", bind(context, one_job), methods=["GET", "DELETE"])]


def bind(context: Context, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A route's endpoint: the handler with the server's context."""

    async def endpoint(request: Request) -> Response:
        return await handler(context, request)

    return endpoint


async def server(context: Context, request: Request) -> Response:
    """Name, applications, maintenance; with `maintenace` spelt as the real server spells it."""
    who = accounts.caller(context, request.headers.get("x-auth-token"))
    if who is Caller.REVOKED and context.mode is not Mode.CG2:
        raise Refused(framework_error(context.mode, request.url.path, 403))
    logged_in = who is Caller.USER
    body: dict[str, Any] = {
        "name": context.text.name,
        "background": "#343a40",
        "foreground": "navbar-dark",
        "footer": "<p>Practice server: nothing leaves this computer.</p>",
        "emailRequired": True,
        "userEmailDescription": "",
        "userWithoutEmailDescription": "",
        "oauth": [],
    }
    if logged_in:
        body["user"] = _user(context)
    body["apps"] = [_app_entry(context)] if logged_in else []
    if context.mode is not Mode.CG2:
        if logged_in:
            body |= {"deprecatedApps": [], "experimentalApps": []}
        body["loggedIn"] = logged_in
    body["navigation"] = [{"id": "help", "name": "Help", "link": context.base_url, "items": []}]
    body["maintenace"] = context.faults.maintenance
    if context.faults.maintenance:
        body["maintenaceMessage"] = context.faults.maintenance_message
    return JavaJson(body)


def _user(context: Context) -> dict[str, Any]:
    text = context.text
    return {"username": text.username, "mail": text.mail, "admin": False, "name": text.full_name}


def _app_entry(context: Context) -> dict[str, str]:
    entry = {"id": context.app_key, "name": context.text.app_name}
    return entry if context.mode is Mode.CG2 else {**entry, "version": context.text.app_version}


async def session_only(context: Context, request: Request) -> Response:
    """What only a session or an administrator may do: an API token is not enough."""
    require_user(context, request)
    raise Refused(framework_error(context.mode, request.url.path, 403))


async def login(_context: Context, _request: Request) -> Response:
    """Nobody has a password here: the token is made by the program."""
    raise own_error(401, "Login failed! Wrong username or password.")


async def app_details(context: Context, request: Request) -> Response:
    """The inputs of an application."""
    require_user(context, request)
    _refuse_maintenance(context)
    name = request.path_params["app"]
    if context.panels.find(name) is not None:
        raise own_error(404, f"Application {name} is a data package.")
    find_app(context, name, "Application {} not found or the request requires user authentication.")
    return JavaJson(app_body(context))


async def counters(context: Context, request: Request) -> Response:
    """How busy the server is; anonymous."""
    found = context.records.jobs()
    done = sum(job.state in (SUCCESS, SUCCESS_REMINDED) for job in found)
    waiting = sum(job.state == WAITING for job in found)
    running = sum(job.state in ACTIVE for job in found) - waiting
    return JavaJson(
        {
            "complete": {"runs": done},
            "running": {"runs": running},
            "waiting": {"runs": waiting},
            "queue": waiting,
            "users": 1,
        }
    )


async def version(context: Context, request: Request) -> Response:
    """The version, inside a picture."""
    number = context.text.cloudgene2 if context.mode is Mode.CG2 else context.text.cloudgene3
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="20"><rect width="120" height="20" '
        f'fill="#555"/><text x="8" y="14" fill="#fff" font-size="11">cloudgene {number}</text></svg>'
    )
    return Response(picture, media_type="image/svg+xml")


async def verify(context: Context, request: Request) -> Response:
    """Whether a token is good: always status 200."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    return JavaJson(accounts.verification(context, fields.get("token", [""])[0]))


async def profile(context: Context, request: Request) -> Response:
    """The caller's own profile, whoever is named in the path."""
    require_user(context, request, plain=True)
    text = context.text
    return JavaJson(
        {
            "id": 1,
            "username": text.username,
            "fullName": text.full_name,
            "lastLogin": None,
            "lockedUntil": None,
            "active": True,
            "loginAttempts": 0,
            "role": "User",
            "mail": text.mail,
            "admin": False,
            "hasApiToken": True,
            "apiTokenMessage": f"API Token was created by {text.username} and is valid.",
            "apiTokenValid": True,
        }
    )


async def jobs(context: Context, request: Request) -> Response:
    """The caller's jobs, newest first; deleted ones are left out."""
    require_user(context, request)
    _refuse_maintenance(context)
    lifecycle.age_jobs(context)
    entries = [list_entry(context, job) for job in context.records.jobs() if job.state != DELETED]
    if context.mode is Mode.CG2:
        return JavaJson(entries)
    page = request.query_params.get("page")
    if page is not None and not re.fullmatch(r"-?[0-9]{1,9}", page):
        raise plain_error(400, f'For input string: "{page}"')
    return JavaJson(page_body(entries, None if page is None else int(page), context.limits.page_size))


async def one_job(context: Context, request: Request) -> Response:
    """A job with steps and files; an API token may not delete it."""
    job = _own_job(context, request)
    if request.method == "DELETE":
        raise Refused(framework_error(context.mode, request.url.path, 403))
    return JavaJson(job_body(context, job))


async def status(context: Context, request: Request) -> Response:
    """The same as the job in generation 3, a light form of it in generation 2."""
    job = _own_job(context, request)
    return JavaJson(job_body(context, job, brief=context.mode is Mode.CG2))


async def cancel(context: Context, request: Request) -> Response:
    """Stop a job (a GET, as it is)."""
    job = _own_job(context, request)
    return JavaJson(job_body(context, lifecycle.cancel_job(context, job.id)))


async def restart(context: Context, request: Request) -> Response:
    """Queue a job again that is in state -1."""
    job = _own_job(context, request)
    if not lifecycle.restart_job(context, job.id):
        raise own_error(400, f"Job {job.id} is not pending.")
    return JavaJson({"success": True, "message": f"Your job {job.id} was successfully restarted."})


async def chunk(context: Context, request: Request) -> Response:
    """A framed part of a report."""
    job = _own_job(context, request)
    wanted = request.path_params["file"]
    path = context.job_folder(job.id) / "chunks" / wanted
    if "/" in wanted or ".." in wanted or not path.is_file():
        raise own_error(404, f"Chunk {wanted} not found.")
    return HTMLResponse(path.read_text(encoding="utf-8"))


async def logs(context: Context, request: Request) -> Response:
    """The log of a job as text."""
    return PlainTextResponse(_own_job(context, request).log)


async def front_page(context: Context, request: Request) -> Response:
    """A page for people who follow a link to a job."""
    name = html.escape(context.text.name)
    return HTMLResponse(
        f"<!doctype html><title>{name}</title><h1>{name}</h1>"
        "<p>This server is part of Haplodesk. It runs on this computer only, for learning and for tests.</p>"
    )


def _own_job(context: Context, request: Request) -> JobRecord:
    require_user(context, request)
    _refuse_maintenance(context)
    lifecycle.age_jobs(context)
    job_id = request.path_params["job"]
    job = context.records.job(job_id)
    if job is None:
        raise own_error(404, f"Job {job_id} not found.")
    if job.username != context.text.username:
        raise own_error(403, "Access denied.")
    return job


def _refuse_maintenance(context: Context) -> None:
    if context.faults.maintenance:
        raise own_error(503, "This functionality is currently under maintenance.")
