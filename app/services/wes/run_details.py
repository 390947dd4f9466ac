"""A run by itself: its log, its files, and why it failed."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from app.domain.job import JobState
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.services.abilities import RunLog
from app.services.border import unreadable
from app.services.contract import Connection, RemoteFile, RemoteJob
from app.services.plain_text import safe_line
from app.services.wes.asking import Asker
from app.services.wes.downloads import open_download
from app.services.wes.logs import TEXTS, address_in, plain_log, weskit_address
from app.services.wes.node import Node
from app.services.wes.outputs import ERROR_FILE, patterns_of, remote_files, wanted_leaves
from app.services.wes.problems import dictionary, message_of, no_run, refuse_failure, status_of
from app.services.wes.run_reading import failure_of, remote_job, run_id_of, template_of
from app.services.wes.states import state_of
from app.services.wes.tasks import TaskLists
from app.services.wes.templates import Described
from app.transport.address import origin
from app.transport.reply import Reply

RUN_READ_S = 30.0
LOGLESS_S = 60.0
"""The Starter Kit has no log of a run in its first seconds. Source: ga4gh.md 2.1."""
_LONGEST_ERROR = 64 * 1024


def run_url(node: Node, run_id: str) -> str:
    """The address of a run."""
    return f"{node.base}/runs/{quote(run_id, safe='')}"


async def job_of(
    asker: Asker,
    tasks: TaskLists,
    connection: Connection,
    node: Node,
    run_id: str,
    templates: tuple[Described, ...],
) -> RemoteJob:
    """A run with its files and tasks; of one that failed also the end of its error output."""
    told = await _run_log(asker, connection, node, run_id)
    if told is None:
        new = asker.since_first(run_url(node, run_id)) < LOGLESS_S
        state = JobState.QUEUED if new else JobState.UNKNOWN
        return RemoteJob(remote_id=run_id, name="", state=state, step="The service has no log of the run yet")
    told = await tasks.of(connection, node, told)
    own = {each.template.app_id.partition("@")[0]: each.template for each in templates}
    template = own.get(template_of(told).partition("@")[0])
    patterns = patterns_of(template.outputs) if template is not None else ()
    files = remote_files(wanted_leaves(told.get("outputs"), node, patterns), node, run_id)
    texts: dict[str, str] = {}
    state, word, _ = state_of(told.get("state"))
    failed = state is JobState.FAILED
    if failed:
        texts = {each.name: each.text for each in await _texts(asker, connection, node, told, run_id)}
    job = remote_job(told, files, texts)
    if failed:
        reason = await _typed_error(asker, connection, files) or failure_of(word, told, texts)
        job = job.model_copy(update={"problem": reason, "files": ()})
    return job


async def _run_log(asker: Asker, connection: Connection, node: Node, run_id: str) -> dict[str, Any] | None:
    """The log of a run; None where the server says that it has none yet."""
    reply = await asker.get(connection, run_url(node, run_id), read_s=RUN_READ_S)
    if status_of(reply) == 400:
        if _not_yet(reply):
            return None
        raise no_run(run_id)
    refuse_failure(reply, run_id)
    told = dictionary(reply.json)
    if not told or not run_id_of(told):
        raise unreadable(reply, run_id)
    return told


def _not_yet(reply: Reply) -> bool:
    """What the Starter Kit says in the first seconds of a run."""
    return "could not load" in message_of(reply).lower()


async def logs_of(asker: Asker, connection: Connection, node: Node, run_id: str) -> tuple[RunLog, ...]:
    """Everything that a run wrote: its command, its error output, its output, the words of the system."""
    told = await _run_log(asker, connection, node, run_id)
    if told is None:
        return ()
    found = await _texts(asker, connection, node, told, run_id)
    log = dictionary(told.get("run_log"))
    for name in ("cmd", "system_logs"):
        lines = log.get(name)
        text = "\n".join(str(each) for each in lines) if isinstance(lines, list) else lines
        if isinstance(text, str) and text.strip():
            found.append(plain_log("command" if name == "cmd" else "system", text))
    return tuple(found)


async def _texts(
    asker: Asker, connection: Connection, node: Node, told: dict[str, Any], run_id: str
) -> list[RunLog]:
    log = dictionary(told.get("run_log"))
    found = []
    for name in TEXTS:
        value = log.get(name)
        address = address_in(value, run_url(node, run_id))
        if node.dialect_key == "weskit":
            address = weskit_address(node, run_id, name)
        if address is not None:
            one = await _fetched(asker, connection, address, name)
        else:
            one = plain_log(name, value) if isinstance(value, str) and value.strip() else None
        if one is not None:
            found.append(one)
    return found


async def _fetched(asker: Asker, connection: Connection, address: str, name: str) -> RunLog | None:
    """A text from its address; a log that does not come is no reason to lose the rest."""
    if origin(address) != origin(connection.base_url):
        return None
    try:
        reply = await asker.get(connection, address)
    except ProblemError:
        return None
    if not 200 <= status_of(reply) < 300:
        return None
    inner = reply.json.get("content") if isinstance(reply.json, dict) else None
    text = inner if isinstance(inner, str) else "" if isinstance(reply.json, dict) else reply.text()
    return plain_log(name, text, cut=reply.cut) if text.strip() else None


async def _typed_error(asker: Asker, connection: Connection, files: tuple[RemoteFile, ...]) -> Problem | None:
    """What `fedimpute_error.json` among the outputs says, with its remedy; None where there is none.

    It is read by whatever way a result would be: from the service, a store, a repository or a shared disk.
    """
    found = next((each for each in files if each.file.name.endswith(ERROR_FILE)), None)
    if found is None:
        return None
    told = bytearray()
    try:
        async with open_download(connection, found, 0, None, asker) as (opened, _):
            async for piece in opened.chunks():
                told += piece
                if len(told) > _LONGEST_ERROR:
                    return None
        return typed_problem(json.loads(told))
    except (ProblemError, ValueError, RecursionError):
        return None


_REMEDIES = {
    "BUILD_MISMATCH": "Lift the dataset over to the build of the panel, or choose a panel of its build.",
    "CHROMOSOME_MISMATCH": "Choose a panel that has these chromosomes, or send only those that it has.",
    "MULTI_CHROMOSOME_VCF": "Split the files by chromosome and send them again.",
    "NO_VCF_DETECTED": "Send the job again; if it fails again, tell the operator of the service.",
    "NO_LEGEND_DETECTED": "Tell the operator of the service: its panel is not set up as it should be.",
}


def typed_problem(told: Any) -> Problem | None:
    """The error file of FedImpute as a Problem: its own hint, else what its code is known to need."""
    data = dictionary(told)
    code, summary = str(data.get("code") or ""), safe_line(str(data.get("summary") or ""))
    if not code and not summary:
        return None
    remedy = dictionary(data.get("remediation"))
    hint = safe_line(str(remedy.get("hint") or "")) or _REMEDIES.get(code, "")
    return problem(
        Kind.REFUSED if data.get("severity") == "user_error" else Kind.BUSY,
        "The workflow could not use the files",
        summary or code,
        hint or "Look at the log of the job, or ask the operator of the service.",
        details=f"code {safe_line(code, 80)} {safe_line(str(data.get('detail') or ''))}".strip(),
    ).problem
