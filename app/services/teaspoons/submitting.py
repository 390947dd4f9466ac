"""From a submission to a started run: values checked, run prepared, file sent, run started.

The id of a run is ours and follows from the name of the job, so that a run whose answer was lost is known
again. A prepared run and its upload session are remembered: a transfer that broke off goes on where it was,
also hours later and after an end of the program. Source: services.md 2.3; Google Cloud Storage (session).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import NAMESPACE_URL, uuid5

from app.domain.clock import Clock
from app.domain.dataset import DataFile
from app.domain.parameter import VALUE_TYPES, Form, Parameter, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.services.border import border, unreadable
from app.services.contract import Connection, Seal, Submission
from app.services.teaspoons.asking import Api
from app.services.teaspoons.describing import BASENAME, OWN_PARAMETERS, TERMS_PARAMETER, name_and_version
from app.services.teaspoons.kept_uploads import KeptUploads, Prepared
from app.services.teaspoons.problems import message_of, object_of, problem_of, store_problem
from app.services.teaspoons.reading import inner, raw_text
from app.transport.address import refuse_redirect
from app.transport.put_file import PutFile, ask_session, begin_session, bytes_held, put_file
from app.transport.reply import Reply

LARGEST_FILE = 50 * 1024**3
IN_ONE_PIECE = 16 * 1024**2
"""Files up to here go in one request; larger ones in a session that can go on after a cut."""
MOST_FAILURES = 6
MOST_IDS = 50
_CONTENT = "application/octet-stream"
_EXISTS = re.compile(r"already exists|duplicate jobid", re.IGNORECASE)
_STARTED = re.compile(r"not in the preparing state|already|duplicate", re.IGNORECASE)
_OFF_WORDS = frozenset({"", "false", "no", "off", "0"})
_MARKS = re.compile(r"[^A-Za-z0-9_-]+")


class Submitting:
    """The part of the family that sends."""

    def __init__(
        self,
        api: Api,
        clock: Clock,
        sleep: Callable[[float], Awaitable[object]],
        kept: KeptUploads,
    ) -> None:
        self._api = api
        self._clock = clock
        self._sleep = sleep
        self._kept = kept
        self._prepared: dict[tuple[str, str], Prepared] = {}

    async def submit(
        self, connection: Connection, order: Submission, form: Form, report: Report, seal: Seal
    ) -> str:
        """The id of the started run."""
        file = the_file(order)
        inputs = pipeline_inputs(order, form, file)
        order = order.model_copy(update={"files_parameter": files_field(form).id})
        prepared = await self._uploaded(connection, order, inputs, file, report)
        if isinstance(prepared, str):
            return prepared
        await seal()
        await self._start(connection, prepared.run_id, order.remote_name)
        await self.forget(connection, order.remote_name)
        return prepared.run_id

    async def forget(self, connection: Connection, remote_name: str) -> None:
        """Nothing will go on with this upload."""
        self._prepared.pop((connection.base_url, remote_name), None)
        await self._kept.forget(connection, remote_name)

    async def forget_lapsed(self, connection: Connection, remote_name: str) -> None:
        """Nothing can go on with this upload, if its address or session has lived as long as it can."""
        key, now = (connection.base_url, remote_name), self._clock.now()
        known = self._prepared.get(key)
        if known is not None and known.lapsed(now):
            del self._prepared[key]
        await self._kept.forget_lapsed(connection, remote_name, now)

    async def _uploaded(
        self,
        connection: Connection,
        order: Submission,
        inputs: dict[str, object],
        file: DataFile,
        report: Report,
    ) -> Prepared | str:
        """A run that has its whole file, or the id of one of this job that was started already."""
        for _ in range(2):
            prepared = await self._ready(connection, order, inputs, file)
            if isinstance(prepared, str) or prepared.sent:
                return prepared
            if await self._send(connection, order.remote_name, prepared, report):
                prepared.take_all()
                await self._kept.keep(connection, order.remote_name, prepared)
                return prepared
            await self.forget(connection, order.remote_name)  # its session is gone, and so is its address
        raise problem(
            Kind.BUSY,
            "The upload has to begin anew",
            f"The store lost {file.name} twice",
            "It is sent again by itself",
            subject=file.name,
        )

    async def _ready(
        self, connection: Connection, order: Submission, inputs: dict[str, object], file: DataFile
    ) -> Prepared | str:
        """As it was left, in this run of the program or an earlier one; else prepared anew."""
        key, now = (connection.base_url, order.remote_name), self._clock.now()
        known = self._prepared.get(key)
        if known is None or not known.usable(file, now):
            known = await self._kept.of(connection, order.remote_name, file, now)
        if known is None:
            found = await self._prepare(connection, order, inputs, file)
            if isinstance(found, str):
                return found
            known = found
        self._prepared[key] = known
        return known

    async def _prepare(
        self, connection: Connection, order: Submission, inputs: dict[str, object], file: DataFile
    ) -> Prepared | str:
        """A prepared run, or the id of one of this job that was started already."""
        name, version = name_and_version(order.app_id)
        resumable = file.size > IN_ONE_PIECE
        body: dict[str, object] = {
            "pipelineName": name,
            "pipelineInputs": inputs,
            "description": order.remote_name,
            "useResumableUploads": resumable,
            "agreeToTerms": _ticked(order.options.get(TERMS_PARAMETER, "")),
        }
        if version is not None:
            body["pipelineVersion"] = version
        for number in range(MOST_IDS):
            run_id = run_id_of(connection.base_url, order.remote_name, number)
            reply = await self._api.prepare(connection, {"jobId": run_id, **body})
            if reply.status not in {400, 409} or not _EXISTS.search(message_of(reply)):
                urls = inner(object_of(reply, order.remote_name), "fileInputUploadUrls")
                url = raw_text(inner(urls, order.files_parameter), "signedUrl")
                if not url:
                    raise unreadable(reply, order.remote_name)
                return Prepared(run_id, url, file, self._clock.now(), resumable)
            if await self.is_started(connection, run_id):
                return run_id
        raise problem(Kind.BUG, "No id is free for the job", f"{MOST_IDS} were prepared and never started")

    async def is_started(self, connection: Connection, run_id: str) -> bool:
        """Whether a run of ours is at work or has ended; one that is only prepared is none."""
        reply = await self._api.result(connection, run_id)
        if reply.status in {400, 404}:
            return False
        object_of(reply, run_id)
        return True

    async def _start(self, connection: Connection, run_id: str, subject: str) -> None:
        reply = await self._api.start(connection, run_id)
        if reply.ok:
            return
        known = reply.status in {400, 409} and _STARTED.search(message_of(reply))
        if known and await self.is_started(connection, run_id):
            return
        raise problem_of(reply, subject)

    # The file.

    async def _send(
        self, connection: Connection, remote_name: str, prepared: Prepared, report: Report
    ) -> bool:
        """Whether all of the file came; False for a session that is lost and cannot be begun anew."""
        refuse_redirect(
            connection.base_url, prepared.session or prepared.url, allowed=connection.plain_http_allowed
        )
        if prepared.resumable:
            session = _Session(connection, prepared, report, self._sleep)
            return await session.send(partial(self._kept.keep, connection, remote_name, prepared))
        with border(prepared.file.name):
            headers = {"Content-Type": _CONTENT}
            reply = await put_file(PutFile(prepared.url, prepared.file, headers=headers), report)
        if not reply.ok:
            raise store_problem(reply, prepared.file.name, "take")
        return True


class _Session:
    """One upload session: begun once, asked after each cut how much it has."""

    def __init__(
        self,
        connection: Connection,
        prepared: Prepared,
        report: Report,
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._connection, self._prepared = connection, prepared
        self._report, self._sleep = report, sleep
        self._name, self._size = prepared.file.name, prepared.file.size

    async def send(self, keep: Callable[[], Awaitable[None]]) -> bool:
        """All bytes that are not there yet; raises the last problem when it gets no further.

        `keep` remembers a session before its first byte leaves. False: the session is lost, and so is the
        address by which another could be begun.
        """
        held, failures = 0, 0
        fresh = not self._prepared.session
        while self._prepared.session or self._prepared.url:
            try:
                if not self._prepared.session:
                    self._prepared.session = await self._begin()
                    await keep()
                had = held
                held = 0 if fresh else await self._held()
                if held >= self._size:
                    return True
                failures = 0 if held > had else failures
                fresh = False
                if await self._put(held):
                    return True
                raise problem(Kind.NO_NETWORK, "The upload was cut", f"{held:,} bytes of {self._name} came")
            except ProblemError as error:
                if not self._prepared.session:
                    await keep()  # which forgets the one that is lost
                failures += 1
                if not error.problem.retry or failures >= MOST_FAILURES:
                    raise
            await self._sleep(min(2.0**failures, 60.0))
        return False

    async def _begin(self) -> str:
        with border(self._name):
            reply = await begin_session(self._prepared.url, _CONTENT)
        session = reply.headers.get("location", "")
        if reply.status not in {200, 201} or not session:
            raise store_problem(reply, self._name, "take")
        allowed = self._connection.plain_http_allowed
        refuse_redirect(self._connection.base_url, session, allowed=allowed)
        return session

    async def _held(self) -> int:
        with border(self._name):
            reply = await ask_session(self._prepared.session, self._size)
        held = bytes_held(reply, self._size)
        if held is not None:
            return held
        self._forget_lost(reply)
        raise store_problem(reply, self._name, "take")

    async def _put(self, offset: int) -> bool:
        with border(self._name):
            order = PutFile(self._prepared.session, self._prepared.file, offset, ranged=True)
            reply = await put_file(order, self._report)
        if reply.ok:
            return True
        if reply.status != 308:
            self._forget_lost(reply)
            raise store_problem(reply, self._name, "take")
        return False

    def _forget_lost(self, reply: Reply) -> None:
        """A session that is gone is begun anew by the next try."""
        if reply.status in {404, 410}:
            self._prepared.session = ""
            raise problem(Kind.BUSY, "The upload has to begin anew", f"The store lost {self._name}")


def run_id_of(base_url: str, remote_name: str, number: int = 0) -> str:
    """The id of a run of a job; `number` counts the runs that were prepared for it and never started."""
    return str(uuid5(NAMESPACE_URL, f"{base_url}/haplodesk/{remote_name}/{number}"))


def the_file(order: Submission) -> DataFile:
    """The one file; ProblemError (input, refused) for none, several, or one too large."""
    if len(order.files) > 1:
        raise problem(
            Kind.INPUT,
            "This service takes one file for all chromosomes",
            f"There are {len(order.files)} files",
            "Join them first: “Make it ready” on the page of the dataset offers it",
        )
    if not order.files:
        raise problem(Kind.INPUT, "There is nothing to send", "No file was chosen", "Choose a dataset")
    file = order.files[0]
    if file.size > LARGEST_FILE:
        raise problem(
            Kind.REFUSED,
            "The file is too large for this service",
            f"{file.name} has {file.size / 1024**3:,.1f} GiB; 50 are taken",
            "Send fewer samples or chromosomes in one job",
            subject=file.name,
        )
    return file


def files_field(form: Form) -> Parameter:
    """The input that takes the genotypes; ProblemError (input) for a pipeline without, or with several."""
    found = form.of_type(ParameterType.FILES)
    if len(found) != 1:
        raise problem(
            Kind.INPUT,
            "The pipeline does not take one VCF",
            f"Its form has {len(found)} fields for files",
            "Choose another pipeline of the service",
        )
    return found[0]


def pipeline_inputs(order: Submission, form: Form, file: DataFile) -> dict[str, object]:
    """The values of the pipeline's own inputs; ProblemError (input) for what does not fit the form."""
    files = files_field(form)
    if files.accept and not file.name.endswith(files.accept):
        raise _wrong(files, f"takes files that end in {files.accept}, and {file.name} does not")
    inputs: dict[str, object] = {files.id: file.name}
    for name, value in order.options.items():
        parameter = form.parameter(name)
        if parameter is None or parameter.type not in VALUE_TYPES:
            raise _unknown(name)
        if name not in OWN_PARAMETERS and value != "":
            inputs[name] = sent_value(parameter, value)
    if form.parameter(BASENAME) is not None:
        inputs.setdefault(BASENAME, _MARKS.sub("-", order.remote_name)[:255])
    for parameter in form.parameters:
        if parameter.required and parameter.id not in inputs and parameter.id not in OWN_PARAMETERS:
            raise _wrong(parameter, "needs a value")
    return inputs


def sent_value(parameter: Parameter, value: str | bool) -> object:
    """A value as the pipeline wants it; ProblemError (input) with a clear sentence for any other."""
    if parameter.type is ParameterType.CHECKBOX:
        return value if isinstance(value, bool) else _ticked(value)
    if isinstance(value, bool):
        raise _wrong(parameter, "needs a value, not a tick")
    if parameter.type is ParameterType.NUMBER:
        return _number(parameter, value)
    if parameter.pattern and not re.fullmatch(parameter.pattern, value):
        raise _wrong(parameter, parameter.details or f"does not take “{value[:40]}”")
    return value


def _number(parameter: Parameter, value: str) -> float | int:
    try:
        found = int(value) if parameter.raw_type == "INTEGER" else float(value)
    except ValueError:
        raise _wrong(parameter, f"needs a number, and “{value[:40]}” is none") from None
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and not found >= low) or (high is not None and not found <= high):
        ends = f"from {low:g}" if low is not None else ""
        ends += f" to {high:g}" if high is not None else ""
        raise _wrong(parameter, f"takes numbers {ends.strip()}, not {value[:40]}")
    return found


def _ticked(value: str | bool) -> bool:
    return value if isinstance(value, bool) else value.strip().lower() not in _OFF_WORDS


def _wrong(parameter: Parameter, what: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "An option does not fit the pipeline",
        f"“{parameter.label or parameter.id}” {what}",
        "Change it and send the job again",
        subject=parameter.id,
    )


def _unknown(name: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The pipeline does not know an option",
        f"It has no input “{name}”",
        "Read the panels of the service again and choose anew",
        subject=name,
    )
