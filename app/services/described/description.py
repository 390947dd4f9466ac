"""What a description of a service may say. It holds no code: expressions only pick values out of answers.

Expressions are JMESPath. Bodies are JSON in which a text that is exactly a mark, such as `$name`, stands for
a value of the job; nothing is ever put together from parts.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field, model_validator

from app.domain.job import JobState
from app.domain.model import Model
from app.domain.service import Limits

MARKS = ("$name", "$app", "$panel", "$options", "$files", "$id")
FILE_MARKS = ("$file.name", "$file.size")
MOST_FLATTENED = 4
"""Each one can double a list, and a few dozen would fill any memory."""
_OPTION = re.compile(r"\$option\.[A-Za-z0-9_.-]+")
_PLACES = re.compile(r"\{([^{}]*)\}")
_SAFE_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/{}-]*")
_NO_HEADER = re.compile(r"auth|cookie|token|secret|key|password|host|content-length|transfer", re.IGNORECASE)


def _expression(text: str) -> str:
    try:
        jmespath.compile(text)
    except JMESPathError as error:
        raise ValueError(f"is no JMESPath expression: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ValueError("lies too deep in itself") from None
    if text.count("[]") > MOST_FLATTENED:
        raise ValueError(f"flattens lists ([]) more than {MOST_FLATTENED} times")
    return text


def _path(text: str) -> str:
    if not _SAFE_PATH.fullmatch(text) or text.startswith("//"):
        raise ValueError("must be a path that begins with one slash; queries belong in `query`")
    strange = set(_PLACES.findall(text)) - {"id", "name", "file"}
    if strange:
        raise ValueError(f"may hold {{id}}, {{name}} and {{file}}, not {{{min(strange)}}}")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", text):
        raise ValueError("must be an address such as https://imputation.example.org")
    return text.rstrip("/")


Expression = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_expression)]
Path = Annotated[str, Field(max_length=500), AfterValidator(_path)]
Address = Annotated[str, Field(max_length=500), AfterValidator(_address)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
TOLD_STATES = Literal[
    "submitted", "queued", "running", "exporting", "success", "failed", "cancelled", "expired", "deleted"
]


class Call(Model):
    """A request: exactly one of the methods, with a path below the address of the service.

    The places {id}, {name} and {file} are filled in in the path, and in the query where one is a whole value.
    """

    get: Path | None = None
    post: Path | None = None
    put: Path | None = None
    delete: Path | None = None
    query: dict[str, str] = {}
    body: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_method(self) -> Call:
        named = [each for each in (self.get, self.post, self.put, self.delete) if each is not None]
        if len(named) != 1:
            raise ValueError("needs exactly one of get, post, put and delete")
        if self.body is not None and self.get is not None:
            raise ValueError("a get has no body")
        refuse_strange_marks(self.body)
        return self

    @property
    def method(self) -> str:
        """In capitals."""
        pairs = (("GET", self.get), ("POST", self.post), ("PUT", self.put), ("DELETE", self.delete))
        return next(method for method, path in pairs if path is not None)

    @property
    def path(self) -> str:
        """With its places."""
        return self.get or self.post or self.put or self.delete or ""

    def holds(self, place: str) -> bool:
        """Whether a place, such as `id`, is filled in anywhere."""
        told = f"{{{place}}}" in self.path or f"{{{place}}}" in self.query.values()
        return told or f"${place}" in marks_in(self.body)


def marks_in(data: object) -> set[str]:
    """All marks of a body."""
    if isinstance(data, dict):
        return {mark for value in data.values() for mark in marks_in(value)}
    if isinstance(data, list):
        return {mark for value in data for mark in marks_in(value)}
    return {data} if isinstance(data, str) and data.startswith("$") else set()


def refuse_strange_marks(data: object) -> None:
    """Raise ValueError for a text that looks like a mark and is none."""
    if isinstance(data, dict):
        for value in data.values():
            refuse_strange_marks(value)
    elif isinstance(data, list):
        for value in data:
            refuse_strange_marks(value)
    elif isinstance(data, str) and data.startswith("$") and not _is_mark(data):
        known = ", ".join((*MARKS, "$option.NAME", *FILE_MARKS))
        raise ValueError(f"“{data[:40]}” is none of {known}")


def _is_mark(text: str) -> bool:
    return text in (*MARKS, *FILE_MARKS) or _OPTION.fullmatch(text) is not None


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


def _host(text: str) -> str:
    bare = text.removeprefix("*.").lower()
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", bare):
        raise ValueError("must be a host such as store.example.org, or *.example.org for those below it")
    return text.lower()


Host = Annotated[str, Field(max_length=255), AfterValidator(_host)]


class Signed(Model):
    """Each file is sent by itself, and named by its `reference` in the `$files` of the request after that.

    With `url` the call gives an address, and the file goes there by PUT. The token goes along only to an
    address of the service itself. Files go to the host of the service and to those named in `hosts`, whatever
    an answer says: `country` speaks for all of them. With `files` the call takes the file in that field of a
    multipart form.
    """

    call: Call
    url: Expression | None = None
    files: Word | None = None
    headers: Expression | None = None
    reference: Expression
    hosts: tuple[Host, ...] = ()
    done: Call | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Signed:
        if (self.url is None) == (self.files is None):
            raise ValueError(
                "needs either `url`, the address in the answer, or `files`, the field of a multipart form"
            )
        if self.files is not None and (self.call.method != "POST" or self.call.body is not None):
            raise ValueError("a file in a form is sent by a post without a body")
        if self.files is not None and (self.headers is not None or self.hosts):
            raise ValueError("`headers` and `hosts` belong to `url`, and only to it")
        return self

    def takes(self, host: str) -> bool:
        """Whether files may go to a host that is not that of the service."""
        low = host.lower().rstrip(".")
        return any(
            low.endswith(each.removeprefix("*")) if each.startswith("*.") else low == each
            for each in self.hosts
        )


class Submit(Model):
    """How a job is made: one multipart form with the files, or signed uploads and then a JSON body."""

    call: Call
    files: Word | None = None
    fields: dict[str, Any] = {}
    options_as_fields: bool = True
    upload: Signed | None = None
    id: Expression

    @model_validator(mode="after")
    def _one_way(self) -> Submit:
        if (self.files is None) == (self.upload is None):
            raise ValueError("needs either `files`, the field of a multipart form, or `upload`")
        if self.files is not None and self.call.body is not None:
            raise ValueError("a multipart form has `fields` in place of a body")
        if self.upload is not None and self.call.body is None:
            raise ValueError("a job with signed uploads needs a `body` with $files in it")
        if self.call.method not in {"POST"}:
            raise ValueError("a job is made by post")
        refuse_strange_marks(self.fields)
        if "$name" not in self.marks:
            raise ValueError("sends $name nowhere: by it a job is found whose answer was lost")
        if self.upload is not None and "$files" not in self.marks:
            raise ValueError("sends $files nowhere: the job would have no genotypes")
        return self

    @property
    def marks(self) -> set[str]:
        """Everything of a job that is sent."""
        return marks_in(self.fields) | marks_in(self.call.body)

    def sends(self, option: str) -> bool:
        """Whether what is chosen for a parameter is sent."""
        as_fields = self.files is not None and self.options_as_fields
        return as_fields or bool({"$options", f"$option.{option}"} & self.marks)


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


class Description(Model):
    """A whole service. See `resources/described` for two that are explained line by line.

    `refusal` picks what the service says when it refuses something: also in an answer whose status is that
    of a success, which is none if there is such a text.
    """

    schema_version: Literal[1] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    name: str
    about: str = ""
    operator: str = ""
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    source: str
    as_of: Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
    addresses: tuple[Address, ...] = ()
    base_path: Path = ""
    refusal: Expression | None = None
    auth: Auth = Auth()
    headers: dict[str, str] = {}
    limits: Limits = Limits()
    health: HealthLook
    account: Account | None = None
    apps: tuple[App, ...] = Field(min_length=1)
    submit: Submit
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
    def _calls_say_of_which_job(self) -> Description:
        named = {"status": self.status.call, "cancel": self.cancel, "files": self.files.call}
        named |= {f"logs, {log.name}": log.call for log in self.logs}
        for name, call in named.items():
            if call is not None and not call.holds("id"):
                raise ValueError(f"the call of “{name}” has no {{id}}: it would not say of which job")
        download = self.files.download
        if download is not None and not download.holds("name"):
            raise ValueError("the call of “files.download” has no {name}: it would not say which file")
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
    def _limits_are_none_below_zero(self) -> Description:
        for name, value in self.limits:
            if isinstance(value, int | float) and value < 0:
                raise ValueError(f"limits.{name} is below zero")
        return self

    @model_validator(mode="after")
    def _headers_are_harmless(self) -> Description:
        for name in self.headers:
            if _NO_HEADER.search(name):
                raise ValueError(f"the header “{name}” may not be set here; see `auth`")
        return self

    def app(self, app_id: str) -> App | None:
        """The application of that id."""
        return next((each for each in self.apps if each.id == app_id), None)

    def state(self, word: object) -> JobState:
        """Our state for a word of the service; a word that is not described is unknown, never a success."""
        text = str(word).strip().casefold() if word is not None else ""
        found = next((ours for theirs, ours in self.states.items() if theirs.casefold() == text), None)
        return JobState(found) if found is not None else JobState.UNKNOWN
