"""What is sent when a job is submitted, field by field. Source: cloudgene.md 3.

The server takes a checkbox for ticked whenever its field is there, whatever it holds, refuses fields that
the application does not have, and tells both only after it has read everything.
"""

from __future__ import annotations

from app.domain.parameter import VALUE_TYPES, Form, Parameter, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.services.contract import Submission
from app.transport.multipart import FilePart, Multipart

JOB_NAME = "job-name"
PASSWORD = "password"
ACCEPTED = "accepted"
_CHECKED = frozenset({ParameterType.CHECKBOX, ParameterType.TERMS})
_OFF_WORDS = frozenset({"", "false", "no", "off", "0"})


def body_of(submission: Submission, form: Form) -> Multipart:
    """The body for a form; raises ProblemError (input) for what the form does not have."""
    fields = [(JOB_NAME, submission.remote_name)]
    for name, value in submission.options.items():
        parameter = _known(form, name)
        sent = sent_value(parameter, value)
        if sent is not None:
            fields.append((name, sent))
    if submission.password is not None:
        fields.append((PASSWORD, submission.password.get_secret_value()))
    return Multipart(fields, _file_parts(submission, form))


def sent_value(parameter: Parameter, value: str | bool) -> str | None:
    """What is sent for a value; None when the field is left out."""
    if parameter.type not in _CHECKED:
        if isinstance(value, bool):
            raise _wrong(parameter, "needs a value, not a tick")
        return _listed(parameter, value) if value != "" else None
    ticked = value if isinstance(value, bool) else value.strip().lower() not in _OFF_WORDS
    if not ticked:
        return None
    return ACCEPTED if parameter.type is ParameterType.TERMS else "true"


def _listed(parameter: Parameter, value: str) -> str:
    """A value of a list must be one of the list: a wrong one would fail only after the upload."""
    keys = {choice.key for choice in parameter.choices}
    for choices in parameter.bound_choices.values():
        keys |= {choice.key for choice in choices}
    if parameter.type is ParameterType.PANEL and value not in keys:
        return _panel_key(parameter, value, keys)
    if keys and value not in keys:
        raise _wrong(parameter, f"does not offer “{value}”")
    return value


def _panel_key(parameter: Parameter, value: str, keys: set[str]) -> str:
    """The server's key for a panel that is named without its prefix or version."""
    bare = value.removeprefix("apps@")
    found = [key for key in keys if bare in _short_keys(key)]
    if len(found) != 1:
        raise _wrong(parameter, f"does not offer “{value}”")
    return found[0]


def _short_keys(key: str) -> tuple[str, str]:
    versioned = key.removeprefix("apps@")
    return versioned, versioned.partition("@")[0]


def _known(form: Form, name: str) -> Parameter:
    parameter = form.parameter(name)
    if parameter is None or parameter.type not in VALUE_TYPES:
        raise problem(
            Kind.INPUT,
            "The service does not know an option",
            f"Its form has no field “{name}”",
            "Read the form of the service again and choose anew",
            subject=name,
        )
    return parameter


def _wrong(parameter: Parameter, what: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "An option does not fit the form of the service",
        f"The field “{parameter.label or parameter.id}” {what}",
        "Read the form of the service again and choose anew",
        subject=parameter.id,
    )


def _file_parts(submission: Submission, form: Form) -> list[FilePart]:
    parameter = form.parameter(submission.files_parameter)
    if parameter is None or parameter.type is not ParameterType.FILES:
        raise problem(
            Kind.INPUT,
            "The service takes no files in this form",
            f"Its form has no field for files called “{submission.files_parameter}”",
            "Choose another application of the service",
            subject=submission.files_parameter,
        )
    if not submission.files:
        raise problem(Kind.INPUT, "There is nothing to send", "No file was chosen", "Choose a dataset")
    return [FilePart(parameter.id, file) for file in submission.files]
