"""What is chosen for a job at a web page: panel, folder of the files, and what has to be accepted."""

from __future__ import annotations

from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.service import ServiceApp
from app.services.guides import Guide

APP_ID = "by-hand"
PANEL_FIELD, FOLDER_FIELD, CAUTION_FIELD = "panel", "folder", "caution"


def app_of(guide: Guide) -> ServiceApp:
    """The one application of a page."""
    return ServiceApp(id=APP_ID, name=f"{guide.name}, by hand", version=guide.source.as_of)


def make_form(guide: Guide, prepared: str) -> Form:
    """The parameters; `prepared` is the folder that is taken when none is named."""
    parameters = [
        Parameter(id="about", label=_about(guide), type=ParameterType.INFO),
        Parameter(
            id=PANEL_FIELD,
            label="Reference panel",
            type=ParameterType.PANEL,
            required=True,
            help="Choose the same on the page of the service.",
            choices=tuple(Choice(key=each.id, label=each.name) for each in guide.panels),
        ),
        Parameter(id="files", label="Genotypes", type=ParameterType.FILES, required=True),
        Parameter(
            id=FOLDER_FIELD,
            label="Folder for the files to upload",
            type=ParameterType.TEXT,
            help=f"A folder of the job's own is made in it. Empty: {prepared}",
        ),
    ]
    if guide.caution:
        parameters.append(
            Parameter(id=CAUTION_FIELD, label=guide.caution, type=ParameterType.TERMS, required=True)
        )
    return Form(
        app_id=APP_ID,
        app_name=app_of(guide).name,
        app_version=guide.source.as_of,
        description=_about(guide),
        submit_label="Prepare the files",
        parameters=tuple(parameters),
    )


def _format_words(guide: Guide) -> str:
    """What a person has to know of the files before the work begins."""
    note = guide.wanted.format_note
    if note is not None:
        return f" {note.value}"
    if guide.wanted.says_format:
        return ""
    return " It is published nowhere what files the page takes: what most pages take is prepared."


def _about(guide: Guide) -> str:
    source = guide.source
    account = f" {guide.account}" if guide.account else ""
    return (
        f"{guide.name} ({guide.operator}) has a web page and no interface for programs. The program prepares "
        f"the files and leads you through the page.{account}{_format_words(guide)} "
        f"Facts: {source.text}, {source.as_of}, certainty {source.certainty}."
    )
