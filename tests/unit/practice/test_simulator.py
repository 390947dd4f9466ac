"""The invented data: the same for the same seed, and like the data of people."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from app.genotypes.matrix import read_matrix
from app.practice.demography import out_of_africa
from app.practice.genealogy import draw_genealogy
from app.practice.simulation_files import write_simulation
from app.practice.simulator import SimulatedData, SimulationSpec, simulate

SMALL = SimulationSpec(samples=12, panel_samples=60, sites=2000, array_sites=100, seed=5)


@pytest.fixture(scope="module")
def data() -> SimulatedData:
    return simulate(SMALL)


def test_same_seed_same_bytes(data: SimulatedData, tmp_path: Path) -> None:
    one = write_simulation(data, tmp_path / "one")
    two = write_simulation(simulate(SMALL), tmp_path / "two")
    for name in ("panel", "cohort", "truth", "genetic_map", "people"):
        digests = {hashlib.sha256(getattr(each, name).read_bytes()).hexdigest() for each in (one, two)}
        assert len(digests) == 1, name


def test_another_seed_gives_other_people(data: SimulatedData) -> None:
    other = simulate(SMALL.model_copy(update={"seed": 6}))
    assert not np.array_equal(other.panel, data.panel)


def test_shapes_and_what_must_hold(data: SimulatedData) -> None:
    assert data.panel.shape == (2000, 120)
    assert data.cohort.shape == (2000, 24)
    assert (np.diff(data.positions) > 0).all()
    counts = data.panel.sum(axis=1)
    assert counts.min() >= 1
    assert counts.max() <= 119
    assert data.array_sites.sum() == 100
    assert all(ref != alt for ref, alt in zip(data.refs, data.alts, strict=True))


def test_most_variants_are_rare(data: SimulatedData) -> None:
    frequency = data.panel.mean(axis=1)
    minor = np.minimum(frequency, 1 - frequency)
    assert 0.4 < (minor < 0.05).mean() < 0.9
    assert (minor > 0.2).mean() > 0.05


def test_linkage_decays_with_distance(data: SimulatedData) -> None:
    frequency = data.panel.mean(axis=1)
    common = np.flatnonzero((frequency > 0.1) & (frequency < 0.9))
    r2 = np.corrcoef(data.panel[common].astype(float)) ** 2
    distance = np.abs(data.positions[common][:, None] - data.positions[common][None, :])
    near = r2[(distance > 0) & (distance < 2_000)].mean()
    middle = r2[(distance > 10_000) & (distance < 50_000)].mean()
    far = r2[distance > 150_000].mean()
    assert near > 0.25
    assert near > middle > far
    assert far < 0.12


def test_three_populations_differ(data: SimulatedData) -> None:
    names = np.repeat(data.panel_populations, 2)
    p, q = (data.panel[:, names == each].mean(axis=1) for each in ("north", "south"))
    fst = ((p - q) ** 2).sum() / (p * (1 - q) + q * (1 - p)).sum()
    assert 0.08 < fst < 0.35
    assert sorted(set(data.cohort_populations)) == ["east", "north", "south"]


def test_array_is_the_truth_with_few_faults(data: SimulatedData) -> None:
    truth = data.cohort[data.array_sites]
    seen = data.array[:, 0::2] + data.array[:, 1::2]
    known = data.array[:, 0::2] >= 0
    assert 0 < (~known).mean() < 0.02
    assert (seen == truth[:, 0::2] + truth[:, 1::2])[known].mean() > 0.995


def test_files_hold_what_was_made(data: SimulatedData, tmp_path: Path) -> None:
    files = write_simulation(data, tmp_path)
    panel, cohort = read_matrix(files.panel), read_matrix(files.cohort)
    assert np.array_equal(panel.haplotypes, data.panel)
    assert panel.phased.all()
    assert np.array_equal(cohort.haplotypes, data.array)
    assert not cohort.phased.all()
    assert np.array_equal(read_matrix(files.truth).haplotypes, data.cohort)


def test_newer_build_has_the_prefix() -> None:
    spec = SMALL.model_copy(update={"build": "GRCh38"})
    assert spec.contig == "chr20"


def test_every_tree_is_a_tree() -> None:
    populations = np.repeat(np.arange(3), 8)
    genealogy = draw_genealogy(populations, out_of_africa(), 0.005, np.random.default_rng(2))
    tree = genealogy.first
    assert len(genealogy.changes) > 30
    for change, length in zip(genealogy.changes, genealogy.lengths[1:].tolist(), strict=True):
        tree.apply(change)
        assert sorted(tree.below(tree.top)) == list(range(24))
        inner = tree.parent >= 0
        assert (tree.time[tree.parent[inner]] >= tree.time[inner]).all()
        assert np.isclose(tree.length.sum(), length)


def test_lineages_of_two_populations_meet_only_after_the_split() -> None:
    history = out_of_africa()
    genealogy = draw_genealogy(np.repeat(np.arange(3), 10), history, 0.004, np.random.default_rng(4))
    tree = genealogy.first
    for change in genealogy.changes:
        tree.apply(change)
        for node in range(30, 59):
            groups = {leaf // 10 for leaf in tree.below(node)}
            if len(groups) > 1:
                oldest = max(history.joined[a, b] for a in groups for b in groups)
                assert tree.time[node] >= oldest
