"""The kernel in PyTorch on the processor, in a process of an interpreter that has it (Debian's, on Linux)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.imputation.built_in import card_or_processor, kernels, torch_kernel
from app.imputation.built_in.choice import KernelChoice
from app.imputation.built_in.contract import (
    CardKernel,
    GraphicsCardError,
    KernelAnswer,
    KernelTask,
    RoundedAnswer,
)
from app.imputation.dosage_cells import thousandths
from tests.unit.imputation.built_in.invented import mosaic_task, noise_task, twins_task
from tests.unit.imputation.built_in.whole_chain import whole_chain

ROOT = Path(__file__).resolve().parents[4]
RUN = """
import sys
import numpy as np
from app.imputation.built_in.contract import GraphicsCardError, KernelAnswer, KernelTask
from app.imputation.built_in.model import Model
from app.imputation.built_in.stretch import stretch_of
from app.imputation.built_in.torch_kernel import TorchKernel

given, made = np.load(sys.argv[1]), {}
for case in sorted({name.split(".")[0] for name in given}):
    panel, typed, places, targets, (size, error), (first, last) = (
        given[f"{case}.{part}"] for part in ("panel", "typed", "places", "targets", "model", "wanted")
    )
    stretch, model = stretch_of(panel, np.arange(len(panel))), Model(float(size), float(error))
    task = KernelTask(stretch, typed, places, model, int(first), int(last))
    kernel = TorchKernel(task, "cpu")
    whole = kernel.impute(targets)
    kernel.block, kernel.width = 7, 5
    parts = kernel.impute(targets)
    rounded = kernel.impute_thousandths(targets)
    made[f"{case}.rounded"], made[f"{case}.rounded_left_out"] = rounded.imputed, rounded.left_out
    made[f"{case}.imputed"], made[f"{case}.left_out"] = whole.imputed, whole.left_out
    made[f"{case}.imputed_parts"], made[f"{case}.left_out_parts"] = parts.imputed, parts.left_out
def full(targets):
    raise RuntimeError("CUDA out of memory")
kernel.on_card, kernel.width = full, 64
try:
    kernel.impute(targets)
except GraphicsCardError as error:
    made["words"] = np.array(str(error))
np.savez(sys.argv[2], **made)
"""


def with_torch() -> str | None:
    """An interpreter that has PyTorch."""
    for python in (sys.executable, shutil.which("python3", path=os.defpath)):
        if (
            python
            and not subprocess.run([python, "-c", "import torch, numpy"], capture_output=True).returncode
        ):
            return python
    return None


Arrays = dict[str, NDArray[Any]]


def cases() -> dict[str, tuple[KernelTask, NDArray[np.int8]]]:
    """By name; several blocks of typed sites in some, and sites that are not wanted."""
    nothing, alleles = noise_task(6, 30, 60, 12, 4)
    return {
        "noise": noise_task(2, 67, 100, 24, 6),
        "a part": noise_task(3, 40, 100, 24, 4),
        "all typed": noise_task(4, 20, 30, 30, 3),
        "one of all": noise_task(8, 1, 20, 1, 1),
        "mosaics": mosaic_task(1, 90, 100, 4, 6)[:2],
        "nothing known": (nothing, np.full_like(alleles, -1)),
        "many haplotypes": twins_task(11, 20_000, 60, 15),
    }


def written(task: KernelTask, targets: NDArray[np.int8]) -> Arrays:
    """A task in plain arrays."""
    return {
        "panel": task.stretch.alleles(slice(None)),
        "typed": task.typed,
        "places": task.centimorgans,
        "targets": targets,
        "model": np.array([task.model.effective_size, task.model.error]),
        "wanted": np.array([task.first, task.last]),
    }


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    """Those of the kernel for all cases."""
    python = with_torch()
    if python is None:
        pytest.skip("no interpreter here has PyTorch (Debian: python3-torch)")
    folder = tmp_path_factory.mktemp("torch")
    given: dict[str, Any] = {
        f"{name}.{part}": array for name, case in cases().items() for part, array in written(*case).items()
    }
    np.savez(folder / "given.npz", **given)
    command = [python, "-c", RUN, str(folder / "given.npz"), str(folder / "made.npz")]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    with np.load(folder / "made.npz") as made:
        return dict(made)


@pytest.mark.parametrize("name", list(cases()))
def test_gives_the_exact_answer(answers: Arrays, name: str) -> None:
    task, targets = cases()[name]
    imputed, left_out = whole_chain(task, targets)
    for way in ("", "_parts"):
        np.testing.assert_allclose(
            answers[f"{name}.imputed{way}"], imputed[task.first : task.last], rtol=0, atol=1e-5
        )
        np.testing.assert_allclose(answers[f"{name}.left_out{way}"], left_out, rtol=0, atol=1e-5)
    for rounded, exact in (("rounded", "imputed_parts"), ("rounded_left_out", "left_out_parts")):
        expected = thousandths(np.asarray(answers[f"{name}.{exact}"], dtype=np.float32))
        np.testing.assert_array_equal(answers[f"{name}.{rounded}"], expected)


def test_says_what_to_do_when_the_card_is_full(answers: Arrays) -> None:
    assert "too little free memory for a panel of" in str(answers["words"])
    assert "choose the processor" in str(answers["words"])


def test_says_what_to_do_without_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_kernel, "torch_device", lambda: None)
    task, _ = noise_task(2, 10, 20, 5, 1)
    with pytest.raises(GraphicsCardError, match="Choose the processor"):
        torch_kernel.TorchKernel(task)


class FullCard:
    """A card whose memory is used up."""

    width = least = 64

    def __init__(self, task: KernelTask) -> None:
        self.task = task

    def impute(self, targets: NDArray[np.int8]) -> KernelAnswer:
        raise GraphicsCardError("The card is full.")

    def impute_thousandths(self, targets: NDArray[np.int8]) -> RoundedAnswer:
        raise GraphicsCardError("The card is full.")


def test_goes_on_with_the_processor_when_the_card_is_full(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(card_or_processor, "TorchKernel", FullCard)
    task, targets = noise_task(2, 10, 20, 5, 3)
    usual = kernels.kernel_for(task, KernelChoice.AUTOMATIC).impute(targets)
    kernel = kernels.kernel_for(task, KernelChoice.CARD)
    assert isinstance(kernel, CardKernel)
    with caplog.at_level("WARNING"):
        rounded = kernel.impute_thousandths(targets)
    made = kernel.impute(targets)
    assert "The card is full. The processor goes on." in caplog.text
    caplog.clear()
    np.testing.assert_array_equal(made.imputed, usual.imputed)
    np.testing.assert_array_equal(rounded.imputed, thousandths(usual.imputed))
    np.testing.assert_array_equal(rounded.left_out, thousandths(usual.left_out))
