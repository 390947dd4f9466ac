"""The one application of the practice server and its inputs (`cloudgene.md` 2.3, 3.2)."""

from __future__ import annotations

from typing import Any

from app.practice.context import Context
from app.practice.engines import Engines, find_engines
from app.practice.panels import BUILD_TEXT, PanelPackage
from app.practice.settings import Mode

CHECKBOXES = frozenset({"aesEncryption", "meta"})
FILES_FIELD = "files"
DEFAULTS = {
    "refpanel": "",
    "build": "hg19",
    "r2Filter": "0",
    "phasing": "eagle",
    "population": "",
    "mode": "imputation",
    "check1": "",
    "check2": "",
}
TEXT_FIELDS = frozenset(DEFAULTS) | {"password"}

_R2 = {"0": "off", "0.001": "0.001", "0.1": "0.1", "0.2": "0.2", "0.3": "0.3"}
_MODES = {"imputation": "Quality Control &amp; Imputation", "qc_only": "Quality Control Only"}
_BOX = {"false": "false", "true": "true"}
_TERMS_1 = (
    "I will not attempt to re-identify or contact research participants. "
    "<i>(These are the terms of the practice server. Nothing leaves this computer.)</i>"
)
_TERMS_2 = "I will report any inadvertent data release, security breach or other data management incident."


def app_body(context: Context) -> dict[str, Any]:
    """The body of `GET /api/v2/server/apps/{id}`: nulls everywhere but inside parameters."""
    engines = find_engines(context.engine)
    text = context.text
    return {
        "id": text.app_id,
        "name": text.app_name,
        "version": text.app_version,
        "description": (
            "<p>Quality control, phasing and imputation on this computer, for learning. "
            f"Genotypes are imputed by {engines.imputation_text()}.</p>"
        ),
        "author": None,
        "website": None,
        "logo": None,
        "submitButton": "Start Imputation",
        "params": _params(context, engines),
        "s3Workspace": context.mode is Mode.CG3_S3,
        "footer": None,
    }


def _params(context: Context, engines: Engines) -> list[dict[str, Any]]:
    cg3 = context.mode is not Mode.CG2
    panels = context.panels.packages()
    build_help = "Please note that the coordinates of your data must match the reference build."
    aes_help = "If you use AES encryption, your results can only be opened with 7z."
    phasings = engines.phasings()
    return [
        _input("refpanel", "Reference Panel", "app_list", values=_panel_values(panels, cg3)),
        _input(FILES_FIELD, "Input Files (VCF)", "local_folder", source="upload"),
        _input("build", "Array Build", "list", "hg19", details=build_help, values=_values(BUILD_TEXT, cg3)),
        _input("r2Filter", "rsq Filter", "list", "0", values=_values(_R2, cg3)),
        _input("phasing", "Phasing Engine", "list", "eagle", values=_values(phasings, cg3)),
        _population_input(panels, cg3),
        _input("mode", "Mode", "list", "imputation", values=_values(_MODES, cg3)),
        _box("aesEncryption", "AES 256 encryption", cg3, aes_help),
        _box("meta", "Generate Meta-imputation file", cg3),
        _input("myseparator", "", "separator"),
        _input("check1", _TERMS_1, "terms_checkbox"),
        _input("check2", _TERMS_2, "terms_checkbox"),
    ]


def _population_input(panels: tuple[PanelPackage, ...], cg3: bool) -> dict[str, Any]:
    values = [_bound(each, cg3) for each in panels]
    return _input("population", "Allele Frequency Check", "binded_list", bind="refpanel", values=values)


def _box(name: str, text: str, cg3: bool, details: str | None = None) -> dict[str, Any]:
    return _input(name, text, "checkbox", "false", details=details, values=_values(_BOX, cg3))


def _input(name: str, description: str, kind: str, value: str = "", **more: Any) -> dict[str, Any]:
    told = {
        "id": name,
        "description": description,
        "type": kind,
        "value": value,
        "visible": True,
        "required": True,
        "adminOnly": False,
        **more,
    }
    return {key: item for key, item in told.items() if item is not None}


def _values(told: dict[str, str], cg3: bool) -> list[dict[str, Any]]:
    """Entries sorted by key as text, as the real server does."""
    entries = [{"key": key, "value": told[key]} for key in sorted(told)]
    if not cg3:
        return [dict(each) for each in entries]
    return [{**each, "label": None, "values": None, "enabled": False} for each in entries]


def _panel_values(panels: tuple[PanelPackage, ...], cg3: bool) -> list[dict[str, Any]]:
    return _values({each.key: each.name for each in panels}, cg3)


def _bound(panel: PanelPackage, cg3: bool) -> dict[str, Any]:
    populations = _values({each.id: each.name for each in panel.populations}, cg3)
    told: dict[str, Any] = {"key": panel.key, "label": panel.name, "values": populations}
    return {**told, "value": None, "enabled": False} if cg3 else told
