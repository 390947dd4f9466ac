"""What is sent for a run, part by part, in the dialect of a server. Source: ga4gh.md 1.3, 2.1, 2.2.

Everything that can be wrong is found here, before a byte leaves. Pure but for looking at the sizes of files.
"""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

from app.domain.dataset import DataFile
from app.domain.model import Model
from app.domain.parameter import VALUE_TYPES, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.services.contract import Connection, Submission
from app.services.wes.filling import Files, fill
from app.services.wes.form import FILES_FIELD, PANEL_FIELD, make_form, panel_key
from app.services.wes.node import Node
from app.services.wes.setup import storage_of
from app.services.wes.signing import read_address
from app.services.wes.template import Template, TemplatePanel
from app.services.wes.templates import Described
from app.transport.address import is_loopback

MARK = "haplodesk"
"""The tag that carries our name of a job: by it a run is found again when its answer was lost."""
MARK_TEMPLATE = "haplodesk_workflow"
_PLAIN = re.compile(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*")


class Order(Model):
    """A run to be: text parts, files that come along, and files to be put into a store before."""

    fields: tuple[tuple[str, str], ...]
    attached: tuple[DataFile, ...] = ()
    stored: tuple[tuple[DataFile, str], ...] = ()
    sheet: str = ""  # the text of a generated table of samples, to be attached as `sheet_name`
    sheet_name: str = ""


def make_order(
    connection: Connection, node: Node, described: Described, submission: Submission, *, encrypted: bool
) -> Order:
    """The order; ProblemError (input, refused) for what this server cannot take."""
    template = described.template
    panel = _panel(template, submission)
    _refuse_unknown(template, panel, submission)
    files = Files(
        template=template,
        panel=panel,
        options=submission.options,
        targets=submission.files,
        by_name=node.dialect.attaches,
        storage="" if node.dialect.attaches else _storage(connection, node, submission),
        ending=".c4gh" if encrypted else "",
        name=submission.remote_name,
        read=partial(read_address, connection),
    )
    params = fill(template.params, files)
    if node.dialect.flat:
        params = _flat(params, node)
    url, beside = _workflow(described, node)
    fields = [("workflow_params", json.dumps(params, ensure_ascii=False))]
    fields += [("workflow_type", _type(template, node)), ("workflow_type_version", _version(template, node))]
    fields += [*([("workflow_url", url)] if url else []), *_engine(template, node)]
    if template.workflow.engine_parameters:
        fields.append(("workflow_engine_parameters", json.dumps(template.workflow.engine_parameters)))
    tags = {MARK: submission.remote_name, MARK_TEMPLATE: template.app_id}
    fields.append(("tags", json.dumps(tags, ensure_ascii=False)))
    return Order(
        fields=tuple(fields),
        attached=(*beside, *files.attached),
        stored=tuple(files.stored),
        sheet=files.sheet,
        sheet_name=files.sheet_name,
    )


def _refuse_unknown(template: Template, panel: TemplatePanel, submission: Submission) -> None:
    form = make_form(template)
    if submission.files_parameter != FILES_FIELD:
        raise _unknown(submission.files_parameter)
    if not submission.files:
        raise problem(Kind.INPUT, "There is nothing to send", "No file was chosen", "Choose a dataset")
    if template.one_file and len(submission.files) != 1:
        what = f"{template.name} takes one file a run, and {len(submission.files)} were chosen"
        raise problem(Kind.INPUT, "Too many files", what, "Put the chromosomes into one file first")
    for name, value in submission.options.items():
        parameter = form.parameter(name)
        if parameter is None or parameter.type not in VALUE_TYPES:
            raise _unknown(name)
        keys = {each.key for each in parameter.choices}
        if parameter.type is ParameterType.CHOICE and value not in keys:
            raise _not_offered(parameter.label, value)
    for told in template.parameters:
        given = panel.sets.get(told.id) or submission.options.get(told.id, told.default)
        if told.required and not given:
            what = f"{template.name} needs “{told.label}”"
            raise problem(Kind.INPUT, "A value is missing", what, told.help, subject=told.id)


def _unknown(name: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The workflow does not know an option",
        f"Its description has no parameter “{name[:60]}”",
        "Leave it out",
        subject=name[:60],
    )


def _not_offered(label: str, value: object) -> ProblemError:
    what = f"“{label}” does not offer “{str(value)[:60]}”"
    return problem(Kind.INPUT, "An option does not fit the workflow", what, "Choose another")


def _panel(template: Template, submission: Submission) -> TemplatePanel:
    wanted = submission.options.get(PANEL_FIELD, template.panels[0].id)
    names = {name: each for each in template.panels for name in (each.id, panel_key(template, each))}
    found = names.get(str(wanted))
    if found is None:
        raise _not_offered("Reference panel", wanted)
    return found


def _storage(connection: Connection, node: Node, submission: Submission) -> str:
    storage = storage_of(connection)
    if not storage:
        raise problem(
            Kind.REFUSED,
            "This service takes no files along with a run",
            f"A server of the kind {node.dialect.title} reads its input from addresses only",
            "Name a store that takes files by PUT and that the service can read, in its settings",
        )
    return f"{storage}/{submission.remote_name}"


def _type(template: Template, node: Node) -> str:
    """The server's own spelling; a server that lists no types is believed to know ours."""
    wanted = template.workflow.type
    found = node.type_named(wanted) if node.types else wanted
    if found is None:
        offered = ", ".join(node.types)
        what = f"{template.name} is a workflow of the type {wanted}, and the service runs {offered}"
        raise problem(Kind.REFUSED, "The service cannot run this workflow", what, "Choose another workflow")
    return found


def _version(template: Template, node: Node) -> str:
    """Our best version that the server has; where the server lists none, our best."""
    offered = node.types.get(node.type_named(template.workflow.type) or "", ())
    bare = {each.lower().lstrip("v"): each for each in offered}
    for version in template.workflow.versions:
        if version.lower().lstrip("v") in bare:
            return bare[version.lower().lstrip("v")]
    if offered:
        what = (
            f"{template.name} works with {template.workflow.type} {', '.join(template.workflow.versions)}, "
            f"and the service has {', '.join(offered)}"
        )
        raise problem(Kind.REFUSED, "The service cannot run this workflow", what, "Choose another workflow")
    return template.workflow.versions[0]


def _engine(template: Template, node: Node) -> list[tuple[str, str]]:
    """The part of WES 1.1, only to those that know it: others refuse the whole run because of it."""
    if not node.dialect.engine_part:
        return []
    spelt = {each.lower(): each for each in node.engines}
    wanted = template.workflow.engines
    found = next((spelt[each.lower()] for each in wanted if each.lower() in spelt), None)
    if found is None and len(spelt) == 1 and not wanted:
        found = next(iter(spelt.values()))
    if found is not None:
        return [("workflow_engine", found)]
    if node.dialect.engine_needed:
        what = (
            f"It has {', '.join(node.engines) or 'none'}, and the workflow wants {', '.join(wanted) or 'any'}"
        )
        raise problem(Kind.REFUSED, "The service has no engine for this workflow", what, "Choose another")
    return []


def _workflow(described: Described, node: Node) -> tuple[str, tuple[DataFile, ...]]:
    """What stands in `workflow_url`, and the files of the workflow that come along.

    Only WESkit asks a registry (TRS) by itself; others are given the address of the text there.
    """
    workflow, dialect = described.template.workflow, node.dialect
    if dialect.attaches and workflow.main:
        names = (workflow.main, *workflow.files)
        return workflow.main, tuple(data_file(Path(described.folder, name)) for name in names)
    if "github" in dialect.fetches and workflow.repository.startswith("https://github.com/"):
        branch = f"/tree/{workflow.branch}" if workflow.branch else ""
        return workflow.repository.rstrip("/") + branch, ()
    if "trs" in dialect.fetches and workflow.trs:
        return workflow.trs, ()
    found = workflow.url or workflow.repository or (trs_text(workflow.trs) if workflow.trs else "")
    if "https" in dialect.fetches and found:
        return found, ()
    if dialect.text_along and workflow.main and not workflow.files:  # it refuses a text beside an address
        return "", (data_file(Path(described.folder, workflow.main)),)
    raise problem(
        Kind.REFUSED,
        "The service cannot get the workflow",
        f"A server of the kind {dialect.title} takes workflows by {' or '.join(dialect.fetches)}"
        f"{', or as an attachment' if dialect.attaches else ''}, and {described.template.name} has none",
        "Add the address to the description of the workflow",
    )


def trs_text(address: str) -> str:
    """The address of the bare text of a workflow in a registry. Source: TRS 2.0, descriptors."""
    server, tool, version, language, name = address.removeprefix("trs://").split("/", 4)
    plain = f"PLAIN_{language.removeprefix('PLAIN_')}"
    scheme = "http" if is_loopback(f"http://{server}") else "https"
    return f"{scheme}://{server}/ga4gh/trs/v2/tools/{tool}/versions/{version}/{plain}/descriptor/{name}"


def data_file(path: Path) -> DataFile:
    """A file of this computer as it is now."""
    try:
        seen = path.stat()
    except OSError as error:
        raise problem(
            Kind.INPUT,
            "A file cannot be read",
            f"{path.name}: {error.strerror or 'it is not there'}",
            "See that the file is there and that you may read it",
            subject=path.name,
        ) from error
    return DataFile(path=str(path), name=path.name, size=seen.st_size, modified=seen.st_mtime_ns)


def _flat(params: dict[str, Any], node: Node) -> dict[str, Any]:
    """Every value as a text; one that is a list or an object cannot be sent to such a server at all."""
    flat: dict[str, Any] = {}
    for name, value in params.items():
        if isinstance(value, dict | list):
            raise problem(
                Kind.REFUSED,
                "The service cannot take the parameters of this workflow",
                f"A server of the kind {node.dialect.title} takes only plain texts, and “{name}” is a list",
                "Choose another workflow, or another service",
                subject=name,
            )
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if node.dialect.plain and not _PLAIN.fullmatch(text):
            raise problem(
                Kind.REFUSED,
                "The service cannot take a value of this workflow",
                f"A server of the kind {node.dialect.title} takes no blanks and brackets, as in “{name}”",
                "Send one file a run, with a plain name",
                subject=name,
            )
        flat[name] = text
    return flat


def can_run(template: Template, node: Node) -> bool:
    """Whether the server runs this type of workflow at all."""
    return not node.types or node.type_named(template.workflow.type) is not None
