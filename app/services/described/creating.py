"""Making a job at a service that wants it made first, then filled with files, then started.

A job that is not started does no work, so only the call that starts it is sealed. Each step is written
down (`drafts`) before what cannot be taken back: a transfer that was cut, or a program that was ended, goes
on with the same job, and a job that was given up is taken away with the files that are in it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from app.domain.dataset import DataFile
from app.domain.job import ENDED_STATES, JobState
from app.domain.parameter import Form
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report
from app.services.border import border
from app.services.contract import RemoteJob, Seal, Submission
from app.services.described.answers import text
from app.services.described.call import marks_in
from app.services.described.drafts import Draft, Drafts, mark_of
from app.services.described.looking import state_of
from app.services.described.marks import Values
from app.services.described.problems import does_not_fit, problem_of
from app.services.described.sending import ANSWER_S, part, values_of
from app.services.described.submit import Into, Submit
from app.services.described.wire import Line
from app.transport.address import origin, refuse_plain_http
from app.transport.limits import Pace
from app.transport.multipart import FilePart, Multipart
from app.transport.put_file import PutFile, put_file
from app.transport.reply import Reply
from app.transport.upload import Upload, upload

T = TypeVar("T")
Listing = Callable[[], Awaitable[tuple[RemoteJob, ...]]]
"""All own jobs as they are now, those that are not started among them."""
_NOTHING_MADE = frozenset({Kind.REFUSED, Kind.SIGN_IN, Kind.INPUT, Kind.NOT_FOUND})
_ERROR_OF_ITS_OWN = 500
"""From this status on nobody knows what the service did."""


class Creating:
    """One submission on its way."""

    def __init__(
        self,
        line: Line,
        submit: Submit,
        drafts: Drafts,
        listing: Listing,
        pace: Pace,
        submission: Submission,
        report: Report,
        seal: Seal,
    ) -> None:
        assert submit.into is not None
        assert submit.start is not None
        self._line, self._submit = line, submit
        self._into: Into = submit.into
        self._begin = submit.start
        self._drafts, self._listing, self._pace = drafts, listing, pace
        self._submission, self._report, self._seal = submission, report, seal
        self._name = submission.remote_name
        self._mark = mark_of(submission.files)

    async def run(self, form: Form) -> str:
        """The id of the started job. ProblemError; what the seal raises comes out as it was."""
        values = values_of(self._submission, form)
        _refuse_twins(self._submission.files)
        values = Values(
            values.name, values.app, values.panel, values.options, [f.name for f in self._submission.files]
        )
        known = await self._known()
        if isinstance(known, str):
            return known
        draft = known if known is not None else await to_its_end(self._make(values))
        draft = await self._fill(draft)
        await self._seal()
        draft = await self._keep(draft, sealed=True)
        await self._start(draft, values)
        await self._drafts.forget(self._line.connection, self._name)
        return draft.id

    async def _keep(self, draft: Draft, **fields: object) -> Draft:
        return await self._drafts.keep(self._line.connection, self._name, draft.model_copy(update=fields))

    # The job.

    async def _known(self) -> Draft | str | None:
        """The job as an earlier try left it, its id if it was started then, None where there is none."""
        draft = await self._drafts.of(self._line.connection, self._name)
        if draft is not None and not draft.id:
            draft = await found_again(self._submit, self._name, draft, self._listing)
        if draft is None:
            return None
        state = await state_of(self._line, draft.id)
        if _waits(draft, state):
            if draft.files == self._mark and not draft.doubt:
                return draft
            await drop(self._line, self._submit, draft.id)
            return None
        if draft.sealed and state is not None:
            return draft.id
        if state is None or state in ENDED_STATES:
            return None
        raise problem(
            Kind.REFUSED,
            "The job was started before its files were there",
            f"Somebody else started {draft.id} at the service",
            "Stop it there, and send the job again",
            subject=self._name,
        )

    async def _make(self, values: Values) -> Draft:
        """Ask for the job; an answer that is lost leaves a word that it was asked for."""
        draft = await self._keep(Draft(files=self._mark))
        try:
            answer = await self._line.data(self._submit.call, values, read_s=ANSWER_S)
        except ProblemError as error:
            if error.problem.kind in _NOTHING_MADE:
                await self._drafts.forget(self._line.connection, self._name)
            raise
        remote_id = text(answer, self._submit.id)
        if not remote_id:
            raise does_not_fit(f"It made a job and told no id at “{self._submit.id}”", self._name)
        return await self._keep(draft, id=remote_id)

    async def _start(self, draft: Draft, values: Values) -> None:
        """A refusal by a service that has started it all the same, after an answer that was lost, is none."""
        final = Values(
            values.name, values.app, values.panel, values.options, values.files, remote_id=draft.id
        )
        try:
            await self._line.done(self._begin, final, id=draft.id, read_s=ANSWER_S)
        except ProblemError as error:
            if error.problem.kind not in _NOTHING_MADE:
                raise
            with contextlib.suppress(ProblemError):
                if not _waits(draft, await state_of(self._line, draft.id)):
                    return
                await self._keep(draft, sealed=False)
            raise

    # The files.

    async def _fill(self, draft: Draft) -> Draft:
        """All files that are not there yet."""
        files = self._submission.files
        batches = (files,) if self._into.together else tuple((file,) for file in files)
        total, before = sum(file.size for file in files), 0
        for number, batch in enumerate(batches, 1):
            size = sum(file.size for file in batch)
            if number > draft.done:
                await self._send(draft, batch, part(self._report, before, size, total))
                draft = await self._keep(draft, done=number, doubt=False)
            before += size
        self._report(Progress(done=total, total=total, step="Sending"))
        return draft

    async def _send(self, draft: Draft, batch: tuple[DataFile, ...], report: Report) -> None:
        names = {"id": draft.id, "name": batch[0].name}
        url = self._line.address(self._into.call, **names)
        refuse_plain_http(url, allowed=self._line.connection.plain_http_allowed)
        await self._pace.before(origin(url))
        with border(batch[0].name):
            reply = await (
                self._as_it_is(url, batch[0], report)
                if self._into.files is None
                else self._in_a_form(url, self._into.files, draft, batch, report)
            )
        self._pace.note(origin(url), reply.status, reply.headers)
        said = text(reply.json, self._line.description.refusal)
        if not reply.ok or (said and said != "false"):
            if reply.status < _ERROR_OF_ITS_OWN:
                await self._keep(draft)  # without doubt: it says itself that it did not take it
            raise problem_of(reply, batch[0].name, said)

    async def _as_it_is(self, url: str, file: DataFile, report: Report) -> Reply:
        headers = {"Content-Type": "application/octet-stream", **self._line.headers()}
        return await put_file(PutFile(url, file, headers=headers), report)

    async def _in_a_form(
        self, url: str, field: str, draft: Draft, batch: tuple[DataFile, ...], report: Report
    ) -> Reply:
        """The service may have the files from the last byte on."""

        async def doubting() -> None:
            await self._keep(draft, doubt=True)

        body = Multipart([], [FilePart(field, file) for file in batch])
        return await upload(Upload(url=url, body=body, headers=self._line.headers()), report, doubting)


async def give_up(line: Line, submit: Submit, drafts: Drafts, name: str, listing: Listing) -> None:
    """Take away a job that was made and will not be started. One that may be started stays. ProblemError."""
    connection = line.connection
    draft = await drafts.of(connection, name)
    if draft is not None and not draft.id:
        draft = await found_again(submit, name, draft, listing)
    if draft is not None and _waits(draft, await state_of(line, draft.id)):
        # Where the call that starts it may have left, one answer is not enough: it may be one of the past.
        certain = not draft.sealed or await _is_listed_waiting(draft, listing)
        if certain:
            await drop(line, submit, draft.id)
    await drafts.forget(connection, name)


async def found_again(submit: Submit, name: str, draft: Draft, listing: Listing) -> Draft | None:
    """The job that was asked for, by its name in the list, where the answer was lost; it has no files yet."""
    if "$name" not in marks_in(submit.call.body):
        return None
    waiting = [job for job in await listing() if job.name == name and job.state is JobState.PREPARING]
    return draft.model_copy(update={"id": waiting[-1].remote_id}) if waiting else None


async def drop(line: Line, submit: Submit, remote_id: str) -> None:
    """Take a job away that is not started; where the service cannot, it stays and does no work."""
    call = submit.drop or line.description.cancel
    if call is None:
        return
    try:
        await line.done(call, id=remote_id)
    except ProblemError as error:
        if error.problem.retry or error.problem.kind is Kind.SIGN_IN:
            raise


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """What was begun is ended also when nobody waits for it any more: else nobody would know the new job."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with contextlib.suppress(ProblemError):
            await task
        raise


def _waits(draft: Draft, state: JobState | None) -> bool:
    """Whether a job is not started; of a word that is not described that is certain only before the seal."""
    return state is JobState.PREPARING or (state is JobState.UNKNOWN and not draft.sealed)


async def _is_listed_waiting(draft: Draft, listing: Listing) -> bool:
    listed = {job.remote_id: job.state for job in await listing()}
    return listed.get(draft.id) is JobState.PREPARING


def _refuse_twins(files: tuple[DataFile, ...]) -> None:
    names = [file.name for file in files]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise problem(
            Kind.INPUT,
            "Two files have one name",
            f"Both are called {twins[0]}, and the second would take the place of the first",
            "Give one of them another name",
            subject=twins[0],
        )
