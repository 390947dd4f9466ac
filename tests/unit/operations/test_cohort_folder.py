"""Where packed genotypes lie, and that nothing of a dataset that is gone stays."""

import asyncio
from pathlib import Path

from app.domain.changes import Noun
from app.genotypes.figures import Figures, save_figures
from app.operations.add_dataset import add_dataset, remove_dataset
from app.operations.cohort_folder import cohort_folder, dataset_figures, tidy_cohorts
from app.operations.desk import Desk


def test_a_dataset_without_a_check_has_no_figures(desk: Desk) -> None:
    assert asyncio.run(dataset_figures(desk, "data-1")) is None


def test_unreadable_figures_are_no_figures(desk: Desk) -> None:
    folder = cohort_folder(desk, "data-1")
    folder.mkdir(parents=True)
    save_figures(folder, Figures())
    assert asyncio.run(dataset_figures(desk, "data-1")) is not None
    (folder / "figures.npz").write_bytes(b"PK damaged")
    assert asyncio.run(dataset_figures(desk, "data-1")) is None


def test_packed_genotypes_go_with_their_dataset(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(b"##fileformat=VCFv4.2\n")
    kept, gone = (asyncio.run(add_dataset(desk, (path,))).ids(Noun.DATASET)[0] for _ in range(2))
    for name in (kept, gone, "data-unknown"):
        cohort_folder(desk, name).mkdir(parents=True)
    asyncio.run(remove_dataset(desk, gone))
    assert not cohort_folder(desk, gone).exists()
    asyncio.run(tidy_cohorts(desk))
    assert cohort_folder(desk, kept).exists()
    assert not cohort_folder(desk, "data-unknown").exists()
