"""From file to files by PyTorch, in a process of an interpreter that has it, on its processor."""

import json
import os
import pickle
import subprocess
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.domain.problem import ProblemError
from app.genotypes.bgzf import read_lines
from app.imputation.built_in import torch_kernel
from app.imputation.built_in.choice import KernelChoice
from app.imputation.contract import ImputationRequest
from app.imputation.kernel_choice import refuse_absent_kernel
from app.imputation.run import impute_files
from app.practice.simulation_files import SimulatedFiles
from tests.unit.imputation.built_in.test_torch_kernel import ROOT, with_torch

NEEDED = ("deflate",)
RUN = """
import json, pickle, sys
import numpy as np
if not hasattr(np, "bitwise_count"):  # NumPy 1, for which the PyTorch of Debian 12 was built
    ones = np.array([each.bit_count() for each in range(256)], dtype=np.uint8)
    np.bitwise_count = lambda octets: ones[octets]
from app.imputation.built_in import torch_kernel
torch_kernel.torch_device = lambda: "cpu"
torch_kernel.MOST_TARGETS = 8
from app.imputation.kernel_choice import kernel_versions
from app.imputation.run import impute_files
request = pickle.loads(bytes.fromhex(sys.argv[1]))
made = impute_files(request)
print(json.dumps([made.figures.kernel, kernel_versions(request.kernel)]))
"""


def libraries(folder: Path) -> Path:
    """Ours that the other interpreter lacks; not NumPy, which its PyTorch was built for."""
    for name in NEEDED:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        place = Path(spec.origin)
        place = place.parent if place.name == "__init__.py" else place
        (folder / place.name).symlink_to(place)
    return folder


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """An interpreter with PyTorch that can run the engine, and its environment."""
    python = with_torch()
    if python is None:
        pytest.skip("no interpreter here has PyTorch (Debian: python3-torch)")
    paths = [str(ROOT), str(libraries(tmp_path_factory.mktemp("libraries")))]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    usable = "import deflate, app.imputation.run"
    if subprocess.run([python, "-c", usable], env=env, capture_output=True).returncode:
        pytest.skip("the interpreter with PyTorch is of another version than ours")
    return python, env


def dosages(path: Path) -> list[tuple[str, list[int]]]:
    """What comes before INFO, and haploid dosages in thousandths, of each record."""
    found = []
    for line in read_lines(path):
        if not line.startswith(b"#"):
            fixed = line.decode().split("\t")
            pairs = [each.split(":")[2].split(",") for each in fixed[9:]]
            found.append(("\t".join(fixed[:7]), [round(1000 * float(one)) for pair in pairs for one in pair]))
    return found


def test_a_card_gives_what_the_processor_gives(
    other: tuple[str, dict[str, str]], phased_files: SimulatedFiles, tmp_path: Path
) -> None:
    files = phased_files
    usual = ImputationRequest(
        panel_vcf=files.panel, target_vcf=files.cohort, out_dir=tmp_path / "usual", chromosome="20"
    )
    card = replace(usual, out_dir=tmp_path / "card", kernel=KernelChoice.CARD, threads=3)
    python, env = other
    done = subprocess.run(
        [python, "-c", RUN, pickle.dumps(card).hex()], env=env, capture_output=True, text=True, check=True
    )
    kernel, versions = json.loads(done.stdout)
    assert kernel == "card"
    assert versions["graphics card"] == "cpu"
    assert versions["pytorch"]
    for expected, made in zip(
        dosages(impute_files(usual).dose), dosages(tmp_path / "card" / "chr20.dose.vcf.gz"), strict=True
    ):
        assert made[0] == expected[0]
        assert max(abs(a - b) for a, b in zip(made[1], expected[1], strict=True)) <= 1


def test_a_missing_card_is_told_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch_kernel, "absent_card", lambda: "PyTorch is not installed.")
    nothing = ImputationRequest(
        panel_vcf=tmp_path / "no panel",
        target_vcf=tmp_path / "no target",
        out_dir=tmp_path / "out",
        chromosome="20",
        kernel=KernelChoice.CARD,
    )
    with pytest.raises(ProblemError, match=r"PyTorch is not installed\. Choose the processor"):
        impute_files(nothing)
    assert not (tmp_path / "out").exists()


def test_a_kernel_that_was_not_built_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.imputation.built_in.kernels.vector_units", list)
    with pytest.raises(ProblemError, match="was not built"):
        refuse_absent_kernel(KernelChoice.C)
    refuse_absent_kernel(KernelChoice.AUTOMATIC)
