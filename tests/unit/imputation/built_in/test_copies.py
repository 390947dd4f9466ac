"""People of the panel come back exactly, with the model as it is; strangers are left alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.imputation.built_in.contract import KernelTask
from app.imputation.built_in.copies import FEWEST_SITES, MOST_ALIKE, Copies
from app.imputation.built_in.kernels import kernel_for
from app.imputation.built_in.stretch import PanelStretch, stretch_of
from tests.unit.imputation.built_in.invented import mosaic_task


@pytest.fixture
def case() -> tuple[KernelTask, NDArray[np.int8], NDArray[np.int8]]:
    """A panel along 6 cM, five strangers, and the panel's alleles."""
    task, strangers, _ = mosaic_task(3, 150, 3000, 6, 5)
    alleles = task.stretch.alleles(slice(None)).astype(np.int8)
    return replace(task, centimorgans=task.centimorgans * 10), strangers, alleles


def test_a_target_of_the_panel_comes_back_exactly(
    case: tuple[KernelTask, NDArray[np.int8], NDArray[np.int8]],
) -> None:
    task, strangers, panel = case
    task = replace(task, first=300, last=2700)
    chosen = panel[task.typed][:, [3, 77, 149]]
    chosen[::9, 1] = -1  # missing alleles are no difference
    targets = np.concatenate([strangers, chosen], axis=1)
    answer = kernel_for(task).impute(targets)
    blurred = answer.imputed.copy()
    copies = Copies(task, targets)
    copies.put(0, answer.imputed, answer.left_out)
    assert len(copies) == 3
    assert (answer.imputed[:, 5:] == panel[300:2700, [3, 77, 149]]).all()
    assert np.abs(blurred[:, 5:] - answer.imputed[:, 5:]).max() > 0.1
    assert (answer.imputed[:, :5] == blurred[:, :5]).all()


def test_what_is_expected_without_the_own_allele_counts_those_that_differ_there_only(
    case: tuple[KernelTask, NDArray[np.int8], NDArray[np.int8]],
) -> None:
    task, _, panel = case
    target = panel[task.typed][:, [8]]
    other = panel.copy()
    other[:, 20] = other[:, 8]
    site = int(task.typed[40])
    other[site, 20] ^= 1
    task = replace(task, stretch=_stretch(task, other))
    answer = kernel_for(task).impute(target)
    Copies(task, target).put(0, answer.imputed, answer.left_out)
    expected = target.astype(float)
    expected[40] = 0.5
    assert answer.left_out == pytest.approx(expected, abs=1e-6)
    assert answer.imputed[site] == target[40]


def test_thousandths_are_written_as_such(
    case: tuple[KernelTask, NDArray[np.int8], NDArray[np.int8]],
) -> None:
    task, _, panel = case
    twins = panel.copy()
    twins[task.typed, 9] = twins[task.typed, 8]
    task = replace(task, stretch=_stretch(task, twins))
    imputed, left_out = np.full((3000, 2), -7, np.int16), np.full((len(task.typed), 2), -7, np.int16)
    Copies(task, twins[task.typed][:, [0, 8]]).put(1, imputed, left_out)
    assert (imputed[:, 0] == 500 * (twins[:, 8].astype(int) + twins[:, 9])).all()
    assert (imputed[:, 1] == -7).all()
    assert (left_out[:, 0] == 1000 * twins[task.typed, 8].astype(int)).all()


@pytest.mark.parametrize(
    "change", ["too short", "few sites", "wide gaps", "one difference", "nothing known", "little known"]
)
def test_what_may_be_chance_does_not_count(
    change: str, case: tuple[KernelTask, NDArray[np.int8], NDArray[np.int8]]
) -> None:
    task, _, panel = case
    target = panel[task.typed][:, [8]]
    if change == "too short":
        task = replace(task, centimorgans=task.centimorgans / 4)
    elif change == "few sites":
        task, target = replace(task, typed=task.typed[::6]), target[::6]
    elif change == "wide gaps":
        steps = np.zeros(3000)
        steps[task.typed[200]] = 50.0
        task = replace(task, centimorgans=np.cumsum(steps))
    elif change == "one difference":
        panel = np.delete(panel, np.setdiff1d(np.arange(150), [8, 20]), axis=1)
        task = replace(task, stretch=_stretch(task, panel))
        target[250] ^= 1
    elif change == "little known":
        target[FEWEST_SITES - 1 :] = -1
    else:
        target[:] = -1
    assert len(Copies(task, target)) == 0


@pytest.mark.parametrize("alike", [MOST_ALIKE, MOST_ALIKE + 1])
def test_many_haplotypes_that_are_alike_are_left_to_the_model(
    alike: int, case: tuple[KernelTask, NDArray[np.int8], NDArray[np.int8]]
) -> None:
    task, _, panel = case
    panel[:, 20 : 20 + alike] = panel[:, [8]]
    panel[:, 8] ^= 1
    task = replace(task, stretch=_stretch(task, panel))
    assert len(Copies(task, panel[task.typed][:, [20]])) == (alike == MOST_ALIKE)


def test_only_columns_that_count_are_looked_at(
    case: tuple[KernelTask, NDArray[np.int8], NDArray[np.int8]],
) -> None:
    """As for haploid people, of whose two columns one is empty."""
    task, strangers, panel = case
    members = panel[task.typed][:, np.repeat([3, 77], 70)]
    targets = np.concatenate([strangers, members], axis=1)
    columns = np.arange(1, targets.shape[1], 2)
    imputed = np.full((3000, len(columns)), -7, np.int16)
    left_out = np.full((len(task.typed), len(columns)), -7, np.int16)
    copies = Copies(task, targets, columns)
    copies.put(0, imputed, left_out)
    assert len(copies) == 70
    assert (imputed[:, :2] == -7).all()
    assert (imputed[:, 2:37] == 1000 * panel[:, [3]].astype(int)).all()
    assert (imputed[:, 37:] == 1000 * panel[:, [77]].astype(int)).all()


def _stretch(task: KernelTask, alleles: NDArray[np.int8]) -> PanelStretch:
    return stretch_of(alleles, task.stretch.positions)
