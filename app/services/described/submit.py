"""What a description says of how a job is made: in one form, by signed uploads, or in three calls."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from app.domain.model import Model
from app.services.described.call import Call, Expression, Host, Word, marks_in, refuse_strange_marks


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


class Into(Model):
    """How a file goes into the job that was made before: {id} says into which.

    With `files` a post takes each file in that field of a multipart form, or with `together` all of them in
    one form. Without it a put takes the file as it is, and {name} says which one that is.
    """

    call: Call
    files: Word | None = None
    together: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Into:
        if self.call.body is not None:
            raise ValueError("a file is sent without a body beside it")
        if self.files is not None and self.call.method != "POST":
            raise ValueError("a file in a form is sent by a post")
        if self.files is None and self.call.method != "PUT":
            raise ValueError("a file as it is is sent by a put; for a form name its field in `files`")
        if not self.call.holds("id"):
            raise ValueError("the call has no {id}: it would not say into which job")
        if self.files is None and not self.call.holds("name"):
            raise ValueError("the call has no {name}: a second file would take the place of the first")
        if self.together and self.files is None:
            raise ValueError("`together` belongs to `files`")
        return self


class Submit(Model):
    """How a job is made, in one of three ways.

    `files`: one multipart form with the files. `upload`: uploads, and then a JSON body that names them.
    `into`: the job is made without files, takes them, and is begun by `start`; `drop` takes away one that is
    not started, without it `cancel` does. {id}, and `$id` in a body, is the id that the first answer told.
    """

    call: Call
    files: Word | None = None
    fields: dict[str, Any] = {}
    options_as_fields: bool = True
    upload: Signed | None = None
    into: Into | None = None
    start: Call | None = None
    drop: Call | None = None
    id: Expression

    @model_validator(mode="after")
    def _one_way(self) -> Submit:
        if sum(each is not None for each in (self.files, self.upload, self.into)) != 1:
            raise ValueError(
                "needs exactly one of `files` (the field of a multipart form), `upload` and `into`"
            )
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

    @model_validator(mode="after")
    def _steps_fit(self) -> Submit:
        if self.into is None:
            if self.start is not None or self.drop is not None:
                raise ValueError("`start` and `drop` belong to `into`, and only to it")
            return self
        if self.start is None:
            raise ValueError("`into` needs `start`, the call that begins the job when its files are there")
        if self.fields:
            raise ValueError("a job that takes its files later has a `body` in place of `fields`")
        if self.call.holds("id"):
            raise ValueError("the call that makes the job has the id of it, which nobody knows yet")
        if self.start.method not in {"POST", "PUT"}:
            raise ValueError("a job is started by post or put")
        if self.drop is not None and self.drop.method == "GET":
            raise ValueError("a get takes no job away")
        for name, call in (("start", self.start), ("drop", self.drop)):
            if call is not None and not call.holds("id"):
                raise ValueError(f"the call of “{name}” has no {{id}}: it would not say which job")
        return self

    @property
    def marks(self) -> set[str]:
        """Everything of a job that is sent."""
        started = marks_in(self.start.body) if self.start is not None else set()
        return marks_in(self.fields) | marks_in(self.call.body) | started

    def sends(self, option: str) -> bool:
        """Whether what is chosen for a parameter is sent."""
        as_fields = self.files is not None and self.options_as_fields
        return as_fields or bool({"$options", f"$option.{option}"} & self.marks)
