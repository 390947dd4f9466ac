"""What a description of a service may say. It holds no code: expressions only pick values out of answers.

What expressions, paths and bodies may hold: `call`. How a job is made: `submit`.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.domain.job import JobState
from app.domain.model import Model
from app.domain.service import Limits
from app.services.described.call import Address, Call, Expression, Path, Word
from app.services.described.submit import Submit

TOLD_STATES = Literal[
    "unstarted",
    "submitted",
    "queued",
    "running",
    "exporting",
    "success",
    "failed",
    "cancelled",
    "expired",
    "deleted",
]
"""Our words; `unstarted` is a job that was made and waits for its files: see `Submit.into`."""
LONGEST_POLL_S = 86_400
LONGEST_RETENTION_DAYS = 36_525
_NO_HEADER = re.compile(r"auth|cookie|token|secret|key|password|host|content-length|transfer", re.IGNORECASE)


class Auth(Model):
    """How a user is known. The secret itself lies in the keyring and is never written here.

    `basic` takes `user:password` as the token; `help` says where a person gets one. `prefix` is a word that
    stands before the token in the `header`, such as `Token` in `Authorization: Token …`.
    """

    kind: Literal["none", "bearer", "header", "basic"] = "bearer"
    header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")] = "X-API-Key"
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$", max_length=40)] | None = None
    help: str = ""
    url: Address | None = None

    @model_validator(mode="after")
    def _prefix_fits(self) -> Auth:
        if self.prefix is not None and self.kind != "header":
            raise ValueError("`prefix` belongs to the kind header, and only to it")
        return self


class HealthLook(Model):
    """A cheap request that needs no token. `up` true means that it works; without it any success does."""

    call: Call
    up: Expression | None = None
    maintenance: Expression | None = None
    version: Expression | None = None


class Account(Model):
    """A request that only a known user may make; tells who that is and when the token ends."""

    call: Call
    user: Expression | None = None
    expires: Expression | None = None


class PanelFact(Model):
    """A panel that is written down in the description."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    name: str
    build: Literal["GRCh37", "GRCh38"] | None = None
    samples: int | None = None
    variants: int | None = None
    chromosomes: tuple[str, ...] = ()


class PanelList(Model):
    """Panels that the service lists itself."""

    call: Call
    items: Expression
    id: Expression
    name: Expression
    build: Expression | None = None


class Choice(Model):
    """What is sent, and what is shown."""

    key: str
    label: str = ""


class FormField(Model):
    """A parameter of the form."""

    id: Word
    label: str
    type: Literal["text", "number", "checkbox", "choice", "terms"]
    required: bool = False
    default: str = ""
    help: str = ""
    choices: tuple[Choice, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _choices_fit(self) -> FormField:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("`choices` belong to the type choice, and only to it")
        return self


class App(Model):
    """An application: its panels and its parameters."""

    id: Word
    name: str
    version: str = ""
    description: str = ""
    panel_field: Word = "panel"
    panels: tuple[PanelFact, ...] = ()
    panel_list: PanelList | None = None
    parameters: tuple[FormField, ...] = ()

    @model_validator(mode="after")
    def _has_panels(self) -> App:
        if bool(self.panels) == (self.panel_list is not None):
            raise ValueError("needs either `panels` or `panel_list`")
        return self


class Pages(Model):
    """Further pages of a list, in one of four ways.

    `next` gives an address or a path, or with `query` the value of a field. `number` is the field of a query
    that takes the number of a page, the first of which is `first`; `offset` the one that takes how many jobs
    come before. Both go on until a page has no jobs, or `more` is not true. `link`: the header Link says it.
    """

    next: Expression | None = None
    query: str | None = None
    number: str | None = None
    first: Annotated[int, Field(ge=0, le=1)] = 1
    offset: str | None = None
    more: Expression | None = None
    link: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Pages:
        ways = [each for each in (self.next, self.number, self.offset, self.link) if each is not None]
        if len(ways) != 1:
            raise ValueError("needs exactly one of next, number, offset and link")
        if self.query is not None and self.next is None:
            raise ValueError("`query` belongs to `next`, and only to it")
        if self.more is not None and self.number is None and self.offset is None:
            raise ValueError("`more` belongs to `number` and `offset`")
        return self


class JobList(Model):
    """All own jobs."""

    call: Call
    items: Expression
    pages: Pages | None = None


class JobLook(Model):
    """One job; `job` picks its object out of the answer."""

    call: Call
    job: Expression = "@"


class JobFields(Model):
    """Where the values of a job stand in its object. `name` is what was sent as `$name`."""

    id: Expression
    name: Expression
    state: Expression
    progress: Expression | None = None
    progress_to: Literal[1, 100] = 100
    step: Expression | None = None
    queue: Expression | None = None
    error: Expression | None = None
    submitted: Expression | None = None
    started: Expression | None = None
    ended: Expression | None = None
    expires: Expression | None = None
    times: Literal["iso", "seconds", "milliseconds"] = "iso"


class Files(Model):
    """The result files, out of the look at the job or by a call of their own.

    A file is fetched from `url`, or by the call `download` with {id} and {name}.
    """

    call: Call | None = None
    items: Expression
    name: Expression
    size: Expression | None = None
    url: Expression | None = None
    download: Call | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Files:
        if (self.url is None) == (self.download is None):
            raise ValueError("needs either `url` or `download`")
        if self.download is not None and self.download.method != "GET":
            raise ValueError("files are fetched by get")
        return self


class Log(Model):
    """A text that a job leaves; `text` picks it out of JSON, else the answer is the text."""

    name: str
    call: Call
    text: Expression | None = None


class Watched(Model):
    """What has to be known of a service to look after its jobs and to fetch their results.

    `refusal` picks what the service says when it refuses something: also in an answer whose status is that
    of a success, which is none if there is such a text.
    """

    schema_version: Literal[1] = Field(alias="schema")
    addresses: tuple[Address, ...] = ()
    base_path: Path = ""
    refusal: Expression | None = None
    auth: Auth = Auth()
    headers: dict[str, str] = {}
    health: HealthLook | None = None
    account: Account | None = None
    list: JobList
    status: JobLook
    job: JobFields
    states: dict[str, TOLD_STATES] = Field(min_length=1)
    cancel: Call | None = None
    no_cancel: str = "The service cannot stop a job."
    files: Files
    logs: tuple[Log, ...] = ()
    job_page: Path | None = None

    @model_validator(mode="after")
    def _headers_are_harmless(self) -> Self:
        for name in self.headers:
            if _NO_HEADER.search(name):
                raise ValueError(f"the header “{name}” may not be set here; see `auth`")
        return self

    def vague_calls(self) -> dict[str, str]:
        """Calls that do not say of which job or file they speak: a sentence for each, by its place."""
        named = {"status": self.status.call, "cancel": self.cancel, "files": self.files.call}
        named |= {f"logs, {log.name}": log.call for log in self.logs}
        found = {
            name: f"the call of “{name}” has no {{id}}: it would not say of which job"
            for name, call in named.items()
            if call is not None and not call.holds("id")
        }
        download = self.files.download
        if download is not None and not download.holds("name"):
            name = "files.download"
            found[name] = f"the call of “{name}” has no {{name}}: it would not say which file"
        return found

    def state(self, word: object) -> JobState:
        """Our state for a word of the service; a word that is not described is unknown, never a success.

        `PREPARING` is a job that was made and is not started.
        """
        text = str(word).strip().casefold() if word is not None else ""
        found = next((ours for theirs, ours in self.states.items() if theirs.casefold() == text), None)
        if found == "unstarted":
            return JobState.PREPARING
        return JobState(found) if found is not None else JobState.UNKNOWN


class Description(Watched):
    """A whole service. See `resources/described` for three that are explained line by line."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    name: str
    about: str = ""
    operator: str = ""
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    source: str
    as_of: Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
    limits: Limits = Limits()
    health: HealthLook
    apps: tuple[App, ...] = Field(min_length=1)
    submit: Submit

    @model_validator(mode="after")
    def _calls_say_of_which_job(self) -> Description:
        for sentence in self.vague_calls().values():
            raise ValueError(sentence)
        return self

    @model_validator(mode="after")
    def _options_are_sent(self) -> Description:
        known = {f"$option.{each.id}" for app in self.apps for each in app.parameters}
        known |= {f"$option.{app.panel_field}" for app in self.apps}
        strange = {mark for mark in self.submit.marks if mark.startswith("$option.")} - known
        if strange:
            raise ValueError(f"submit has {min(strange)}, and no parameter is called so")
        for app in self.apps:
            if "$panel" not in self.submit.marks and not self.submit.sends(app.panel_field):
                raise ValueError("submit sends the panel nowhere: put $panel into it")
            lost = [p.id for p in app.parameters if p.type != "terms" and not self.submit.sends(p.id)]
            if lost:
                raise ValueError(
                    f"submit sends “{lost[0]}” nowhere: put $option.{lost[0]} or $options into it"
                )
        return self

    @model_validator(mode="after")
    def _unstarted_is_told_apart(self) -> Description:
        waits = "unstarted" in self.states.values()
        if self.submit.into is not None and not waits:
            raise ValueError(
                "states has no word for unstarted: a job without its files would be taken for one that runs"
            )
        if self.submit.into is None and waits:
            raise ValueError("states has a word for unstarted, and `submit` has no `into`")
        return self

    @model_validator(mode="after")
    def _limits_are_possible(self) -> Description:
        for name, value in self.limits:
            if isinstance(value, int | float) and not math.isfinite(value):
                raise ValueError(f"limits.{name} is no number that can be reached")
            if isinstance(value, int | float) and value < 0:
                raise ValueError(f"limits.{name} is below zero")
        if self.limits.min_poll_s > LONGEST_POLL_S:
            raise ValueError("limits.min_poll_s is more than a day")
        if (self.limits.retention_days or 0) > LONGEST_RETENTION_DAYS:
            raise ValueError("limits.retention_days is more than a century")
        return self

    def app(self, app_id: str) -> App | None:
        """The application of that id."""
        return next((each for each in self.apps if each.id == app_id), None)
