"""A small invented cohort on disk, made once for all tests of imputation."""

from pathlib import Path

import pytest

from app.practice.simulation_files import SimulatedFiles, write_simulation
from app.practice.simulator import SimulatedData, SimulationSpec, simulate


@pytest.fixture(scope="session")
def cohort() -> SimulatedData:
    return simulate(SimulationSpec(samples=15, panel_samples=150, sites=3000, array_sites=150, seed=3))


@pytest.fixture(scope="session")
def cohort_files(cohort: SimulatedData, tmp_path_factory: pytest.TempPathFactory) -> SimulatedFiles:
    return write_simulation(cohort, tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="session")
def phased_files(tmp_path_factory: pytest.TempPathFactory) -> SimulatedFiles:
    """The same people, phased and without missing genotypes."""
    spec = SimulationSpec(
        samples=15, panel_samples=150, sites=3000, array_sites=150, seed=3, phased=True, missing=0.0
    )
    folder: Path = tmp_path_factory.mktemp("phased")
    return write_simulation(simulate(spec), folder)
