"""The synthetic quality-control cases with the answers of a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.genotypes.server.panel_sites import SitesFiles
from app.genotypes.server_qc import ServerQcAnswer, ServerQcParameters, run_server_qc
from tests.helpers.shared import shared_folder

FIELDS = (
    "accepted",
    "stage",
    "error",
    "samples",
    "chromosomes",
    "snps",
    "chunks_total",
    "phased",
    "counters",
    "chunks_remaining",
    "chunks_excluded",
    "lift_over_failed",
    "warnings",
    "excluded_sites",
    "excluded_sites_total",
)
_FILTER = {
    "overlap": "overlap",
    "minSnps": "min_snps",
    "sampleCallrate": "sample_call_rate",
    "mixedGenotypeschrX": "mixed_genotypes",
    "strandFlips": "strand_flips",
    "alleleSwitches": "allele_switches",
}


def cases() -> list[Path]:
    """The folders of the cases, none without the shared data."""
    root = shared_folder()
    return (
        []
        if root is None
        else sorted(each.parent for each in (root / "qc-cases/visible").glob("*/params.json"))
    )


def answer(case: Path) -> ServerQcAnswer:
    """What our rules say."""
    chosen = json.loads((case / "params.json").read_text())
    panels = case.parents[1] / "panels"
    panel = json.loads((panels / f"{chosen['panel']}.panel.json").read_text())
    limits = {_FILTER[key]: value for key, value in (panel.get("qcFilter") or {}).items()}
    parameters = ServerQcParameters(
        panel_id=panel["id"],
        panel_build=panel["build"],
        populations={each["id"]: each["samples"] for each in panel["populations"]},
        region=panel.get("range") or "",
        chain=str(panels / chosen["chain"]) if chosen["chain"] else None,
        **limits,
        **{k: chosen[k] for k in ("build", "population", "phasing", "min_samples", "max_samples")},
        **{k: chosen[k] for k in ("chunk_size", "phasing_window")},
    )
    files = [case / "input" / name for name in chosen["files"]]
    return run_server_qc(files, parameters, SitesFiles(str(panels), panel["sites"]))


def told(found: ServerQcAnswer, folder: Path) -> dict[str, Any]:
    """The answer in the form of expected.json."""
    error = found.error and found.error.replace(folder.as_posix(), "{DIR}")
    return {
        **found.model_dump(mode="json", include=set(FIELDS) - {"excluded_sites", "excluded_sites_total"}),
        "error": error,
        "excluded_sites": [
            [each.chromosome, each.position, each.ref, each.alt, each.reason]
            for each in found.excluded_sites[:500]
        ],
        "excluded_sites_total": len(found.excluded_sites),
    }


def differences(case: Path) -> dict[str, tuple[Any, Any]]:
    """Fields in which we and the server differ, as (ours, theirs)."""
    expected = json.loads((case / "expected.json").read_text())
    mine = told(answer(case), case / "input")
    return {
        name: (mine[name], expected[name])
        for name in FIELDS
        if _rounded(mine[name]) != _rounded(expected[name])
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return {k: _rounded(v) for k, v in value.items()} if isinstance(value, dict) else value
