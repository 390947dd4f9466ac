"""What engines are asked and give back: limits, names, and the records that keep it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.imputation.built_in.choice import KernelChoice
from app.imputation.chunks import Chunk
from app.imputation.contract import EngineName, ImputationFigures, ImputationRequest, PhasingName
from app.imputation.part_run import ChunkResult, PartTask

ASKED: dict[str, Any] = {
    "panel_vcf": Path("p"),
    "target_vcf": Path("t"),
    "out_dir": Path("o"),
    "chromosome": "20",
}
KEPT = """{"chunk": {"number": 0, "first": 1, "last": 9, "informed_first": 1, "informed_last": 12},
 "figures": {"engine": "builtin", "engine_version": "1", "phasing": "none", "kernel": "c", "samples": 2,
  "panel_haplotypes": 4, "panel_sites": 5, "target_sites": 3, "typed": 3, "mismatched": 0, "typed_only": 0,
  "typed_only_written": 0, "unusable": 0, "missing_genotypes": 0, "written": 5, "filtered": 0,
  "mean_r2": 0.5, "mean_er2": null, "seconds": 1.5},
 "files": {"dose": ["chr20.dose.vcf.gz", "ab"]}}"""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_r2", -0.1),
        ("min_r2", 1.1),
        ("min_r2", float("nan")),
        ("threads", 0),
        ("window_bp", 0),
        ("overlap_bp", -1),
        ("memory_mb", 255),
        ("temp_buffer", 0),
        ("engine", "impute5"),
        ("phasing", "eagle"),
        ("kernel", "abacus"),
    ],
)
def test_what_cannot_be_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"between|not a valid"):
        ImputationRequest(**ASKED, **{name: value})


def test_names_become_what_they_mean() -> None:
    """They are told apart by identity."""
    words: dict[str, Any] = {"engine": "minimac4", "phasing": "beagle", "kernel": "numpy"}
    asked = ImputationRequest(**ASKED, **words)
    assert asked.engine is EngineName.MINIMAC4
    assert asked.phasing is PhasingName.BEAGLE
    assert asked.kernel is KernelChoice.NUMPY


def test_a_record_of_a_chunk_is_read_and_written_as_ever() -> None:
    """As version 0.1 wrote it with models of pydantic: a job that was cut short goes on with it."""
    kept = ChunkResult.model_validate_json(KEPT)
    assert kept.chunk == Chunk(number=0, first=1, last=9, informed_first=1, informed_last=12)
    assert isinstance(kept.figures, ImputationFigures)
    assert (kept.figures.mean_r2, kept.figures.mean_er2, kept.figures.seconds) == (0.5, None, 1.5)
    assert json.loads(kept.model_dump_json()) == json.loads(KEPT)
    assert list(json.loads(kept.model_dump_json())["figures"]) == list(json.loads(KEPT)["figures"])


def test_a_task_names_its_programs() -> None:
    told = {"minimac4": "m", "java": "", "beagle_jar": "b"}
    part = {"chromosome": "20", "contig": "20", "haplotypes": 2, "count": 1, "first": 1, "last": 9}
    paths = {"target": "t", "panel_folder": "p", "folder": "f"}
    task = PartTask.model_validate({**paths, "panel": part, "tools": told})
    assert task.tools.minimac4 == "m"
    assert json.loads(task.model_dump_json())["tools"] == told
