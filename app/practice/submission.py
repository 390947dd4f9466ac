"""Submitting a job: what is refused when, and what becomes of each field (`cloudgene.md` 3)."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from html.entities import codepoint2name
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.practice import accounts
from app.practice.accounts import Caller
from app.practice.answers import JavaJson, Refused, framework_error, own_error, plain_error
from app.practice.context import Context
from app.practice.form import CHECKBOXES, DEFAULTS, FILES_FIELD, TEXT_FIELDS
from app.practice.gate import cut_connection
from app.practice.lifecycle import active_jobs, make_job
from app.practice.reception import FormReceiver, ReceptionError
from app.practice.settings import Mode

DONE = "Your job was successfully added to the job queue."


class CutOff(Exception):
    """The connection is gone; there is nobody to answer."""


async def submit(context: Context, request: Request) -> Response:
    """Read the whole body, then judge. Only a bad signature and a body over the limit are refused at once."""
    who = accounts.caller(context, request.headers.get("x-auth-token"))
    if who in (Caller.ANONYMOUS, Caller.EXPIRED):
        raise _unauthorised(context, request)
    _refuse_too_long(context, request)
    incoming = context.home / "incoming" / secrets.token_hex(8)
    incoming.mkdir(parents=True)
    try:
        form = await _receive(context, request, incoming)
        return await _judge(context, request, who, form, incoming)
    except (ClientDisconnect, CutOff):
        return Response(status_code=499)
    except ReceptionError as error:
        raise _parse_error(context, str(error)) from error
    except OSError as error:  # no room, a name that is too long
        raise plain_error(400, str(error.strerror)) from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


async def _judge(
    context: Context, request: Request, who: Caller, form: FormReceiver, incoming: Path
) -> Response:
    if who is Caller.REVOKED:
        raise _forbidden(context, request)
    if context.faults.maintenance:
        raise own_error(503, "This functionality is currently under maintenance.")
    find_app(context, request.path_params["app"], "Application '{}' not found.")
    limit = context.limits.max_running_jobs
    if context.faults.quota_full or active_jobs(context) >= limit:
        raise own_error(400, f"Only {limit} jobs per user can be executed simultaneously.")
    inputs, name = read_fields(context, form)
    files = [base for field, base in form.files if base]
    agent = request.headers.get("user-agent", "")
    job = make_job(context, inputs, sorted(set(files)), name, agent, incoming)
    if context.runner is not None:
        context.runner.wake()
    if context.faults.take("drop_answer"):
        await cut_connection(request.scope)
        raise CutOff
    return JavaJson({"success": True, "message": DONE, "id": job.id})


async def _receive(context: Context, request: Request, folder: Path) -> FormReceiver:
    form = FormReceiver(request.headers.get("content-type", ""), folder)
    received, started = 0, time.monotonic()
    faults = context.faults
    try:
        async for chunk in request.stream():
            received += len(chunk)
            _refuse_longer(context, request, received)
            cut_at = faults.drop_upload_at
            if cut_at is not None and received >= cut_at and faults.take("drop_uploads"):
                await cut_connection(request.scope)
                raise CutOff
            form.write(chunk)
            await pace(started, received, faults.upload_rate)
        form.finish()
    finally:
        form.close()
    return form


async def pace(started: float, done: int, rate: int | None) -> None:
    """Sleep so that no more than `rate` bytes a second have passed since `started`."""
    if rate:
        ahead = done / rate - (time.monotonic() - started)
        if ahead > 0:
            await asyncio.sleep(ahead)


def read_fields(context: Context, form: FormReceiver) -> tuple[dict[str, str], str]:
    """The values of the application's inputs and the name of the job; raises for an unknown field."""
    sent: dict[str, str] = {}
    name = ""
    for raw, text in [*form.texts, *form.files]:
        field = raw.removeprefix("input-")
        if field == "job-name":
            name = escape(text)
        elif not field.endswith("-pattern"):
            if field not in TEXT_FIELDS | CHECKBOXES | {FILES_FIELD}:
                raise _parse_error(context, f"Parameter '{field}' not found.")
            sent[field] = escape(text)
    _refuse_addresses(context, form)
    inputs = {key: sent.get(key, default) for key, default in DEFAULTS.items()}
    inputs.update({box: "true" if box in sent else "false" for box in CHECKBOXES})
    if "password" in sent:
        inputs["password"] = sent["password"]
    return inputs, name


def _refuse_addresses(context: Context, form: FormReceiver) -> None:
    fields = {raw.removeprefix("input-") for raw, _ in form.texts}
    if context.mode is Mode.CG2 and FILES_FIELD in fields:
        raise own_error(
            400, f"Parameter '{FILES_FIELD}': URL-based uploads are no longer supported. Please upload files."
        )


def find_app(context: Context, name: str, unknown: str) -> None:
    """Raise 404 unless the application is named, with or without its version."""
    known = (context.text.app_id, f"{context.text.app_id}@{context.text.app_version}")
    if name in known:
        return
    raise own_error(404, unknown.format(name))


def escape(text: str) -> str:
    """HTML-escape as the server does: marks and umlauts become entities, an apostrophe stays."""
    return "".join(f"&{codepoint2name[ord(c)]};" if ord(c) in codepoint2name else c for c in text)


def _refuse_too_long(context: Context, request: Request) -> None:
    length = request.headers.get("content-length", "")
    _refuse_longer(context, request, int(length) if length.isdecimal() else 0)


def _refuse_longer(context: Context, request: Request, length: int) -> None:
    """Refuse a body by its stated length, or by what came of one that has none."""
    limit = context.limits.upload_limit
    if length <= limit:
        return
    if context.mode is Mode.CG2:
        raise own_error(400, "Upload limit reached.")
    said = f"The content length [{length}] exceeds the maximum allowed content length [{limit}]"
    raise Refused(framework_error(context.mode, request.url.path, 413, said))


def _parse_error(context: Context, message: str) -> Refused:
    if context.mode is Mode.CG2 and not message.startswith("Parameter"):
        return own_error(400, "Error during input parameter parsing.")
    return own_error(400, message)


def _unauthorised(context: Context, request: Request) -> Refused:
    if context.mode is Mode.CG2:
        return own_error(401, "The request requires user authentication.")
    return Refused(framework_error(context.mode, request.url.path, 401))


def _forbidden(context: Context, request: Request) -> Refused:
    if context.mode is Mode.CG2:
        return own_error(401, "The request requires user authentication.")
    return Refused(framework_error(context.mode, request.url.path, 403))


def require_user(context: Context, request: Request, *, plain: bool = False) -> None:
    """Raise 401 or 403 unless the caller has the active token; `plain`: generation 2 says it as bare text."""
    who = accounts.caller(context, request.headers.get("x-auth-token"))
    if who is Caller.USER:
        return
    if plain and context.mode is Mode.CG2:
        raise plain_error(401, "The request requires user authentication.")
    raise _forbidden(context, request) if who is Caller.REVOKED else _unauthorised(context, request)
