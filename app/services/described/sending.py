"""Making a job at a described service: one form with all files, or signed uploads and a small request."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from app.domain.dataset import DataFile
from app.domain.parameter import VALUE_TYPES, Form, Parameter, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report
from app.services.border import border
from app.services.contract import Seal, Submission
from app.services.described.answers import pick, text
from app.services.described.marks import Values, filled
from app.services.described.problems import does_not_fit, problem_of
from app.services.described.submit import Signed, Submit
from app.services.described.wire import Line
from app.transport.address import origin, refuse_plain_http, same_host, shown
from app.transport.limits import Pace
from app.transport.multipart import FilePart, Multipart
from app.transport.put_file import PutFile, put_file
from app.transport.reply import Reply
from app.transport.upload import Upload, upload

ANSWER_S = 120.0


def values_of(submission: Submission, form: Form) -> Values:
    """What marks stand for. ProblemError (input) for what the form does not have."""
    for name, value in submission.options.items():
        _refuse_unfit(form.parameter(name), name, value)
    if not submission.files:
        raise problem(Kind.INPUT, "There is nothing to send", "No file was chosen", "Choose a dataset")
    panel = next((p.id for p in form.of_type(ParameterType.PANEL)), "")
    return Values(
        name=submission.remote_name,
        app=submission.app_id,
        panel=str(submission.options.get(panel, "")),
        options={name: value for name, value in submission.options.items() if value is not False},
    )


def _refuse_unfit(parameter: Parameter | None, name: str, value: str | bool) -> None:
    if parameter is None or parameter.type not in VALUE_TYPES:
        what = f"Its form has no field “{name}”"
        raise problem(Kind.INPUT, "The service does not know an option", what, "Choose anew", subject=name)
    keys = {choice.key for choice in parameter.choices}
    if keys and value not in keys:
        what = f"The field “{parameter.label or name}” does not offer “{value}”"
        raise problem(Kind.INPUT, "An option does not fit the form", what, "Choose anew", subject=name)


class Sending:
    """One submission on its way."""

    def __init__(
        self, line: Line, submit: Submit, pace: Pace, submission: Submission, report: Report, seal: Seal
    ) -> None:
        self._line = line
        self._submit = submit
        self._pace = pace
        self._submission = submission
        self._report = report
        self._seal = seal

    async def run(self, form: Form) -> str:
        """Send everything; the id of the new job. ProblemError; what the seal raises comes out as it was."""
        values = values_of(self._submission, form)
        upload_first = self._submit.upload
        reply = await (self._form(values) if upload_first is None else self._signed(upload_first, values))
        data = self._line.success(reply, self._submission.remote_name)
        remote_id = text(data, self._submit.id)
        if not remote_id:
            what = f"It accepted the job and told no id at “{self._submit.id}”"
            raise does_not_fit(what, self._submission.remote_name)
        return remote_id

    async def _form(self, values: Values) -> Reply:
        line, submit = self._line, self._submit
        fields = dict(_texts(filled(submit.fields, values)))
        if submit.options_as_fields:
            fields = {**dict(_texts(dict(values.options))), **fields}
        parts = [FilePart(submit.files or "files", file) for file in self._submission.files]
        order = Upload(
            url=line.address(submit.call), body=Multipart(list(fields.items()), parts), headers=line.headers()
        )
        refuse_plain_http(order.url, allowed=line.connection.plain_http_allowed)
        await self._pace.before(origin(order.url))
        with border(self._submission.remote_name):
            reply = await upload(order, self._report, self._sealing)
        self._pace.note(origin(order.url), reply.status, reply.headers)
        return reply

    async def _signed(self, signed: Signed, values: Values) -> Reply:
        """The job is made by the last request alone: the seal comes before that."""
        total = sum(file.size for file in self._submission.files)
        references, before = [], 0
        for file in self._submission.files:
            references.append(
                await self._one(signed, values, file, part(self._report, before, file.size, total))
            )
            before += file.size
        self._report(Progress(done=total, total=total, step="Sending"))
        await self._sealing()
        submit = self._submit
        final = Values(values.name, values.app, values.panel, values.options, references)
        return await self._line.ask(submit.call, final, read_s=ANSWER_S)

    async def _one(self, signed: Signed, values: Values, file: DataFile, report: Report) -> str:
        mine = Values(
            values.name, values.app, values.panel, values.options, file_name=file.name, file_size=file.size
        )
        if signed.files is not None:
            return await self._in_a_form(signed, mine, file, report)
        answer = await self._line.data(signed.call, mine)
        reference, address = text(answer, signed.reference), text(answer, signed.url)
        if not reference or not address:
            raise does_not_fit("It gave no address for a file", file.name)
        url = self._line.named(address)
        _refuse_strange_host(signed, self._line.base, url, file.name)
        extra = upload_headers(pick(answer, signed.headers))
        with border(file.name):
            reply = await put_file(
                PutFile(url, file, headers={**self._line.headers_for(url), **extra}), report
            )
        if not reply.ok:
            raise problem_of(reply, file.name)
        return await self._told_done(signed, mine, reference)

    async def _in_a_form(self, signed: Signed, mine: Values, file: DataFile, report: Report) -> str:
        """A file by itself makes no job yet: nothing is sealed."""
        line = self._line
        body = Multipart([], [FilePart(signed.files or "file", file)])
        order = Upload(url=line.address(signed.call), body=body, headers=line.headers())
        refuse_plain_http(order.url, allowed=line.connection.plain_http_allowed)
        await self._pace.before(origin(order.url))
        with border(file.name):
            reply = await upload(order, report, _nothing_to_seal)
        self._pace.note(origin(order.url), reply.status, reply.headers)
        reference = text(line.success(reply, file.name), signed.reference)
        if not reference:
            raise does_not_fit("It took a file and told no reference to it", file.name)
        return await self._told_done(signed, mine, reference)

    async def _told_done(self, signed: Signed, mine: Values, reference: str) -> str:
        if signed.done is not None:
            await self._line.done(signed.done, mine, file=reference)
        return reference

    async def _sealing(self) -> None:
        await self._seal()


async def _nothing_to_seal() -> None:
    """A file without its job may be sent again."""


def _texts(data: Mapping[str, object]) -> list[tuple[str, str]]:
    """Fields of a form: text as it is, everything else as JSON."""
    return [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in data.items()]


_NO_HEADER = re.compile(
    r"authorization|cookie|host|content-length|transfer-encoding|connection|te|trailer|upgrade|expect|"
    r"proxy-.*|x-http-method.*|x-method-override|x-forwarded.*|forwarded|range",
    re.IGNORECASE,
)


def upload_headers(found: object) -> dict[str, str]:
    """Headers that an answer wants with the upload; never one that says who asks or changes the request."""
    if not isinstance(found, dict):
        return {}
    return {
        str(name): value
        for name, value in found.items()
        if isinstance(value, str)
        and value.isascii()
        and value.isprintable()
        and re.fullmatch(r"[A-Za-z0-9-]+", str(name))
        and not _NO_HEADER.fullmatch(str(name))
    }


def _refuse_strange_host(signed: Signed, base: str, url: str, name: str) -> None:
    """The service may sign addresses of its own host and of those that its description names."""
    if same_host(base, url) or signed.takes(urlsplit(url).hostname or ""):
        return
    raise problem(
        Kind.REFUSED,
        "The service wants the file at a place that nobody named",
        f"{name} would go to {shown(url)}, and the description does not name that host",
        "If it is the store of the service, add it to `hosts` of `upload` in the description",
        subject=name,
    )


def part(report: Report, before: int, size: int, total: int) -> Report:
    """The progress of some files as part of all; what stands around them in a form does not count."""

    def tell(progress: Progress) -> None:
        report(replace(progress, done=before + min(progress.done, size), total=total))

    return tell


async def undisturbed(send: Callable[[Seal], Awaitable[str]], seal: Seal) -> str:
    """What the caller's seal raises comes out again as it was, through whatever border lies between."""
    failures: list[Exception] = []

    async def sealing() -> None:
        try:
            await seal()
        except Exception as error:
            failures.append(error)
            raise

    try:
        return await send(sealing)
    except ProblemError:
        if failures:
            raise failures[0] from None
        raise
