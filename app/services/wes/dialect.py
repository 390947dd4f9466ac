"""How the servers of one standard differ, told apart by what they say of themselves. Source: ga4gh.md 1.6, 2.

Neither a name that a person gave nor an address decides: the shape of service-info does.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from app.domain.model import Model


class Delivery(StrEnum):
    """How the results of a run come back."""

    HTTP = "http"  # the server lists addresses of its own
    BY_NAME = "by name"  # at /runs/{id}/outputs/{name}, an extension
    DISK = "disk"  # paths on the server's disk
    SIGNED = "signed"  # signed addresses of an object store, if its operator set one up
    TOLD = "told"  # whatever the protocols of service-info say


class Dialect(Model):
    """What a kind of server takes and does.

    `engine_part`: it takes the parts `workflow_engine` and `workflow_engine_version` of WES 1.1, and `needs`
    them where `engine_needed`. `flat`: every parameter has to be a text. `plain`: such a text has no blanks
    or brackets either. `attaches`: files that come along reach the run. `fetches`: how a workflow of an
    address may be named. `keeps_tags`: our mark can be found again. `lists_open`: its list has runs that have
    not ended, too. `harmless_looks`: asking for a run that
    is not there does no harm. `own_only`: outputs hold only what the workflow made, not every file of the
    run. `cancels`: a cancel does something. `text_along`: a workflow of one file may come along as its text,
    in place of an address.
    """

    key: str
    title: str
    engine_part: bool = False
    engine_needed: bool = False
    flat: bool = False
    plain: bool = False
    attaches: bool = True
    fetches: tuple[str, ...] = ("http", "https")
    keeps_tags: bool = True
    lists_open: bool = True
    harmless_looks: bool = True
    own_only: bool = True
    cancels: bool = True
    text_along: bool = False
    delivery: Delivery = Delivery.TOLD


SAPPORO = Dialect(
    key="sapporo", title="Sapporo", engine_part=True, engine_needed=True, delivery=Delivery.HTTP
)
TOIL = Dialect(key="toil", title="Toil", delivery=Delivery.DISK)
WES_SERVICE = Dialect(
    key="wes-service", title="wes-service", harmless_looks=False, delivery=Delivery.DISK, cancels=False
)
WESKIT = Dialect(
    key="weskit",
    title="WESkit (eLwazi)",
    flat=True,
    fetches=("trs",),
    harmless_looks=False,
    own_only=False,
    cancels=False,
    delivery=Delivery.SIGNED,
)
STARTER_KIT = Dialect(
    key="starter-kit",
    title="GA4GH Starter Kit",
    flat=True,
    plain=True,
    attaches=False,
    fetches=("github",),
    keeps_tags=False,
    lists_open=False,
    own_only=False,
    cancels=False,
    delivery=Delivery.DISK,
)
CROMWELL = Dialect(key="cromwell", title="Cromwell", attaches=False, text_along=True, delivery=Delivery.DISK)
FEDIMPUTE = Dialect(key="fedimpute", title="FedImpute", engine_part=True, delivery=Delivery.BY_NAME)
PLAIN_1_1 = Dialect(key="wes-1.1", title="WES 1.1", engine_part=True)
PLAIN_1_0 = Dialect(key="wes-1.0", title="WES 1.0")

DIALECTS = {
    each.key: each
    for each in (
        SAPPORO,
        TOIL,
        WES_SERVICE,
        WESKIT,
        STARTER_KIT,
        CROMWELL,
        FEDIMPUTE,
        PLAIN_1_1,
        PLAIN_1_0,
    )
}


def dialect_of(told: Mapping[str, Any]) -> Dialect:
    """The dialect of a service-info, whatever its name."""
    group = _text(told.get("type"), "group")
    own_words = f"{group} {_text(told, 'id')}".lower()
    versions = [str(each) for each in _list(told.get("supported_wes_versions"))]
    engines = told.get("workflow_engine_versions")
    names = {str(name).lower() for name in engines} if isinstance(engines, dict) else set()
    if group.startswith("sapporo") or any(each.startswith("sapporo") for each in versions):
        return SAPPORO
    if "fedimpute" in own_words:
        return FEDIMPUTE
    if "workflow_type_version" in told and "workflow_type_versions" not in told:
        return CROMWELL
    if _has_parameters_with_bars(told):
        return WESKIT
    if names == {"native"} or "ga4gh.starterkit" in own_words:
        return STARTER_KIT
    if names == {"toil"} or (names and all(name.startswith("toil") for name in names)):
        return TOIL
    if "0.3.0" in versions or "0.2.1" in versions:
        return WES_SERVICE
    if any(each.startswith("1.1") for each in versions) or _nested(engines):
        return PLAIN_1_1
    return PLAIN_1_0


def looks_like_wes(told: Any) -> bool:
    """Whether an answer is a service-info of WES and not something else that is JSON."""
    if not isinstance(told, dict):
        return False
    types = told.get("workflow_type_versions", told.get("workflow_type_version"))
    if isinstance(types, dict):
        return True
    kind = told.get("type")
    return isinstance(kind, dict) and str(kind.get("artifact", "")).lower() == "wes"


def _has_parameters_with_bars(told: Mapping[str, Any]) -> bool:
    """Names such as `SMK|6.10.0|max-memory`, which only this one writes."""
    listed = told.get("default_workflow_engine_parameters")
    names = [each.get("name") for each in _list(listed) if isinstance(each, dict)]
    return any(isinstance(name, str) and name.count("|") == 2 for name in names)


def _nested(engines: Any) -> bool:
    return isinstance(engines, dict) and any(isinstance(each, dict) for each in engines.values())


def _text(data: Any, name: str) -> str:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
