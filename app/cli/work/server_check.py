"""`check --server-params`: the answer of a Cloudgene imputation server, offline.

The parameters are those of a job (`build`, `population`, `phasing`, `panel` …); the panel is described by
`<panel>.panel.json` in the folder of panels, which also holds its site lists and chain files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.check import readable
from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.builds import naturally
from app.genotypes.server.panel_sites import SitesFiles
from app.genotypes.server_qc import ServerQcAnswer, ServerQcParameters, run_server_qc
from app.genotypes.verdict_errors import plain_text
from app.genotypes.worker import Throttle

MOST_SITES = 500
FOLDER = "{DIR}"
FILTER = {
    "overlap": "overlap",
    "minSnps": "min_snps",
    "sampleCallrate": "sample_call_rate",
    "mixedGenotypeschrX": "mixed_genotypes",
    "strandFlips": "strand_flips",
    "alleleSwitches": "allele_switches",
}
TAKEN_OVER = ("build", "population", "phasing", "min_samples", "max_samples", "chunk_size", "phasing_window")
PLAIN = (
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
)


def check_as_server(session: Session, files: Sequence[Path], params: Path, panel_dir: Path) -> None:
    """Say what the server would say; ends with 1 when it would not accept the files."""
    chosen = _read(params)
    panel = _read(panel_dir / f"{chosen.get('panel')}.panel.json")
    parameters = parameters_of(chosen, panel, panel_dir, params)
    paths = in_order([each.absolute() for each in readable(files)], chosen.get("files") or ())
    source = SitesFiles(str(panel_dir), str(panel.get("sites", "")))
    throttle = Throttle(partial(session.out.bar.show, "Checking"))
    answer = run_server_qc(paths, parameters, source, throttle)
    row = answer_row(answer, paths[0].parent)
    session.out.answer(row, _lines(answer, row))
    if not answer.accepted:
        raise typer.Exit(1)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise _unusable(path, "it is not JSON") from error
    if not isinstance(data, dict):
        raise _unusable(path, "it is not a JSON object")
    return data


def _unusable(path: Path, why: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The parameters cannot be read",
        f"{path}: {why}.",
        "Give the parameters of the job, and the folder that holds its panel as NAME.panel.json.",
        subject=str(path),
    )


def parameters_of(
    chosen: Mapping[str, Any], panel: Mapping[str, Any], panel_dir: Path, source: Path
) -> ServerQcParameters:
    """What the server works with: the choices of the job and the settings of the panel."""
    settings = chosen.get("qc_filter") or panel.get("qcFilter") or {}
    given = {FILTER[key]: value for key, value in settings.items() if key in FILTER}
    given |= {key: chosen[key] for key in TAKEN_OVER if chosen.get(key) is not None}
    try:
        return ServerQcParameters(
            panel_id=panel["id"],
            panel_build=panel["build"],
            populations={each["id"]: each["samples"] for each in panel.get("populations", ())},
            region=panel.get("range") or "",
            chain=str(panel_dir / chosen["chain"]) if chosen.get("chain") else None,
            **given,
        )
    except (KeyError, TypeError, ValidationError) as error:
        raise _unusable(source, f"a value is missing or not understood ({type(error).__name__})") from error


def in_order(paths: Sequence[Path], wanted: Sequence[str]) -> list[Path]:
    """The files in the order of the parameters, others by name: so the server sees them."""
    places = {name: number for number, name in enumerate(wanted)}
    return sorted(paths, key=lambda path: (places.get(path.name, len(places)), path.name))


def answer_row(answer: ServerQcAnswer, folder: Path) -> dict[str, object]:
    """The answer as the contract writes it; the folder of the upload is written as `{DIR}`."""
    row: dict[str, object] = answer.model_dump(mode="json", include=set(PLAIN))
    if answer.error is not None:
        row["error"] = answer.error.replace(f"{folder.as_posix()}/", f"{FOLDER}/")
    sites = answer.excluded_sites
    counted = answer.counters.excluded if answer.counters is not None else 0
    row["excluded_sites_total"] = max(len(sites), counted)  # very long lists are cut
    row["excluded_sites"] = [
        [each.chromosome, each.position, each.ref, each.alt, each.reason] for each in sites[:MOST_SITES]
    ]
    return row


def _lines(answer: ServerQcAnswer, row: Mapping[str, object]) -> list[str]:
    why = plain_text(str(row["error"] or answer.index_error or answer.stage))
    lines = pairs(
        [
            ("answer", "accepted" if answer.accepted else f"not accepted: {why}"),
            ("samples", answer.samples),
            ("variants", answer.snps),
            ("chromosomes", ", ".join(naturally(answer.chromosomes or ()))),
            ("chunks left", answer.chunks_remaining),
            ("sites excluded", len(answer.excluded_sites)),
        ]
    )
    if answer.counters is not None:
        lines += ["", *pairs(answer.counters.model_dump().items())]
    if answer.chunks_excluded:
        rows = [(c.chunk, c.reason, c.snps, c.reference_overlap) for c in answer.chunks_excluded]
        lines += ["", *table(("chunk left out", "reason", "variants", "overlap"), rows)]
    return lines + [f"Warning: {plain_text(each)}" for each in answer.warnings]
