"""Phasing against simulated truth."""

import numpy as np
from numpy.typing import NDArray

from app.imputation.phasing import phase
from app.practice.simulator import SimulatedData
from tests.helpers.switches import switch_errors


def typed(cohort: SimulatedData) -> tuple[NDArray[np.uint8], NDArray[np.int8], NDArray[np.float64]]:
    first, second = cohort.array[:, 0::2], cohort.array[:, 1::2]
    counts = np.where(first < 0, -1, first + second).astype(np.int8)
    where = cohort.array_sites
    return cohort.panel[where], counts, cohort.genetic_map.at(cohort.positions[where])


def test_few_switches_are_wrong(cohort: SimulatedData) -> None:
    panel, counts, centimorgans = typed(cohort)
    phased = phase(panel, counts, centimorgans)
    truth = cohort.cohort[cohort.array_sites].astype(np.int8)
    truth[np.repeat(counts < 0, 2, axis=1)] = -1
    assert (switch_errors(truth, phased).rate or 0) < 0.05


def test_genotypes_are_kept_and_missing_ones_filled(cohort: SimulatedData) -> None:
    panel, counts, centimorgans = typed(cohort)
    phased = phase(panel, counts, centimorgans)
    back = phased[:, 0::2] + phased[:, 1::2]
    known = counts >= 0
    assert (back[known] == counts[known]).all()
    assert set(np.unique(phased)) <= {0, 1}
    truth = cohort.cohort[cohort.array_sites]
    right = (back == truth[:, 0::2] + truth[:, 1::2])[~known]
    assert right.mean() > 0.85


def test_same_answer_twice_and_person_by_person(cohort: SimulatedData) -> None:
    panel, counts, centimorgans = typed(cohort)
    together = phase(panel, counts[:, :3], centimorgans)
    assert np.array_equal(together, phase(panel, counts[:, :3], centimorgans))
    alone = phase(panel, counts[:, :1], centimorgans)
    assert (alone.sum(axis=1) == together[:, :2].sum(axis=1)).all()


def test_one_site() -> None:
    panel = np.array([[0, 1, 1]], dtype=np.int8)
    counts = np.array([[1, 2, -1]], dtype=np.int8)
    phased = phase(panel, counts, np.array([0.0]))
    assert phased[0, :4].tolist() in ([1, 0, 1, 1], [0, 1, 1, 1])
    assert phased[0, 4:].tolist() == [1, 1]
