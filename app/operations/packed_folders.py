"""The packed genotypes that the last check of a dataset left, while they are those of its files."""

from __future__ import annotations

from pathlib import Path

from app.domain.dataset import Dataset
from app.operations.add_dataset import data_files
from app.operations.cohort_folder import cohort_folder
from app.operations.desk import Desk


def packed_folders(desk: Desk, dataset: Dataset) -> tuple[str, ...]:
    """Their folders; none when a file has changed since, or was never read. Blocks: it looks at the files."""
    if data_files(tuple(Path(each.path) for each in dataset.files)) != dataset.files:
        return ()
    root = cohort_folder(desk, dataset.id)
    folders = sorted(root.iterdir(), key=lambda each: (len(each.name), each.name)) if root.is_dir() else []
    return tuple(str(each) for each in folders if (each / "cohort.json").is_file())
