"""What a dataset and its files are called in a report: they may be named after the one person in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from app.domain.dataset import DataFile, Dataset
from app.genotypes.readers.opening import CONSUMER_FORMATS
from app.genotypes.reporting.hiding import Hiding

NEUTRAL = "Dataset"
_ENDINGS = re.compile(r"(\.\w{1,12})+$")


class ShownNames:
    """`title` of a dataset and names of its files by their paths.

    Files of genetic tests are named after a person, and so are those with one sample or with a sample's name
    in their own; without names they are numbered. `hidden` are the words that would tell all the same.
    """

    def __init__(self, dataset: Dataset, hiding: Hiding) -> None:
        facts = {each.path: each.format for each in dataset.report.files} if dataset.report else {}
        told = [] if hiding.off else [each for each in dataset.files if _tells(each, dataset, facts, hiding)]
        numbers = {file.path: number for number, file in enumerate(dataset.files, start=1)}
        self._files: Mapping[str, str] = {each.path: f"file {numbers[each.path]}" for each in told}
        self.title = NEUTRAL if told or hiding.text(dataset.name) != dataset.name else dataset.name
        self.hidden = frozenset(_words(told, dataset.name if told else ""))

    def file(self, path: str, name: str = "") -> str:
        """The name of a file."""
        return self._files.get(path) or name or PurePath(path).name


def _tells(file: DataFile, dataset: Dataset, facts: Mapping[str, str], hiding: Hiding) -> bool:
    people = dataset.report.samples if dataset.report else 0
    return people <= 1 or facts.get(file.path, "") in CONSUMER_FORMATS or hiding.text(file.name) != file.name


def _words(files: list[DataFile], title: str) -> Iterator[str]:
    """Names of files with and without their endings."""
    for each in files:
        yield each.name
        yield _ENDINGS.sub("", each.name)
    if title:
        yield title
