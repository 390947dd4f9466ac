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
